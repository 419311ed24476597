/**
 * Events on their way to the other process: those of a few fast steps go together, and successive texts of one answer
 * become one.
 *
 * Waking the other process costs more than a step of a small model. What somebody waits for (a start, a first token, an
 * end, an error) goes at once. Has no timer: whoever makes steps asks after each of them.
 */
import type { TokenLogprobs } from '../engine.js';
import type { WireEvent } from './protocol.js';

/** The last text event of one answer, as long as it is not sent. */
export interface OpenText {
  event: ['text', id: number, text: string, tokens: number[], logprobs?: TokenLogprobs[]];
  batch: number;
}

export interface Outbox {
  readonly events: readonly WireEvent[];
  /** Adds an event that should not wait. */
  push(event: WireEvent): void;
  /** Adds text; returns what to pass as `open` the next time. */
  pushText(
    id: number,
    text: string,
    part: {
      readonly tokens: readonly number[];
      readonly logprobs: readonly TokenLogprobs[] | null;
      open: OpenText | null;
    },
  ): OpenText;
  /** True when it is time to send: something urgent, or something that has waited long enough. */
  isDue(nowMs: number): boolean;
  /** Hands out the events and starts anew. */
  take(nowMs: number): readonly WireEvent[];
}

/**
 * Longest that text waits, counted from the last sending. Steps that take longer send each token by itself; the server
 * joins what comes closer than its own window (flush-clock.ts) anyway, so that less would only wake it more often.
 */
const longestMs = 12;

export const createOutbox = (): Outbox => {
  let events: WireEvent[] = [];
  let urgent = false;
  let batch = 0;
  let sentMs = 0;
  return {
    get events() {
      return events;
    },
    push(event) {
      events.push(event);
      urgent = true;
    },
    pushText(id, text, { tokens, logprobs, open }) {
      if (open !== null && open.batch === batch) {
        const { event } = open;
        event[2] += text;
        for (const token of tokens) event[3].push(token);
        if (logprobs !== null) event[4] = [...(event[4] ?? []), ...logprobs];
        return open;
      }
      // The first text of an answer is what its reader waits for.
      if (open === null) urgent = true;
      const event: OpenText['event'] =
        logprobs === null ? ['text', id, text, [...tokens]] : ['text', id, text, [...tokens], [...logprobs]];
      events.push(event);
      return { event, batch };
    },
    isDue: (nowMs) => urgent || (events.length > 0 && nowMs - sentMs >= longestMs),
    take(nowMs) {
      const taken = events;
      events = [];
      urgent = false;
      batch++;
      sentMs = nowMs;
      return taken;
    },
  };
};
