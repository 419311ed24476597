/**
 * A reusable `llama_batch` over native memory, filled through typed arrays: no allocation per decode.
 *
 * Each token belongs to exactly one sequence here; tokens that several sequences share are copied between sequences in
 * the KV cache instead.
 */
import { allocate, free } from './native-memory.js';
import type { BatchStruct } from './structs.js';

export interface Batch {
  readonly capacity: number;
  /** Tokens in it now. */
  readonly size: number;
  clear(): void;
  /** Appends one token; returns its index in the batch. `output` asks for its logits (or embedding). */
  add(token: number, position: number, sequence: number, output: boolean): number;
  /** What `llama_decode` takes; valid until the next `add` or `clear`. */
  readonly struct: BatchStruct;
  free(): void;
}

export const createBatch = (capacity: number): Batch => {
  const blocks = {
    token: allocate(capacity * 4),
    pos: allocate(capacity * 4),
    sequenceCount: allocate(capacity * 4),
    sequence: allocate(capacity * 4),
    sequencePointers: allocate(capacity * 8),
    output: allocate(capacity),
  };
  const token = new Int32Array(blocks.token.buffer);
  const pos = new Int32Array(blocks.pos.buffer);
  const sequence = new Int32Array(blocks.sequence.buffer);
  const output = new Int8Array(blocks.output.buffer);
  new Int32Array(blocks.sequenceCount.buffer).fill(1);
  const pointers = new BigUint64Array(blocks.sequencePointers.buffer);
  for (let index = 0; index < capacity; index++) pointers[index] = blocks.sequence.pointer + BigInt(index * 4);

  const struct: BatchStruct = {
    n_tokens: 0,
    token: blocks.token.pointer,
    embd: null,
    pos: blocks.pos.pointer,
    n_seq_id: blocks.sequenceCount.pointer,
    seq_id: blocks.sequencePointers.pointer,
    logits: blocks.output.pointer,
  };
  return {
    capacity,
    struct,
    get size() {
      return struct.n_tokens;
    },
    clear() {
      struct.n_tokens = 0;
    },
    add(tokenId, position, sequenceId, wantsOutput) {
      const index = struct.n_tokens;
      if (index >= capacity) throw new RangeError(`Cannot add a token to the batch: it holds ${capacity}.`);
      token[index] = tokenId;
      pos[index] = position;
      sequence[index] = sequenceId;
      output[index] = wantsOutput ? 1 : 0;
      struct.n_tokens = index + 1;
      return index;
    },
    free() {
      for (const block of Object.values(blocks)) free(block);
    },
  };
};
