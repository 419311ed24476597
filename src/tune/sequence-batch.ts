/**
 * Packs labelled token sequences into batches of few shapes: rows of like length together, padding kept small.
 *
 * Pure. Knows nothing of where sequences come from or of graphs.
 */
import type { Rng } from './rng.js';
import type { StepShape } from './training-step.js';

/** One row of training data. */
export interface Sequence {
  readonly tokens: readonly number[];
  /** Weight of predicting tokens[i + 1] at position i, for i in [0, tokens.length - 1); 0 masks it. */
  readonly weights: readonly number[];
}

export interface SequenceBatch {
  readonly shape: StepShape;
  readonly rows: readonly Sequence[];
}

export interface BatchOptions {
  /** Row lengths that have a graph, ascending; longer rows are refused by `batchSequences`. */
  readonly times: readonly number[];
  /** Tokens per batch, padding included. */
  readonly tokens: number;
  /** Labelled positions per row that a shape has room for, on average. */
  readonly outputsPerRow: number;
}

const labelCount = (row: Sequence): number => row.weights.reduce((sum, weight) => sum + (weight > 0 ? 1 : 0), 0);

/** The shape for rows of up to `time` tokens; sizes are multiples of 32 where matrix kernels want them. */
export const shapeFor = (time: number, options: BatchOptions): StepShape => {
  const step = Math.max(1, 32 / gcd(time, 32));
  const batch = Math.max(step, Math.floor(options.tokens / time / step) * step);
  return { time, batch, outputs: Math.ceil((batch * options.outputsPerRow) / 32) * 32 };
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Batches all rows once, in an order given by `rng`. A batch is closed when its rows or its labels are full; the
 * last of each length may be short.
 * Throws RangeError for a row longer than the longest time.
 */
export const batchSequences = (
  rows: readonly Sequence[],
  options: BatchOptions & { readonly rng: Rng },
): SequenceBatch[] => {
  const order = options.rng.shuffle(rows);
  const open = new Map<number, { rows: Sequence[]; labels: number }>();
  const batches: SequenceBatch[] = [];
  for (const row of order) {
    const time = options.times.find((candidate) => candidate >= row.tokens.length);
    if (time === undefined)
      throw new RangeError(
        `Cannot batch a row of ${row.tokens.length} tokens: the longest shape has ${options.times.at(-1)}.`,
      );
    const shape = shapeFor(time, options);
    const labels = labelCount(row);
    let current = open.get(time) ?? { rows: [], labels: 0 };
    if (current.rows.length === shape.batch || current.labels + labels > shape.outputs) {
      batches.push({ shape, rows: current.rows });
      current = { rows: [], labels: 0 };
    }
    current.rows.push(row);
    current.labels += labels;
    open.set(time, current);
  }
  for (const [time, { rows: left }] of open) batches.push({ shape: shapeFor(time, options), rows: left });
  return options.rng.shuffle(batches);
};
