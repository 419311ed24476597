/**
 * What happens after a try that was no success: the same place again, the next one, or the end.
 *
 * Only steps of the route are ever reached from here, so nothing goes beyond the request's reach. An answer of which
 * something went out is never begun anew: it is taken up by the next place where that is possible, or it is cut.
 */
import type { AfterFailure, RoutePolicy, TryFailure } from './route.js';

export interface TryState {
  /** Tries at this step so far, the failed one included: 1 or more. */
  readonly tries: number;
  /** Steps of the route behind this one. */
  readonly stepsLeft: number;
  /** Until the request's deadline or total timeout, whichever is first; Infinity for neither. */
  readonly remainingMs: number;
  /** The next step can take up the text that went out already, and needs no consent for it. */
  readonly canContinue: boolean;
  readonly retries: RoutePolicy['retries'];
}

/** Waiting times before the first further try and at most; a longer Retry-After is not waited for. */
export const backoff = { baseMs: 250, capMs: 8_000 } as const;

/**
 * Exponential backoff with full jitter: random * min(cap, base * 2^(tries - 1)), on top of what the endpoint asked for
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). `random` is in [0, 1).
 */
const waitBefore = (
  { tries, retryAfterMs }: { tries: number; retryAfterMs: number | null },
  random: number,
): number => {
  const ceilingMs = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, tries - 1));
  return Math.max(0, retryAfterMs ?? 0) + Math.round(Math.min(Math.max(random, 0), 1) * ceilingMs);
};

/**
 * - A model that handed the request over, or a try that failed for good: the next step.
 * - A retryable failure: the same step again, at most `retries` times, where the wait ends before the time is over and
 *   no Retry-After beyond `backoff.capMs` was asked for; otherwise the next step.
 * - An answer that started: the next step only where it can continue, never the same one.
 */
export const afterFailure = (state: TryState, failure: TryFailure, random: number): AfterFailure => {
  if (!(state.remainingMs > 0)) return { type: 'give-up' };
  const next: AfterFailure = state.stepsLeft > 0 ? { type: 'next' } : { type: 'give-up' };
  switch (failure.type) {
    case 'handed-over':
      return next;
    case 'failed': {
      if (failure.answerStarted) return state.canContinue ? next : { type: 'give-up' };
      if (!failure.retryable || !(state.tries <= state.retries)) return next;
      if ((failure.retryAfterMs ?? 0) > backoff.capMs) return next;
      const afterMs = waitBefore({ tries: state.tries, retryAfterMs: failure.retryAfterMs }, random);
      return afterMs < state.remainingMs ? { type: 'retry', afterMs } : next;
    }
    default:
      return failure satisfies never;
  }
};
