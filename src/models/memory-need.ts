/**
 * How much memory a model will take before it is loaded: weights, cache, buffers, and the process that holds them.
 *
 * Pure arithmetic over a header. Cache sizes are llama.cpp's own, to the byte; compute buffers and the process are
 * estimates that lie a little above what was measured (memory-need.test.ts loads models and compares).
 */
import { type CacheLayer, type CacheLayout, cacheLayout } from './cache-layout.js';
import type { GgufTensorType } from './gguf-format.js';
import { type GgufHeader, metadataNumber, metadataPerLayer } from './gguf-reader.js';

export interface MemoryNeed {
  /** All tensors, and a second copy of the token embeddings where they are the output layer too and get repacked. */
  readonly weightBytes: number;
  /** Keys and values of all cells. */
  readonly kvBytes: number;
  /** Recurrent state of all sequences. */
  readonly stateBytes: number;
  /** Activations, attention masks and logits of one micro-batch. */
  readonly computeBytes: number;
  /** The process itself and the vocabulary in it. */
  readonly processBytes: number;
  readonly totalBytes: number;
}

export interface MemoryOptions {
  /** Tokens that the cache can hold, over all sequences. */
  readonly contextTokens: number;
  readonly sequences: number;
  /** Tokens computed at once (llama.cpp's n_ubatch). */
  readonly microBatch: number;
  /** Bytes per value of keys and values: 2 for F16. */
  readonly kvValueBytes: number;
  /** One pool of cells for all sequences rather than an equal part for each. Default false. */
  readonly unified?: boolean;
  /** Sliding layers keep all tokens rather than their window. Default true, as llama.cpp's. */
  readonly fullSliding?: boolean;
  /** Attention scores of a micro-batch are kept whole (no flash attention). Default false. */
  readonly plainAttention?: boolean;
  /** Rows of logits computed at once at most (n_outputs_max). Default: one per sequence. */
  readonly outputRows?: number;
}

const cellMultiple = 256;
const MiB = 2 ** 20;
const padCells = (tokens: number): number => Math.ceil(tokens / cellMultiple) * cellMultiple;

/** Types that the CPU backend copies into a layout of its own while loading (ggml-cpu/repack.cpp), where it can. */
const repackedTypes: ReadonlySet<GgufTensorType> = new Set([
  'Q4_0',
  'Q2_K',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'Q8_0',
  'IQ4_NL',
  'MXFP4',
]);

const weightBytesOf = (header: GgufHeader): number => {
  const all = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  if (header.tensors.some(({ name }) => name === 'output.weight')) return all;
  const embeddings = header.tensors.find(({ name }) => name === 'token_embd.weight');
  const twice = embeddings?.type != null && repackedTypes.has(embeddings.type);
  return all + (twice ? embeddings.bytes : 0);
};

interface Cells {
  /** Per stream of cells. */
  readonly full: number;
  readonly sliding: number;
  readonly streams: number;
}

const cellsOf = (layout: CacheLayout, options: MemoryOptions): Cells => {
  const streams = options.unified === true ? 1 : options.sequences;
  const full = padCells(options.unified === true ? options.contextTokens : options.contextTokens / options.sequences);
  if (options.fullSliding !== false || layout.windowTokens === 0) return { full, sliding: full, streams };
  const windows = layout.windowTokens * (options.unified === true ? options.sequences : 1);
  return { full, sliding: padCells(Math.min(full, windows + options.microBatch)), streams };
};

/**
 * Floats per token that are alive at once inside a layer: the stream, and the widest of attention, feed-forward part
 * and recurrent mixer. Fitted to the compute buffers that llama.cpp reserves.
 */
const activationFloats = (header: GgufHeader, layout: CacheLayout): number => {
  const number = (key: string): number => metadataNumber(header, `${layout.architecture}.${key}`) ?? 0;
  const width = layout.embeddingLength;
  const widest = (key: string): number =>
    Math.max(0, ...(metadataPerLayer(header, `${layout.architecture}.${key}`, layout.layers.length) ?? []));
  const used = widest('expert_used_count');
  const experts = used * (3 * widest('expert_feed_forward_length') + width);
  const shared = 3 * number('expert_shared_feed_forward_length');
  const queries = layout.heads * Math.max(number('attention.key_length'), layout.heads > 0 ? width / layout.heads : 0);
  const inner = number('ssm.inner_size');
  return 4 * width + Math.max(3 * widest('feed_forward_length'), experts + shared, 4 * queries, 6 * inner);
};

const computeBytesOf = (header: GgufHeader, layout: CacheLayout, options: MemoryOptions): number => {
  const cells = cellsOf(layout, options);
  const tokens = Math.min(options.microBatch, options.contextTokens);
  const vocabulary = vocabularySize(header);
  const logits = (options.outputRows ?? options.sequences) * vocabulary + 8 * tokens * layout.embeddingLength;
  const activations = Math.max(tokens * activationFloats(header, layout), logits) * 4;
  // F16 masks of cells by tokens; without a cache, tokens by tokens.
  const attends = layout.layers.some(({ valuesPerToken, sliding }) => valuesPerToken > 0 && !sliding);
  const slides = layout.layers.some(({ valuesPerToken, sliding }) => valuesPerToken > 0 && sliding);
  const maskCells = layout.cacheless ? tokens : (attends ? cells.full : 0) + (slides ? cells.sliding : 0);
  const outputs = options.sequences * vocabulary * 4;
  const plain = options.plainAttention === true;
  const scoreCells = Math.max(attends ? cells.full : 0, slides ? cells.sliding : 0) + layout.latentWidth;
  const scores = plain ? layout.heads * tokens * scoreCells * 4 : 0;
  return Math.round(activations + scores + maskCells * tokens * (plain ? 4 : 2) + outputs + 4 * MiB);
};

/** Measured: Node with the libraries loaded, and what llama.cpp's vocabulary tables take per entry. */
const processBytesOf = (header: GgufHeader): number => {
  const merges = header.metadata.get('tokenizer.ggml.merges');
  return 64 * MiB + 200 * vocabularySize(header) + 180 * (typeof merges === 'object' ? merges.length : 0);
};

/** Throws ModelError `malformed` where the architecture's own numbers are missing. */
export const memoryNeed = (header: GgufHeader, options: MemoryOptions): MemoryNeed => {
  const layout = cacheLayout(header);
  const cells = cellsOf(layout, options);
  // Values that lie transposed, as plain attention wants them, take the widest layer's room in every layer.
  const widest = options.plainAttention === true ? Math.max(...layout.layers.map((one) => one.attentionValues)) : 0;
  const keptPerToken = ({ valuesPerToken, attentionValues }: CacheLayer): number =>
    valuesPerToken + (attentionValues === 0 ? 0 : Math.max(0, widest - attentionValues));
  const parts = {
    weightBytes: weightBytesOf(header),
    kvBytes: Math.ceil(
      layout.layers.reduce(
        (sum, layer) => sum + keptPerToken(layer) * (layer.sliding ? cells.sliding : cells.full),
        0,
      ) *
        cells.streams *
        options.kvValueBytes,
    ),
    stateBytes:
      layout.layers.reduce((sum, { stateValues }) => sum + stateValues, 0) * Math.max(1, options.sequences) * 4,
    computeBytes: computeBytesOf(header, layout, options),
    processBytes: processBytesOf(header),
  };
  return { ...parts, totalBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
};

/** Tokens in the file's vocabulary; 0 where it has none. */
export const vocabularySize = (header: GgufHeader): number => {
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  if (typeof tokens === 'object') return tokens.length;
  const architecture = header.metadata.get('general.architecture');
  return typeof architecture === 'string' ? (metadataNumber(header, `${architecture}.vocab_size`) ?? 0) : 0;
};
