/** Percentiles of durations. Pure. */

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** The smallest value that so many of a hundred values do not pass (nearest rank); NaN of nothing. */
export const percentile = (sorted: ArrayLike<number>, percent: number): number =>
  sorted.length === 0 ? Number.NaN : sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;

export const percentilesOf = (values: readonly number[]): Percentiles => {
  const sorted = Float64Array.from(values).sort();
  return { p50: percentile(sorted, 50), p99: percentile(sorted, 99) };
};
