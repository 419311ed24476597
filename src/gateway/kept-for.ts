/** A value that is worked out again only after a while. */

/** Lists of models with their prices, which change by the day. */
export const modelsKeptMs = 1_000;

/** Calls `make` at most once in `keptMs`, of a clock that does not jump. */
export const keptFor = <Value>(
  keptMs: number,
  make: () => Value,
  clock: () => number = () => performance.now(),
): (() => Value) => {
  let kept: { readonly value: Value; readonly untilMs: number } | null = null;
  return () => {
    const nowMs = clock();
    if (kept === null || nowMs >= kept.untilMs) kept = { value: make(), untilMs: nowMs + keptMs };
    return kept.value;
  };
};
