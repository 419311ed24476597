/**
 * Which evicted sequences keep their state in host memory: a byte budget, least recently used out first.
 *
 * Books only; the state itself is kept by whoever carries out the operations.
 */
import type { CacheOperation } from './scheduler-types.js';

export interface Spilled<Entry> {
  readonly blob: number;
  readonly entry: Entry;
  readonly bytes: number;
}

export interface SpillStore<Entry> {
  bytes(): number;
  /** Makes room and books it; null when it can never fit. Drops are pushed to `operations` and told to `dropped`. */
  add(entry: Entry, bytes: number, operations: CacheOperation[]): Spilled<Entry> | null;
  touch(spilled: Spilled<Entry>): void;
  drop(spilled: Spilled<Entry>, operations: CacheOperation[]): void;
}

export const createSpillStore = <Entry>(options: {
  readonly limitBytes: number;
  readonly dropped: (spilled: Spilled<Entry>) => void;
}): SpillStore<Entry> => {
  /** In the order of use, oldest first. */
  const kept = new Set<Spilled<Entry>>();
  let bytes = 0;
  let nextBlob = 1;

  const drop = (spilled: Spilled<Entry>, operations: CacheOperation[]): void => {
    if (!kept.delete(spilled)) return;
    bytes -= spilled.bytes;
    operations.push({ type: 'drop', blob: spilled.blob });
    options.dropped(spilled);
  };

  return {
    bytes: () => bytes,
    add(entry, size, operations) {
      if (size > options.limitBytes) return null;
      for (const oldest of kept) {
        if (bytes + size <= options.limitBytes) break;
        drop(oldest, operations);
      }
      const spilled: Spilled<Entry> = { blob: nextBlob++, entry, bytes: size };
      kept.add(spilled);
      bytes += size;
      return spilled;
    },
    touch(spilled) {
      if (!kept.delete(spilled)) return;
      kept.add(spilled);
    },
    drop,
  };
};
