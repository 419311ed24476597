/**
 * Fills one step: a row for every running stream, then prompt pieces within the budget, and the empty rows that keep
 * neighbouring slots in one pass.
 *
 * Reuses its arrays and rows, so that a steady stream of steps makes no garbage. Knows nothing of queues or deadlines.
 */
import type { StepBudget } from './scheduler-budget.js';
import type { SchedulerCache } from './scheduler-cache.js';
import type { ScheduledSequence } from './scheduler-sequence.js';
import type { SchedulerConfig, StepGroup, StepPlan, StepRow } from './scheduler-types.js';

export interface StepBuilder {
  readonly plan: StepPlan;
  /** Empties the plan, except for operations that nobody saw yet. */
  clear(): void;
  build(): void;
  /** Takes the rows of this sequence out of the plan. */
  drop(sequence: ScheduledSequence): void;
  commit(group: StepGroup, durationMs: number): void;
}

export interface StepBuilderParts {
  readonly config: SchedulerConfig;
  readonly budget: StepBudget;
  readonly cache: SchedulerCache;
  /** Oldest first. */
  readonly running: readonly ScheduledSequence[];
  /** Frees the cells of the youngest sequence unless it is this one. */
  readonly preemptLatest: (except: ScheduledSequence) => boolean;
}

const pending = (sequence: ScheduledSequence): number =>
  sequence.leader === null ? sequence.length - sequence.computed : 0;

export const createStepBuilder = ({ config, budget, cache, running, preemptLatest }: StepBuilderParts): StepBuilder => {
  const { cells } = cache;
  const pooled = config.layout === 'unified';
  const groups: StepGroup[] = [];
  const operations: StepPlan['operations'] = [];
  const plan: StepPlan = { operations, groups, groupCount: 0, started: [], placed: [], expired: [] };
  const bySlot: (ScheduledSequence | null)[] = new Array(config.slots).fill(null);
  /** 1 where the slot has a row or a filler in the streams' group. */
  const occupied = new Uint8Array(config.slots);
  /** Rows by group, made once and filled again. */
  const rowPools: StepRow[][] = [];

  const openGroup = (): StepGroup => {
    const index = plan.groupCount++;
    let group = groups[index];
    if (group === undefined) {
      group = { rows: [], fillers: [], tokens: 0 };
      groups.push(group);
      rowPools.push([]);
    }
    group.rows.length = 0;
    group.fillers.length = 0;
    group.tokens = 0;
    return group;
  };

  const addRow = (group: StepGroup, sequence: ScheduledSequence, from: number, count: number): void => {
    const pool = rowPools[groups.indexOf(group)]!;
    const index = group.rows.length;
    const logits = from + count === sequence.length;
    let row = pool[index];
    if (row === undefined || row.sequence !== sequence) {
      row = { sequence, from, count, logits };
      pool[index] = row;
    } else {
      row.from = from;
      row.count = count;
      row.logits = logits;
    }
    group.rows.push(row);
    group.tokens += count;
  };

  /** Makes sure that every stream can take one cell; the youngest give way to the oldest. */
  const makeRoomForStreams = (): number => {
    let planned = 0;
    for (let index = 0; index < running.length; index++) {
      const sequence = running[index]!;
      if (pending(sequence) !== 1) continue;
      while (cells.total - cells.used() - planned < 1)
        if (!cache.evictOne() && !preemptLatest(sequence)) return planned;
      planned++;
    }
    return planned;
  };

  /** Rows of the streams, by slot; returns how many. */
  const addStreams = (): number => {
    const allowed = pooled ? makeRoomForStreams() : running.length;
    if (allowed === 0) return 0;
    bySlot.fill(null);
    let streams = 0;
    for (const sequence of running)
      if (pending(sequence) === 1 && streams < allowed) {
        bySlot[sequence.slot] = sequence;
        streams++;
      }
    if (streams === 0) return 0;
    const group = openGroup();
    for (const sequence of bySlot) if (sequence !== null) addRow(group, sequence, sequence.computed, 1);
    if (!pooled && !config.mixedBatches) addFillers(group);
    return streams;
  };

  const addFillers = (group: StepGroup): void => {
    occupied.fill(0);
    const canFill = (slot: number): boolean =>
      slot >= 0 && slot < config.slots && occupied[slot] === 0 && cells.length(slot) < config.contextLength;
    const fill = (slot: number): void => {
      occupied[slot] = 1;
      group.fillers.push(slot);
    };
    for (const { sequence } of group.rows) occupied[sequence.slot] = 1;
    for (let index = 1; index < group.rows.length; index++) {
      const from = group.rows[index - 1]!.sequence.slot + 1;
      const to = group.rows[index]!.sequence.slot;
      if (to === from || to - from > config.fillerLimit) continue;
      let whole = true;
      for (let slot = from; slot < to; slot++) whole &&= canFill(slot);
      if (whole) for (let slot = from; slot < to; slot++) fill(slot);
    }
    if (config.exact === null) return;
    for (const row of group.rows) {
      const sequence = row.sequence as ScheduledSequence;
      const { slot } = sequence;
      const { from } = row;
      const exact = sequence.request.exact && sequence.exactTokens >= from;
      if (!exact || from < config.exact.aloneCells || occupied[slot - 1] === 1 || occupied[slot + 1] === 1) continue;
      if (canFill(slot + 1)) fill(slot + 1);
      else if (canFill(slot - 1)) fill(slot - 1);
    }
  };

  const addPrompts = (streams: number): void => {
    let waiting = 0;
    for (const sequence of running) if (pending(sequence) > 1) waiting++;
    let left = budget.promptTokens(streams, waiting);
    const mixed = config.mixedBatches;
    /** The pass that prompts share: weights are read once for all of them. */
    let shared: StepGroup | null = mixed && plan.groupCount > 0 ? groups[0]! : null;
    for (let index = 0; index < running.length && left > 0; index++) {
      const sequence = running[index]!;
      let from = sequence.computed;
      if (pending(sequence) < 2) continue;
      const exact = config.exact !== null && sequence.request.exact;
      const largest = Math.min(config.batchRows, exact ? config.exact!.pieceTokens : Infinity);
      while (from < sequence.length && left > 0) {
        let count = Math.min(left, sequence.length - from, largest);
        if (pooled) count = Math.min(count, roomForPrompt(sequence, count));
        if (shared !== null && !mixed && shared.tokens >= config.batchRows) shared = null;
        // Exact rules hold for a piece in a pass of its own.
        const joined = exact ? null : shared;
        if (joined !== null) count = Math.min(count, config.batchRows - joined.tokens);
        // A sliver is not worth a pass of its own, unless it is all that is left or all that can be done.
        const isSliver = count < config.budget.smallestTokens && from + count < sequence.length && plan.groupCount > 0;
        if (count <= 0 || (isSliver && joined === null && !exact)) return;
        const group: StepGroup = joined ?? openGroup();
        if (!exact) shared = group;
        addRow(group, sequence, from, count);
        if (!pooled && exact && count === 1 && from >= config.exact!.aloneCells) addNeighbour(group, sequence.slot);
        from += count;
        left -= count;
        planned += count;
        if (mixed) break;
      }
    }
  };

  const addNeighbour = (group: StepGroup, slot: number): void => {
    for (const beside of [slot + 1, slot - 1])
      if (beside >= 0 && beside < config.slots && cells.length(beside) < config.contextLength) {
        group.fillers.push(beside);
        return;
      }
  };

  /** Cells planned in this step and not yet booked. */
  let planned = 0;

  /** Free cells for a prompt piece; others are evicted for it, and preempted if nothing else could run. */
  const roomForPrompt = (sequence: ScheduledSequence, wanted: number): number => {
    while (cells.total - cells.used() - planned < wanted) {
      if (cache.evictOne()) continue;
      if (plan.groupCount > 0 || !preemptLatest(sequence)) break;
    }
    return cells.total - cells.used() - planned;
  };

  return {
    plan,
    clear() {
      plan.groupCount = 0;
      plan.started.length = 0;
      plan.placed.length = 0;
      plan.expired.length = 0;
      operations.length = 0;
    },
    build() {
      planned = 0;
      const streams = addStreams();
      planned = streams;
      addPrompts(streams);
      // Slots must come in order where each has a stream of its own.
      if (!pooled)
        for (let index = 0; index < plan.groupCount; index++)
          groups[index]!.rows.sort((a, b) => a.sequence.slot - b.sequence.slot);
      if (!pooled && config.mixedBatches && plan.groupCount > 0) addFillers(groups[0]!);
      operations.push(...cache.operations);
      cache.operations.length = 0;
    },
    drop(sequence) {
      for (const group of groups.slice(0, plan.groupCount)) {
        const rows = group.rows.filter((row) => row.sequence !== sequence);
        if (rows.length === group.rows.length) continue;
        group.rows.splice(0, Infinity, ...rows);
        group.tokens = rows.reduce((sum, { count }) => sum + count, 0);
      }
    },
    commit(group, durationMs) {
      const { exact } = config;
      // Prompts that share a pass are cut into pieces by llama.cpp.
      const sharesPass = group.rows.length > 1 && group.tokens > group.rows.length;
      let streams = 0;
      for (const row of group.rows) {
        const sequence = row.sequence as ScheduledSequence;
        if (sequence.state !== 'running') continue;
        cells.extend(sequence.slot, row.count);
        sequence.computed += row.count;
        if (row.count === 1) streams++;
        if (exact === null || sharesPass || sequence.exactTokens !== row.from) continue;
        const beside = hasNeighbour(group, sequence.slot) || config.slots === 1 || row.from < exact.aloneCells;
        if (row.count === 1 ? !beside : row.count > exact.pieceTokens) continue;
        sequence.exactTokens += row.count;
        const holder = cache.holderOf(sequence.slot);
        if (holder !== null) holder.exactTokens = Math.min(sequence.exactTokens, holder.tokens.length);
      }
      if (streams === group.rows.length) budget.observeDecode(streams, durationMs);
      else budget.observePrompt(group.tokens, durationMs);
    },
  };
};

const hasNeighbour = (group: StepGroup, slot: number): boolean => {
  for (const { sequence } of group.rows) if (Math.abs(sequence.slot - slot) === 1) return true;
  for (const filler of group.fillers) if (Math.abs(filler - slot) === 1) return true;
  return false;
};
