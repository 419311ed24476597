/**
 * Medians, spreads and rows out of measured figures. Pure; measures nothing.
 */
import type { BenchRow, Side, Spread, Target } from './bench.js';

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[half]!;
  return sorted.length === 0 ? Number.NaN : (sorted[half - 1]! + sorted[half]!) / 2;
};

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Five significant digits, which is more than any bench here can tell apart. */
const rounded = (value: number): number => Number(value.toPrecision(5));

const sideOf = (name: string, values: readonly number[]): Side => ({
  name,
  median: rounded(median(values)),
  values: values.map(rounded),
});

const isReached = (value: number, target: Target): boolean =>
  target.bound === 'at-least' ? value >= target.value : value <= target.value;

export interface RowInput {
  readonly what: string;
  readonly unit: BenchRow['unit'];
  readonly ours: { readonly name: string; readonly values: readonly number[] };
  readonly other?: { readonly name: string; readonly values: readonly number[] };
  readonly target?: Target;
}

/**
 * A row of figures taken in rounds; `ours.values[i]` and `other.values[i]` are of one round, so that what disturbs both
 * cancels in their ratio. Throws RangeError where they are not pairs, or where one is no positive number.
 */
export const createRow = ({ what, unit, ours, other, target }: RowInput): BenchRow => {
  for (const { name, values } of other === undefined ? [ours] : [ours, other]) {
    if (values.length === 0 || values.length !== ours.values.length)
      throw new RangeError(`Cannot compare "${what}": ${name} has ${values.length} figures of ${ours.values.length}.`);
    const bad = values.find((value) => !(value > 0 && Number.isFinite(value)));
    if (bad !== undefined) throw new RangeError(`Cannot compare "${what}": ${name} measured ${bad} ${unit}.`);
  }
  const ratios = other === undefined ? null : spreadOf(ours.values.map((value, index) => value / other.values[index]!));
  const judged = target === undefined ? null : target.on === 'median' ? median(ours.values) : (ratios?.median ?? null);
  return {
    what,
    unit,
    ours: sideOf(ours.name, ours.values),
    other: other === undefined ? null : sideOf(other.name, other.values),
    ratio:
      ratios === null ? null : { median: rounded(ratios.median), min: rounded(ratios.min), max: rounded(ratios.max) },
    target: target ?? null,
    reached: target === undefined || judged === null ? null : isReached(judged, target),
  };
};
