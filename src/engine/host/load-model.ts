/**
 * Loads a model file and makes the context that answers are decoded in: decides the KV layout, the slots, the threads,
 * and what can be reused of a finished sequence.
 *
 * Throws EngineError; what llama.cpp says of a file that it refuses goes to standard error, where the parent reads it.
 */
import { freemem } from 'node:os';
import { type Llama, loadLlama } from '../../llama/load-llama.js';
import type { Pointer } from '../../llama/structs.js';
import { createThreadPool } from '../../llama/thread-pool.js';
import type { EngineModelInfo } from '../engine.js';
import { EngineError } from '../engine-error.js';
import type { SchedulerConfig } from '../scheduler-types.js';
import { readModelFacts } from './model-facts.js';
import type { HostOptions } from './protocol.js';
import { defaultThreads } from './thread-count.js';
import { createVocabulary, type Vocabulary } from './vocabulary.js';

export interface LoadedModel {
  readonly llama: Llama;
  readonly model: Pointer;
  /** Null for models that only embed. */
  readonly context: Pointer | null;
  readonly vocabulary: Vocabulary;
  readonly info: EngineModelInfo;
  readonly config: SchedulerConfig;
  readonly threads: number;
  /** Compute threads kept between calls; null on a GPU. */
  readonly threadPool: Pointer | null;
  readonly onGpu: boolean;
  /** Width of the sliding window; 0 for none. */
  readonly window: number;
  /** `llama_pooling_type` that the file asks for; -1 where it says nothing. */
  readonly pooling: number;
  readonly causal: boolean;
}

const defaultContext = 8192;
const defaultParallel = 4;
/** Rows of one decode call, on a CPU and on a GPU. */
const batchRows = { cpu: 512, gpu: 2048 } as const;
/**
 * Rows computed at once. On a CPU few enough that the attention scores of a layer stay near the cache: 128 were the
 * fastest of 64 to 512 at two model sizes.
 */
const microBatchRows = { cpu: 128, gpu: 512 } as const;
/** On a CPU, attention scores of a whole micro-batch may take so much; longer contexts fall back to flash attention. */
const scoreLimitBytes = 512 * 2 ** 20;
/**
 * With so many sequences and heads so wide flash attention is the faster on a CPU (docs/decisions/0009-attention.md);
 * `src/models/fits.ts` counts on the same.
 */
export const prefersFlash = (sequences: number, headWidth: number): boolean => sequences >= 8 && headWidth >= 64;
/** Flash attention over fewer rows than this goes row by row in ggml (GGML_FA_TILE_Q), so pieces of any size agree. */
const tileRows = 64;
/** From 257 cells on, its row alone has its cells shared out among the threads; see docs/decisions/0009-attention.md. */
const aloneCells = 256;
/** Slots for retained sequences beside the running ones, where slots cost no cells of their own. */
const retainedSlots = 32;
/** Memory moves at about this many bytes per millisecond. */
const moveBytesPerMs = 4e6;

/** `llama_flash_attn_type`. */
const flashAttention = { auto: -1, off: 0 } as const;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

interface Layout {
  readonly layout: 'separate' | 'unified';
  readonly slots: number;
  readonly cells: number;
}

/** Separate streams decode faster; a pool is for what they cannot do, or what does not fit as separate streams. */
export const chooseLayout = (wanted: {
  readonly layout: HostOptions['kvLayout'];
  readonly hasState: boolean;
  readonly parallel: number;
  readonly contextLength: number;
  readonly cellBytes: number;
  readonly limitBytes: number;
}): Layout => {
  const { parallel, contextLength, cellBytes } = wanted;
  const whole = parallel * contextLength;
  const fits = whole * cellBytes <= wanted.limitBytes;
  const separate = !wanted.hasState && (wanted.layout === 'separate' || (wanted.layout === 'auto' && fits));
  if (separate) return { layout: 'separate', slots: parallel, cells: whole };
  const affordable = Math.floor(wanted.limitBytes / Math.max(cellBytes, 1) / 256) * 256;
  return {
    layout: 'unified',
    // A recurrent model keeps a whole state for each slot.
    slots: Math.min(256, wanted.hasState ? 2 * parallel : parallel + retainedSlots),
    cells: fits ? whole : Math.max(contextLength, Math.min(whole, affordable)),
  };
};

export const loadModel = (options: HostOptions): LoadedModel => {
  const llama = loadLlama({ log: true });
  const modelParams = llama.llama_model_default_params();
  modelParams.n_gpu_layers = options.gpuLayers;
  const model = llama.llama_model_load_from_file(options.path, modelParams);
  if (model === null) throw new EngineError('model-load-failed', `Cannot load ${options.path}`);

  const facts = readModelFacts(llama, model, options);
  if (facts.encoderDecoder || facts.diffusion)
    throw new EngineError(
      'unsupported',
      `Cannot run ${options.path}: ${facts.encoderDecoder ? 'encoder-decoder' : 'diffusion'} models are not supported`,
      { details: { architecture: facts.architecture } },
    );
  const vocabulary = createVocabulary(llama, llama.llama_model_get_vocab(model));
  const gpu = llama.devices().find(({ kind }) => kind === 'gpu' || kind === 'integrated-gpu');
  const onGpu = gpu !== undefined && options.gpuLayers !== 0;
  const threads = options.threads ?? defaultThreads();
  const parallel = Math.min(options.parallel ?? defaultParallel, 256);
  const contextLength = roundUp(
    Math.min(options.contextLength ?? defaultContext, facts.trainedContextLength),
    facts.trainedContextLength % 256 === 0 ? 256 : 1,
  );
  const { layout, slots, cells } = chooseLayout({
    layout: options.kvLayout,
    hasState: facts.hasState,
    parallel,
    contextLength: roundUp(contextLength, 256),
    cellBytes: facts.cellBytes,
    limitBytes: options.kvBytesLimit ?? freemem() / 2,
  });
  const rows = Math.max(onGpu ? batchRows.gpu : batchRows.cpu, 2 * slots);
  const microBatch = Math.min(rows, onGpu ? microBatchRows.gpu : microBatchRows.cpu);
  const scoreBytes = facts.heads * microBatch * (layout === 'separate' ? cells / slots : cells) * 4;
  const isPlain = !onGpu && scoreBytes <= scoreLimitBytes && !prefersFlash(parallel, facts.headWidth);
  const threadPool = onGpu ? null : createThreadPool(llama, { threads, poll: 1 });

  let context: Pointer | null = null;
  if (!facts.embeddingOnly) {
    const params = llama.llama_context_default_params();
    params.n_ctx = cells;
    params.n_batch = rows;
    params.n_ubatch = microBatch;
    params.flash_attn_type = isPlain ? flashAttention.off : flashAttention.auto;
    params.n_seq_max = slots;
    // Every step asks for at most one row of logits for each sequence; room for more would be the largest buffer.
    params.n_outputs_max = slots;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.no_perf = true;
    params.kv_unified = layout === 'unified';
    // With a window-sized cache, shared prefixes could fill it up; full size keeps the count of cells exact.
    params.swa_full = true;
    context = llama.llama_init_from_model(model, params);
    if (context === null)
      throw new EngineError(
        'out-of-memory',
        `Cannot make room for ${cells} tokens of context (${parallel} sequences of ${contextLength})`,
        { details: { cells, parallel, contextLength, cellBytes: facts.cellBytes } },
      );
    if (threadPool !== null) llama.llama_attach_threadpool(context, threadPool, threadPool);
  }

  const moveMsPerCell = facts.cellBytes / moveBytesPerMs;
  return {
    llama,
    model,
    context,
    vocabulary,
    threads,
    threadPool,
    onGpu,
    window: facts.window,
    pooling: facts.pooling,
    causal: facts.causal,
    info: {
      ...facts.info,
      bosToken: vocabulary.bosToken,
      eosToken: vocabulary.eosToken,
      addBos: vocabulary.addBos,
      controlTexts: vocabulary.controlTexts,
      contextLength,
      parallel,
      device: onGpu ? gpu.name : 'CPU',
    },
    config: {
      layout,
      slots,
      cells,
      parallel,
      contextLength,
      queueLimit: options.queueLimit,
      batchRows: rows,
      prefixReuse: facts.hasState ? 'whole' : 'any',
      smallestPrefix: 16,
      spillBytes: options.spillBytes,
      cellBytes: facts.cellBytes,
      moveMsPerCell,
      fillerLimit: onGpu ? 64 : 2,
      mixedBatches: onGpu,
      exact: onGpu || isPlain ? null : { pieceTokens: tileRows - 1, aloneCells },
      budget: { besideMs: 60, aloneMs: 300, smallestTokens: 16, largestTokens: rows },
    },
  };
};
