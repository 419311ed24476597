/**
 * How much memory a model will take before it is loaded: weights, KV cache, recurrent state, compute buffers.
 *
 * Pure arithmetic over a header. KV sizes follow llama.cpp's allocation: per layer, key and value heads of that layer,
 * sliding-window layers counted in full (an upper bound). Compute buffers are an estimate: logits and activations of
 * one micro-batch.
 */
import { type GgufHeader, metadataNumber, metadataText } from './gguf-reader.js';
import { ModelError } from './model-error.js';

export interface MemoryNeed {
  readonly weightBytes: number;
  /** All cells of the cache, for `contextTokens` in all. */
  readonly kvBytes: number;
  readonly stateBytes: number;
  readonly computeBytes: number;
  readonly totalBytes: number;
}

export interface MemoryOptions {
  /** Cells in the cache, over all sequences. */
  readonly contextTokens: number;
  readonly sequences: number;
  /** Tokens computed at once (llama.cpp's n_ubatch). */
  readonly microBatch: number;
  /** Bytes per value of keys and values: 2 for F16. */
  readonly kvValueBytes: number;
}

/** A per-layer number: the key may hold one number for all layers or an array of them. */
const perLayer = (header: GgufHeader, key: string, layers: number, fallback: number): readonly number[] => {
  const value = header.metadata.get(key);
  if (typeof value === 'number') return new Array<number>(layers).fill(value);
  if (typeof value === 'object')
    return Array.from({ length: layers }, (_, layer) => Number(value.first[layer] ?? value.first.at(-1) ?? fallback));
  return new Array<number>(layers).fill(fallback);
};

/** Throws ModelError `malformed` where the architecture's own numbers are missing. */
export const memoryNeed = (header: GgufHeader, options: MemoryOptions): MemoryNeed => {
  const architecture = metadataText(header, 'general.architecture');
  if (architecture === null) throw new ModelError('malformed', `Cannot size ${header.path}: it names no architecture.`);
  const number = (key: string): number | null => metadataNumber(header, `${architecture}.${key}`);
  const layers = number('block_count');
  const width = number('embedding_length');
  if (layers === null || width === null || layers <= 0 || width <= 0 || layers > 10_000 || width > 1_000_000)
    throw new ModelError(
      'malformed',
      `Cannot size ${header.path}: ${architecture}.block_count is ${layers}, embedding_length ${width}.`,
    );
  const headCounts = perLayer(header, `${architecture}.attention.head_count`, layers, 1);
  const kvHeadCounts = perLayer(header, `${architecture}.attention.head_count_kv`, layers, headCounts[0] ?? 1);
  const headWidth = width / Math.max(1, headCounts.find((count) => count > 0) ?? 1);
  const latent = number('attention.kv_lora_rank');
  const keyWidth = number('attention.key_length') ?? headWidth;
  const valueWidth = number('attention.value_length') ?? headWidth;
  const rotary = number('rope.dimension_count') ?? 0;
  const valuesPerToken =
    latent === null
      ? kvHeadCounts.reduce((sum, heads) => sum + heads * (keyWidth + valueWidth), 0)
      : layers * (latent + rotary);
  const kvBytes = valuesPerToken * options.contextTokens * options.kvValueBytes;
  const inner = number('ssm.inner_size') ?? 0;
  const convolution = number('ssm.conv_kernel') ?? 0;
  const state = number('ssm.state_size') ?? 0;
  const stateBytes = inner === 0 ? 0 : layers * options.sequences * inner * (state + Math.max(0, convolution - 1)) * 4;
  const vocabulary = vocabularySize(header);
  const hidden = number('feed_forward_length') ?? 4 * width;
  const computeBytes = Math.round(
    options.microBatch * (8 * width + 3 * hidden) * 4 + options.sequences * vocabulary * 4 + 32 * 2 ** 20,
  );
  const weightBytes = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    weightBytes,
    kvBytes,
    stateBytes,
    computeBytes,
    totalBytes: weightBytes + kvBytes + stateBytes + computeBytes,
  };
};

/** Tokens in the file's vocabulary; 0 where it has none. */
export const vocabularySize = (header: GgufHeader): number => {
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  return typeof tokens === 'object' ? tokens.length : 0;
};
