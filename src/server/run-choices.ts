/**
 * Runs the choices of one request side by side, each a stream of tier events, and hands every event on in order.
 * One that fails ends them all. Knows no wire format.
 */
import type { ChatEvent } from '../tiers/tier.js';
import type { RequestScope } from './request-scope.js';
import { ServerError } from './server-error.js';
import type { EndEvent } from './usage.js';

export type ContentEvent = Exclude<ChatEvent, { type: 'end' }>;

export interface ChoiceSink {
  /** Called for each event but the end; a promise makes the choice wait before it pulls the next. */
  onEvent(event: ContentEvent, choice: number): Promise<void> | undefined;
  onEnd?(event: EndEvent, choice: number): void;
}

/**
 * Resolves with the end events in the order of the choices; rejects with the first failure, the scope's reason when it
 * was aborted. A choice that ends without an end event is a failure: a broken answer is never taken for a whole one.
 */
export const runChoices = async (
  scope: RequestScope,
  streams: readonly ((signal: AbortSignal) => AsyncIterable<ChatEvent>)[],
  sink: ChoiceSink,
): Promise<EndEvent[]> => {
  // One signal for the choices among themselves and the scope: a lone choice needs no second one.
  const own = streams.length > 1 ? new AbortController() : null;
  const signal = own === null ? scope.signal : AbortSignal.any([scope.signal, own.signal]);

  const runChoice = async (choice: number): Promise<EndEvent> => {
    let end: EndEvent | null = null;
    for await (const event of streams[choice]!(signal)) {
      if (event.type === 'end') {
        end = event;
        sink.onEnd?.(event, choice);
      } else {
        const wait = sink.onEvent(event, choice);
        if (wait !== undefined) await wait;
      }
      // A tier that is slow to notice gets no second event through.
      if (signal.aborted) throw scope.causeOf(signal.reason);
    }
    if (end === null)
      throw new ServerError('internal', 'The answer broke off: its stream ended without saying that it was whole');
    return end;
  };

  let failure: { readonly error: unknown } | null = null;
  const ends = await Promise.all(
    streams.map((_, choice) =>
      runChoice(choice).catch((error: unknown) => {
        failure ??= { error };
        own?.abort(error);
        return null;
      }),
    ),
  );
  if (failure !== null) throw scope.causeOf((failure as { error: unknown }).error);
  return ends as EndEvent[];
};
