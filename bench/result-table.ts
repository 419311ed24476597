/**
 * Results as table rows, for the terminal and for documents alike. Pure; knows no file.
 */
import type { BenchResult, BenchRow, Side, Spread, Target } from './bench.js';

const format = (value: number, unit: BenchRow['unit']): string => {
  const digits =
    unit === 'tokens/s' || unit === 'requests/s' || value >= 100 ? (value >= 100 ? 0 : 1) : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
};

const formatRatio = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2);

const sideCell = (side: Side | null, unit: BenchRow['unit']): string =>
  side === null ? '' : `${side.name} ${format(side.median, unit)} ${unit}`;

/** `0.97 (0.95..0.99)`: median and extremes over the rounds. */
export const ratioCell = (ratio: Spread | null): string =>
  ratio === null ? '' : `${formatRatio(ratio.median)} (${formatRatio(ratio.min)}..${formatRatio(ratio.max)})`;

export const targetCell = (target: Target | null, unit: BenchRow['unit']): string => {
  if (target === null) return '';
  const sign = target.bound === 'at-least' ? '≥' : '≤';
  return `${sign} ${target.value}${target.on === 'median' ? ` ${unit}` : ''}`;
};

const reachedCell = (reached: boolean | null): string => (reached === null ? '' : reached ? 'yes' : 'no');

export const tableHeader = ['what', 'ours', 'other', 'ratio', 'must reach', 'reached'] as const;

/** Cells in the order of `tableHeader`. */
export const tableCells = (row: BenchRow): string[] => [
  row.what,
  sideCell(row.ours, row.unit),
  sideCell(row.other, row.unit),
  ratioCell(row.ratio),
  targetCell(row.target, row.unit),
  reachedCell(row.reached),
];

/** Where and how a result was measured, in one line. */
export const provenance = ({ machine, rounds, threads, quick }: BenchResult): string =>
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}, Node ${machine.node}, ` +
  `llama.cpp ${machine.llamaCpp}, ${threads} threads, ${rounds} rounds, ${machine.date}, load before ${machine.loadBefore}` +
  `${quick ? ' (quick: figures mean nothing)' : ''}`;
