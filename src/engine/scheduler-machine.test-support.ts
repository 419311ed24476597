/**
 * A machine for the scheduler's tests: carries out plans on plain arrays, checks every step against the rules of a KV
 * cache, and makes each next token out of what lies in the cells, so that a wrong cell shows as a wrong answer.
 */
import type { Scheduler } from './scheduler.js';
import type { CacheOperation, SchedulerConfig, Sequence, StepPlan } from './scheduler-types.js';

export const testConfig = (changes: Partial<SchedulerConfig> = {}): SchedulerConfig => ({
  layout: 'separate',
  parallel: 4,
  slots: changes.layout === 'unified' ? 12 : (changes.parallel ?? 4),
  contextLength: 64,
  cells: 160,
  queueLimit: 1000,
  batchRows: 16,
  prefixReuse: 'any',
  smallestPrefix: 2,
  spillBytes: 0,
  cellBytes: 1,
  moveMsPerCell: 0.001,
  fillerLimit: 2,
  mixedBatches: false,
  exact: null,
  budget: { besideMs: 5, aloneMs: 10, smallestTokens: 2, largestTokens: 16 },
  ...changes,
});

/** The token that follows these; small, so that prompts and answers look alike. */
export const nextToken = (tokens: ArrayLike<number>, length = tokens.length): number => {
  let state = 17;
  for (let index = 0; index < length; index++) state = (Math.imul(state, 31) + tokens[index]!) & 0xffff;
  return state % 3;
};

interface Cell {
  readonly token: number;
}

export interface Machine {
  readonly slots: Cell[][];
  /** Carries out one plan; false when it held nothing to compute. */
  step(plan: StepPlan, onToken: (sequence: Sequence, token: number) => 'continue' | 'end'): boolean;
  cellsInUse(): number;
  readonly blobs: ReadonlyMap<number, Cell[]>;
  /** Prompt rows, filler rows and passes so far. */
  readonly counts: { rows: number; fillers: number; groups: number; copies: number; restores: number };
}

const check = (truth: boolean, what: string): void => {
  if (!truth) throw new Error(`rule broken: ${what}`);
};

export const createMachine = (
  scheduler: Scheduler,
  config: SchedulerConfig,
  options: { readonly fails?: (operation: CacheOperation) => boolean; readonly msPerToken?: number } = {},
): Machine => {
  const slots: Cell[][] = Array.from({ length: config.slots }, () => []);
  const blobs = new Map<number, Cell[]>();
  const counts = { rows: 0, fillers: 0, groups: 0, copies: 0, restores: 0 };
  const copied = (cells: Cell[]): Cell[] =>
    config.layout === 'unified' ? [...cells] : cells.map(({ token }) => ({ token }));

  const operate = (operation: CacheOperation): boolean => {
    const failed = options.fails?.(operation) ?? false;
    switch (operation.type) {
      case 'remove':
        check(operation.from < slots[operation.slot]!.length, 'remove takes something away');
        slots[operation.slot]!.length = operation.from;
        return true;
      case 'copy': {
        const source = slots[operation.slot]!;
        check(slots[operation.to]!.length === 0, 'copy fills an empty slot');
        check(source.length === operation.length && operation.tokens <= source.length, 'copy takes what is there');
        if (failed) return false;
        slots[operation.to] = copied(source.slice(0, operation.tokens));
        counts.copies++;
        return true;
      }
      case 'spill':
        if (failed) scheduler.spillFailed(operation.blob);
        else
          blobs.set(
            operation.blob,
            slots[operation.slot]!.map(({ token }) => ({ token })),
          );
        return true;
      case 'restore': {
        const blob = blobs.get(operation.blob);
        check(slots[operation.slot]!.length === 0, 'restore fills an empty slot');
        if (blob === undefined || failed) return false;
        check(operation.tokens <= blob.length, 'restore takes what is there');
        slots[operation.slot] = blob.slice(0, operation.tokens).map(({ token }) => ({ token }));
        counts.restores++;
        return true;
      }
      case 'drop':
        blobs.delete(operation.blob);
        return true;
      default:
        return operation satisfies never;
    }
  };

  const cellsInUse = (): number => new Set(slots.flat()).size;

  return {
    slots,
    blobs,
    counts,
    cellsInUse,
    step(plan, onToken) {
      for (const operation of plan.operations) {
        const done = operate(operation);
        check(cellsInUse() <= scheduler.cellsTotal, 'operations in their order never take more cells than there are');
        if (!done)
          scheduler.prefixFailed(operation.type === 'copy' ? operation.to : (operation as { slot: number }).slot);
      }
      const inUse = cellsInUse();
      check(inUse === scheduler.cellsUsed, `${scheduler.cellsUsed} cells are counted and ${inUse} in use`);
      for (const group of plan.groups.slice(0, plan.groupCount)) {
        if (group.rows.length === 0) continue;
        counts.groups++;
        const used = new Set<number>();
        let tokens = 0;
        const answers: [Sequence, number][] = [];
        for (const { sequence, from, count, logits } of group.rows) {
          const slot = slots[sequence.slot]!;
          check(!used.has(sequence.slot), 'one row for each slot');
          used.add(sequence.slot);
          check(slot.length === from, `positions follow each other (slot has ${slot.length}, row starts at ${from})`);
          slot.forEach(({ token }, index) => {
            check(token === sequence.tokens![index], 'the cells hold the tokens of the sequence');
          });
          for (let index = from; index < from + count; index++) slot.push({ token: sequence.tokens![index]! });
          check(slot.length <= config.contextLength, 'no sequence passes the context');
          tokens += count;
          check(logits === (from + count === sequence.length), 'logits at the last known token');
          if (logits) answers.push([sequence, nextToken(sequence.tokens!, sequence.length)]);
        }
        for (const filler of group.fillers) {
          check(!used.has(filler), 'fillers only in other slots');
          used.add(filler);
          check(scheduler.slotLength(filler) === slots[filler]!.length, 'a filler knows its position');
          check(slots[filler]!.length < config.contextLength, 'a filler has a cell');
        }
        check(tokens === group.tokens && tokens <= Math.max(config.batchRows, config.parallel), 'batch size');
        counts.rows += tokens;
        counts.fillers += group.fillers.length;
        scheduler.commit(group, group.tokens * (options.msPerToken ?? 1));
        check(cellsInUse() <= scheduler.cellsTotal, 'cells are never over-committed');
        check(scheduler.cellsUsed <= scheduler.cellsTotal, 'cells are never over-committed');
        for (const [sequence, token] of answers)
          if (sequence.request.maxTokens === 0) scheduler.end(sequence);
          else {
            const wanted = onToken(sequence, token);
            if (!scheduler.append(sequence, token) || wanted === 'end') scheduler.end(sequence);
          }
      }
      return plan.groupCount > 0 || plan.operations.length > 0;
    },
  };
};
