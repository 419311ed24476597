/**
 * The words of the scheduler: what it is told, and what it tells whoever runs the steps (the host against llama.cpp,
 * the planner against a cost model). Times are milliseconds of the caller's clock; positions and lengths are tokens.
 */
import type { StepBudgetOptions } from './scheduler-budget.js';

export interface SchedulerConfig {
  /**
   * `separate`: each slot owns `contextLength` cells, a prefix is copied. `unified`: slots draw from one pool, a prefix
   * is shared.
   */
  readonly layout: 'separate' | 'unified';
  /** Sequences that run at once. */
  readonly parallel: number;
  /** Sequence ids of the cache: `parallel` for `separate`, more for `unified`, where finished sequences keep theirs. */
  readonly slots: number;
  /** The longest that one sequence may get. */
  readonly contextLength: number;
  /** Cells of the pool (`unified`); for `separate` it is slots * contextLength. */
  readonly cells: number;
  readonly queueLimit: number;
  /** Rows of one decode call at most. */
  readonly batchRows: number;
  /**
   * What may be reused of a finished sequence: any prefix, only all of it (recurrent state cannot be rolled back), or
   * nothing.
   */
  readonly prefixReuse: 'any' | 'whole' | 'none';
  /** Shorter prefixes are computed again. */
  readonly smallestPrefix: number;
  /** Host memory for the state of evicted sequences. */
  readonly spillBytes: number;
  readonly cellBytes: number;
  /** Moving one cell's state between slots or to host memory. */
  readonly moveMsPerCell: number;
  /**
   * Idle slots between two running ones that are given an empty row, so that all rows stay one pass (`separate` needs
   * neighbouring slots for that).
   */
  readonly fillerLimit: number;
  /** True: prompt pieces share a decode call with the streams (right where a pass costs more than its tokens: GPUs). */
  readonly mixedBatches: boolean;
  /** How seeded requests get the same numbers whatever runs beside them; null where they do anyway, or never can. */
  readonly exact: ExactRules | null;
  readonly budget: StepBudgetOptions;
}

/** What decides on the CPU whether attention is computed in the same order; see docs/decisions/0002-kv-layout.md. */
export interface ExactRules {
  /** Pieces of at most this many tokens all give the same numbers. */
  readonly pieceTokens: number;
  /** From this length on a row alone in its pass is computed otherwise, and needs a row beside it. */
  readonly aloneCells: number;
}

export interface SequenceRequest {
  /** Unique among those alive. */
  readonly id: number;
  readonly client: string;
  readonly scope: string;
  /** Prompt; a number (its length) where nobody knows the tokens, as in a simulation: no prefix is shared then. */
  readonly prompt: Int32Array | number;
  /** Answer tokens at most; the prompt and these fit `contextLength`. */
  readonly maxTokens: number;
  /** When it must be done, on the caller's clock; Infinity for never. */
  readonly deadlineMs: number;
  /** Asks for the same numbers whatever runs beside it. */
  readonly exact: boolean;
}

/** A sequence as the scheduler sees it. Read-only for others. */
export interface Sequence {
  readonly request: SequenceRequest;
  /** Prompt and answer, `length` of them known; null where only counted. */
  readonly tokens: Int32Array | null;
  /** Tokens known: the prompt and the answer so far. */
  readonly length: number;
  /** Tokens whose cells are there. */
  readonly computed: number;
  /** Answer tokens so far. */
  readonly made: number;
  /** -1 while it waits. */
  readonly slot: number;
  /** Prompt tokens that it found in the cache when it was placed first. */
  readonly cachedTokens: number;
}

/** Done in order, before the groups of the step. */
export type CacheOperation =
  /** Forget the cells from position `from` on. */
  | { readonly type: 'remove'; readonly slot: number; readonly from: number }
  /** Let the empty slot `to` hold the first `tokens` of `slot`, of which `length` are there. */
  | {
      readonly type: 'copy';
      readonly slot: number;
      readonly to: number;
      readonly tokens: number;
      readonly length: number;
    }
  /** Copy the state of the slot to host memory under the name `blob`. */
  | { readonly type: 'spill'; readonly slot: number; readonly blob: number }
  /** Fill the empty slot with the first `tokens` of the blob. */
  | { readonly type: 'restore'; readonly slot: number; readonly blob: number; readonly tokens: number }
  | { readonly type: 'drop'; readonly blob: number };

/** `count` tokens of a sequence from position `from` on. */
export interface StepRow {
  readonly sequence: Sequence;
  from: number;
  count: number;
  /** True when the last of them is the last one known: its logits give the next token. */
  logits: boolean;
}

/** One decode call. */
export interface StepGroup {
  readonly rows: StepRow[];
  /** Slots that get one row to be forgotten at once, at their first free position. */
  readonly fillers: number[];
  /** Tokens in `rows`. */
  tokens: number;
}

export interface StepPlan {
  readonly operations: CacheOperation[];
  /** Decode calls, in order; `groupCount` of them are in use. One without rows needs no call. */
  readonly groups: StepGroup[];
  groupCount: number;
  /** Sequences that got their place since the last plan. */
  readonly started: Sequence[];
  /** Sequences that took cells over in this plan: where the cells turn out to be gone, call `prefixFailed`. */
  readonly placed: Sequence[];
  /** Sequences whose deadline passed; they are gone. */
  readonly expired: Sequence[];
}
