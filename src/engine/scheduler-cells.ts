/**
 * Counts KV cells exactly, shared ones once.
 *
 * The cells of a slot are a chain of runs from its newest back to position 0; slots that share a prefix share the runs
 * of it, each with a count of its holders. Knows nothing of tokens or policies.
 */

interface Run {
  cells: number;
  parent: Run | null;
  /** Slots whose newest run this is, plus runs that continue it. */
  holders: number;
}

export interface CellLedger {
  readonly total: number;
  used(): number;
  /** Cells of one slot, shared ones included. */
  length(slot: number): number;
  extend(slot: number, cells: number): void;
  /** Makes the empty slot `to` hold the first `cells` cells of `from`: the same ones, or copies where nothing is shared. */
  share(from: number, to: number, cells: number): void;
  /** Cells that these slots hold together, shared ones once. */
  heldBy(slots: Iterable<number>): number;
  /** Keeps the first `cells` cells of the slot. */
  truncate(slot: number, cells: number): void;
}

/** A ledger of `total` cells; with `shares` false each slot has cells of its own (separate streams). */
export const createCellLedger = (options: {
  readonly total: number;
  readonly slots: number;
  readonly shares: boolean;
}): CellLedger => {
  const tips: (Run | null)[] = new Array(options.slots).fill(null);
  const lengths = new Int32Array(options.slots);
  let used = 0;

  /** Cuts a run in two; returns the upper part of `keep` cells, which the rest continues. */
  const split = (run: Run, keep: number): Run => {
    const upper: Run = { cells: keep, parent: run.parent, holders: 1 };
    run.cells -= keep;
    run.parent = upper;
    return upper;
  };

  const extend = (slot: number, cells: number): void => {
    if (cells === 0) return;
    const tip = tips[slot]!;
    if (tip !== null && tip.holders === 1) tip.cells += cells;
    else tips[slot] = { cells, parent: tip, holders: 1 };
    lengths[slot]! += cells;
    used += cells;
  };

  return {
    total: options.total,
    used: () => used,
    length: (slot) => lengths[slot]!,
    extend,
    share(from, to, cells) {
      if (!options.shares) return extend(to, cells);
      if (cells === 0) return;
      let run = tips[from]!;
      let end = lengths[from]!;
      while (end - run.cells >= cells) {
        end -= run.cells;
        run = run.parent!;
      }
      if (end > cells) run = split(run, cells - (end - run.cells));
      run.holders++;
      tips[to] = run;
      lengths[to] = cells;
    },
    heldBy(slots) {
      const seen = new Set<Run>();
      let cells = 0;
      for (const slot of slots)
        for (let run = tips[slot] ?? null; run !== null && !seen.has(run); run = run.parent) {
          seen.add(run);
          cells += run.cells;
        }
      return cells;
    },
    truncate(slot, cells) {
      let surplus = lengths[slot]! - cells;
      while (surplus > 0) {
        const tip = tips[slot]!;
        if (tip.holders === 1) {
          const freed = Math.min(surplus, tip.cells);
          tip.cells -= freed;
          used -= freed;
          surplus -= freed;
          if (tip.cells === 0) tips[slot] = tip.parent;
        } else {
          tip.holders--;
          const above = surplus >= tip.cells ? tip.parent : split(tip, tip.cells - surplus);
          surplus = surplus >= tip.cells ? surplus - tip.cells : 0;
          if (above !== null) above.holders++;
          tips[slot] = above;
        }
      }
      if (lengths[slot]! > cells) lengths[slot] = cells;
    },
  };
};
