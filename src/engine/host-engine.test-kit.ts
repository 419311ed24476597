/**
 * What the tests of the host engine share: reading streams, and telling errors.
 */
import type { GenerateEvent, GenerateRequest } from './engine.js';
import { EngineError } from './engine-error.js';
import type { HostEngine } from './host-engine.js';

export interface Answer {
  readonly text: string;
  readonly tokens: number[];
  readonly events: GenerateEvent[];
  readonly end: Extract<GenerateEvent, { type: 'end' }>;
  readonly cachedTokens: number;
}

/** Reads an answer to its end. */
export const answer = async (engine: HostEngine, request: GenerateRequest, signal?: AbortSignal): Promise<Answer> => {
  const events: GenerateEvent[] = [];
  for await (const event of engine.generate(request, signal === undefined ? {} : { signal })) events.push(event);
  const texts = events.filter((event) => event.type === 'text');
  const start = events.find((event) => event.type === 'start');
  return {
    text: texts.map(({ text }) => text).join(''),
    tokens: texts.flatMap(({ tokens }) => tokens),
    events,
    end: events.at(-1) as Answer['end'],
    cachedTokens: start?.cachedTokens ?? -1,
  };
};

/** The code of the EngineError that this fails with. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof EngineError ? error.code : `not an EngineError: ${String(error)}`),
  );

/** Waits until it is true; fails after ten seconds. */
export const until = async (truth: () => boolean): Promise<void> => {
  const startMs = performance.now();
  while (!truth()) {
    if (performance.now() - startMs > 10_000) throw new Error('it did not become true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** `count` words, different for each salt. */
export const words = (count: number, salt = ''): string =>
  Array.from({ length: count }, (_, index) => `${salt}${(index * 31) % 97}`).join(' ');
