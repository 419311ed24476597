/**
 * Whether a second place may be started beside the first when no token came, and when.
 *
 * A hedge doubles the work and shows the content to one place more, so it only ever goes to a later step of the same
 * route that needs no consent and costs nothing, at another endpoint. Embeddings are never hedged: they come whole, in
 * about the time that their length takes, and a second place would only do the same work again.
 */
import type { Route, RoutePolicy } from './route.js';

export interface Hedge {
  /** Index into the route's steps, greater than that of the running one. */
  readonly stepIndex: number;
  /** After the start of the running step, if no token came by then. */
  readonly afterMs: number;
}

/**
 * The first later step that is allowed; null where there is none or where it could not help: the wait reaches the first
 * token's timeout or the end of the time, or the step's own expected first token falls beyond that end.
 */
export const hedgeDelay = ({
  route,
  stepIndex,
  policy,
  remainingMs,
}: {
  readonly route: Route;
  /** Of the running step. */
  readonly stepIndex: number;
  readonly policy: Pick<RoutePolicy, 'hedgeAfterMs' | 'timeouts'>;
  /** Until the request's deadline or total timeout, from the running step's start; Infinity for neither. */
  readonly remainingMs: number;
}): Hedge | null => {
  const running = route.steps[stepIndex];
  const afterMs = policy.hedgeAfterMs;
  if (running === undefined || afterMs === null || route.request.operation === 'embedding') return null;
  if (!(afterMs < Math.min(remainingMs, policy.timeouts.firstTokenMs))) return null;
  const index = route.steps.findIndex(
    ({ candidate, needsConsent, worstCostNanoUsd, expectedTtftMs }, at) =>
      at > stepIndex &&
      !needsConsent &&
      worstCostNanoUsd === 0 &&
      candidate.circuit === 'closed' &&
      (candidate.tier !== running.candidate.tier || candidate.endpoint !== running.candidate.endpoint) &&
      afterMs + (expectedTtftMs ?? 0) < remainingMs,
  );
  return index < 0 ? null : { stepIndex: index, afterMs };
};
