/**
 * One try at one place, up to the point where it is clear what it is: an answer that has begun, a hand-over, or nothing.
 *
 * Until then no event has been passed on, so that another place may still take over unseen. Knows no policy.
 */
import { handOverOf } from '../route/hand-over.js';
import type { ChatEvent } from '../tiers/tier.js';

/** An answer whose first content is there: `held` so far, the rest from `rest`. */
export interface Answering {
  readonly type: 'answering';
  readonly held: readonly ChatEvent[];
  readonly rest: AsyncIterator<ChatEvent>;
}

/** An answer that is whole already. */
export interface Answered {
  readonly type: 'answered';
  readonly held: readonly ChatEvent[];
}

/** The model said that the request is not its own, or was less sure of a call than the line asks. */
export interface HandedOver {
  readonly type: 'handed-over';
  readonly confidence: number | null;
  /** What to say where no other place can answer. */
  readonly held: readonly ChatEvent[];
}

export type Opening = Answering | Answered | HandedOver;

export interface OpenOptions {
  /** The model judges itself: its answer is looked at whole before any of it counts. */
  readonly handsOver: boolean;
  /** Calls that the model is less sure of than this are handed over too, 0 to 1. */
  readonly confidenceLine: number;
}

const isContent = (event: ChatEvent): boolean =>
  event.type === 'text' ? event.text !== '' : event.type === 'reasoning' || event.type === 'tool-call';

/** An answer that ends without its end event is none: the stream broke. */
export class UnfinishedAnswer extends Error {
  constructor() {
    super('The answer ended without saying that it was whole');
    this.name = 'UnfinishedAnswer';
  }
}

/**
 * Reads events until it is clear what they are, and leaves those that are read to their end: a place counts a request as
 * running until then. Rejects with what the place throws, or UnfinishedAnswer.
 */
export const openAttempt = async (events: AsyncIterable<ChatEvent>, options: OpenOptions): Promise<Opening> => {
  const rest = events[Symbol.asyncIterator]();
  const held: ChatEvent[] = [];
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) throw new UnfinishedAnswer();
    held.push(value);
    if (value.type === 'end') {
      await rest.return?.();
      const handOver = options.handsOver ? handOverOf(value, options) : null;
      return handOver === null
        ? { type: 'answered', held }
        : { type: 'handed-over', confidence: handOver.confidence, held };
    }
    if (!options.handsOver && isContent(value)) return { type: 'answering', held, rest };
  }
};
