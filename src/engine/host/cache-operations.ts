/**
 * Carries out the scheduler's cache operations on llama.cpp's memory, and checks that what should be there is.
 *
 * Between separate streams a prefix moves through host memory on the CPU: llama.cpp's own copy moves the whole stream,
 * and only at the next decode, which a restore into the same slot could overtake. On a GPU its copy stays on the device.
 */
import type { Llama } from '../../llama/load-llama.js';
import type { Pointer } from '../../llama/structs.js';
import type { CacheOperation } from '../scheduler-types.js';

export interface CacheOperator {
  /** False when a `copy`, `restore` or `spill` failed; the target slot is empty then. */
  run(operation: CacheOperation): boolean;
  /** Pending copies have been carried out by a decode call. */
  settled(): void;
  /** True where a sequence of `length` cells can be continued from them (sliding windows may have lost some). */
  isWhole(slot: number, length: number): boolean;
  truncate(slot: number, length: number): void;
}

export interface CacheOperatorOptions {
  readonly llama: Llama;
  readonly context: Pointer;
  readonly layout: 'separate' | 'unified';
  readonly onGpu: boolean;
  /** Width of the sliding window; 0 for none. */
  readonly window: number;
  /** States cannot be cut: they are taken as a whole. */
  readonly wholeOnly: boolean;
}

export const createCacheOperator = (options: CacheOperatorOptions): CacheOperator => {
  const { llama, context, layout, wholeOnly } = options;
  const memory = llama.llama_get_memory(context);
  const blobs = new Map<number, Uint8Array>();
  /** Slots that a copy not yet carried out reads or writes. */
  const pending = new Set<number>();
  let scratch: Uint8Array = new Uint8Array(0);

  const clear = (slot: number): void => {
    llama.llama_memory_seq_rm(memory, slot, -1, -1);
  };
  const truncate = (slot: number, length: number): void => {
    if (length === 0) clear(slot);
    else llama.llama_memory_seq_rm(memory, slot, length, -1);
  };

  const save = (slot: number, into: Uint8Array | null): Uint8Array | null => {
    const size = llama.llama_state_seq_get_size(context, slot);
    if (size === 0) return null;
    const target = into !== null && into.length >= size ? into : Buffer.allocUnsafeSlow(size);
    const written = llama.llama_state_seq_get_data(context, target, size, slot);
    return written === 0 ? null : target.subarray(0, written);
  };

  const load = (state: Uint8Array, slot: number, tokens: number): boolean => {
    if (llama.llama_state_seq_set_data(context, state, state.length, slot) === 0) {
      clear(slot);
      return false;
    }
    if (!wholeOnly) truncate(slot, tokens);
    if (llama.llama_memory_seq_pos_max(memory, slot) === tokens - 1) return true;
    clear(slot);
    return false;
  };

  const copy = (from: number, to: number, tokens: number): boolean => {
    if (layout === 'unified') {
      llama.llama_memory_seq_cp(memory, from, to, wholeOnly ? -1 : 0, wholeOnly ? -1 : tokens);
      return true;
    }
    if (options.onGpu) {
      llama.llama_memory_seq_cp(memory, from, to, -1, -1);
      truncate(to, tokens);
      pending.add(from).add(to);
      return true;
    }
    const state = save(from, scratch);
    if (state === null) return false;
    // Kept for the next copy unless it is out of the ordinary.
    if (state.buffer !== scratch.buffer && state.length <= 64 * 2 ** 20) scratch = new Uint8Array(state.buffer);
    return load(state, to, tokens);
  };

  return {
    truncate,
    settled: () => pending.clear(),
    isWhole(slot, length) {
      if (options.window === 0 || length === 0) return true;
      const first = llama.llama_memory_seq_pos_min(memory, slot);
      return first >= 0 && first <= Math.max(0, length - options.window);
    },
    run(operation) {
      switch (operation.type) {
        case 'remove':
          truncate(operation.slot, operation.from);
          return true;
        case 'copy':
          return copy(operation.slot, operation.to, operation.tokens);
        case 'spill': {
          const state = save(operation.slot, null);
          if (state !== null) blobs.set(operation.blob, state);
          return state !== null;
        }
        case 'restore': {
          const state = blobs.get(operation.blob);
          return state !== undefined && !pending.has(operation.slot) && load(state, operation.slot, operation.tokens);
        }
        case 'drop':
          blobs.delete(operation.blob);
          return true;
        default:
          return operation satisfies never;
      }
    },
  };
};
