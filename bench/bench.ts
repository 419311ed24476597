/**
 * The contract of a bench: one question, both sides measured in one run, rows with medians and the ratio's spread.
 *
 * Knows nothing of how a side is measured or how results are shown.
 */

export interface BenchSettings {
  /** Short runs that only show whether a bench works; their figures mean nothing. */
  readonly quick: boolean;
  /** Times that each side is measured, in turn. */
  readonly rounds: number;
  /** Threads that compute, on both sides. */
  readonly threads: number;
  /** Progress, one line. */
  report(line: string): void;
}

export interface Side {
  readonly name: string;
  readonly median: number;
  /** One figure per round, in order. */
  readonly values: readonly number[];
}

/** Median, least and greatest over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a row must reach: a bound on the ratio of the sides, or on our side's median. */
export interface Target {
  readonly on: 'ratio' | 'median';
  readonly bound: 'at-least' | 'at-most';
  readonly value: number;
}

export interface BenchRow {
  /** What was measured, such as `Qwen2.5-0.5B shape, 16 sequences`. */
  readonly what: string;
  readonly unit: 'tokens/s' | 'requests/s' | 'ms' | 'MB';
  readonly ours: Side;
  /** null where only ours could be measured. */
  readonly other: Side | null;
  /** Ours divided by the other of the same round; null without another. */
  readonly ratio: Spread | null;
  readonly target: Target | null;
  /** null without a target. */
  readonly reached: boolean | null;
}

export interface BenchOutcome {
  readonly rows: readonly BenchRow[];
  /** What could not be measured here and why, and what a reader must know of the figures. */
  readonly notes: readonly string[];
}

export interface Bench {
  /** Name on the command line and of the result file. */
  readonly name: string;
  readonly question: string;
  /** The physical limit that the figures are to be seen against. */
  readonly ceiling: string;
  run(settings: BenchSettings): Promise<BenchOutcome>;
}

/** A bench's outcome with where it was measured: what stands in `bench/results/`. */
export interface BenchResult extends BenchOutcome {
  readonly bench: string;
  readonly question: string;
  readonly ceiling: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly threads: number;
  readonly machine: MachineFacts;
}

/** Nothing that names a person, a host or a path. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly llamaCpp: string;
  /** Day of the measurement, UTC. */
  readonly date: string;
  /** Mean of running processes in the minute before; above 0.5 something else was computing. */
  readonly loadBefore: number;
}
