/**
 * When an answer of a model that judges itself is not taken, and the request goes on to the next place. Pure.
 *
 * It can only tell at the answer's end: whoever runs a candidate with `handsOver` holds its answer back until then.
 */
import type { RoutePolicy, TryFailure } from './route.js';

/**
 * The failure that an answer's end amounts to; null where the answer stands. A model that says `overflow` is believed,
 * and so is one that is less sure of its answer than the policy's line. Models that say nothing of it never hand over.
 */
export const handOverOf = (
  end: { readonly overflow?: boolean; readonly confidence?: number },
  { confidenceLine }: Pick<RoutePolicy, 'confidenceLine'>,
): (TryFailure & { readonly type: 'handed-over' }) | null => {
  const { overflow, confidence } = end;
  const unsure = confidence !== undefined && !(confidence >= confidenceLine);
  return overflow === true || unsure ? { type: 'handed-over', confidence: confidence ?? null } : null;
};
