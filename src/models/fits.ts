/**
 * Does a model fit this machine, and with how long a context for how many sequences at once?
 *
 * Pure: a header and the memory that is available go in, the sizes to load with come out, or an error that says what
 * would fit. Each sequence owns its context; knows nothing of GPUs, whose memory comes on top.
 */
import { basename } from 'node:path';
import { type CacheLayout, cacheLayout } from './cache-layout.js';
import { type GgufHeader, metadataNumber } from './gguf-reader.js';
import { type MemoryNeed, type MemoryOptions, memoryNeed } from './memory-need.js';
import { ModelError } from './model-error.js';
import { formatBytes } from './system-memory.js';

export interface FitOptions {
  /** Tokens of prompt and answer of one sequence; absent: as many as fit sensibly. */
  readonly contextTokens?: number;
  /** Sequences at once; absent: up to 8. */
  readonly parallel?: number;
  readonly availableBytes: number;
}

export interface Fit {
  /** Per sequence. */
  readonly contextTokens: number;
  readonly parallel: number;
  readonly need: MemoryNeed;
  /** What kept the context from being longer. */
  readonly limitedBy: 'asked' | 'trained' | 'memory';
}

/** What the engine host computes at once on a CPU, and how much the attention scores of that may take at most. */
const microBatch = 128;
const scoreLimitBytes = 512 * 2 ** 20;
/** From both on the engine host uses flash attention. */
const flashFrom = { sequences: 8, headWidth: 64 } as const;
const kvValueBytes = 2;
const step = 256;
/** The engine embeds texts of up to this many tokens, in pieces of so many where the model allows it. */
const longestEmbedding = 8192;
const embeddingPiece = 64;
const parallelChoices = [8, 4, 2];
/** An unasked-for number of sequences must leave each at least this. */
const comfortableContext = 8192;
/** Below this, an unasked-for context may use all of the memory. */
const modestContext = 4096;
/** Share of what the model leaves free that an unasked-for context may take: the cache is filled when it is made. */
const unaskedShare = 0.25;

interface Sizer {
  readonly trained: number;
  need(context: number, parallel: number): MemoryNeed;
  /** The largest context from `low` to `high` that needs at most `bytes`, or null. */
  largest(range: { readonly low: number; readonly high: number }, parallel: number, bytes: number): number | null;
}

/** How the engine host lays out its context for this kind of model (src/engine/host). */
/** Models that only embed: those that read a text in one piece (encoders), and those whose file asks for pooling. */
export const embeddingKind = (
  header: GgufHeader,
  { architecture, cacheless }: CacheLayout,
): { readonly embedsOnly: boolean; readonly wholeAtOnce: boolean } => {
  const wholeAtOnce = cacheless || header.metadata.get(`${architecture}.attention.causal`) === false;
  const pooling = metadataNumber(header, `${architecture}.pooling_type`) ?? -1;
  return { embedsOnly: wholeAtOnce || pooling > 0, wholeAtOnce };
};

const hostOptions = (header: GgufHeader, layout: CacheLayout) => {
  const { embedsOnly, wholeAtOnce } = embeddingKind(header, layout);
  const hasState = layout.layers.some(({ stateValues }) => stateValues > 0);
  const { architecture } = layout;
  const headWidth =
    metadataNumber(header, `${architecture}.attention.key_length`) ??
    (metadataNumber(header, `${architecture}.embedding_length`) ?? 0) / layout.heads;
  return (context: number, parallel: number): MemoryOptions => {
    // Embedding models read one text at a time, encoders all of it in one piece, and each token may be an output.
    if (embedsOnly) {
      const tokens = Math.min(context, longestEmbedding);
      const rows = wholeAtOnce ? tokens : Math.min(embeddingPiece, tokens);
      const outputRows = layout.cacheless ? 1 : rows;
      return { contextTokens: tokens, sequences: 1, microBatch: rows, kvValueBytes, outputRows };
    }
    // A state cannot be cut back to a prefix, so finished ones are kept beside the running ones, over one pool of cells.
    const sequences = hasState ? 2 * parallel : parallel;
    const scoreBytes = layout.heads * microBatch * (hasState ? context * parallel : context) * 4;
    return {
      contextTokens: context * parallel,
      sequences,
      microBatch,
      kvValueBytes,
      unified: hasState,
      plainAttention:
        scoreBytes <= scoreLimitBytes && !(parallel >= flashFrom.sequences && headWidth >= flashFrom.headWidth),
    };
  };
};

const sizerOf = (header: GgufHeader): Sizer => {
  const layout = cacheLayout(header);
  const trained = metadataNumber(header, `${layout.architecture}.context_length`);
  if (trained === null || trained < 1)
    throw new ModelError(
      'malformed',
      `Cannot size ${header.path}: ${layout.architecture}.context_length is ${trained}.`,
    );
  const optionsFor = hostOptions(header, layout);
  const need = (context: number, parallel: number): MemoryNeed => memoryNeed(header, optionsFor(context, parallel));
  return {
    trained,
    need,
    largest({ low, high }, parallel, bytes) {
      const fits = (context: number): boolean => need(context, parallel).totalBytes <= bytes;
      if (fits(high)) return high;
      if (!fits(low)) return null;
      // In steps of whole blocks of cells; `low` fits and `high` does not.
      let [sure, unsure] = [Math.ceil(low / step), Math.ceil(high / step)];
      while (unsure - sure > 1) {
        const middle = Math.floor((sure + unsure) / 2);
        if (fits(middle * step)) sure = middle;
        else unsure = middle;
      }
      return Math.min(high, Math.max(low, sure * step));
    },
  };
};

/** Bytes that a context nobody asked for may use. */
const unaskedBytes = (sizer: Sizer, parallel: number, availableBytes: number): number => {
  const least = sizer.need(Math.min(sizer.trained, step), parallel).totalBytes;
  return least + Math.max(0, availableBytes - least) * unaskedShare;
};

const chooseParallel = (sizer: Sizer, context: number, availableBytes: number): number =>
  parallelChoices.find(
    (parallel) => sizer.need(context, parallel).totalBytes <= unaskedBytes(sizer, parallel, availableBytes),
  ) ?? 1;

const tooLarge = (
  header: GgufHeader,
  sizer: Sizer,
  tried: { readonly context: number; readonly parallel: number; readonly availableBytes: number },
): ModelError => {
  const { context, parallel, availableBytes } = tried;
  const fitting = (sequences: number): number | null =>
    context <= step ? null : sizer.largest({ low: step, high: context }, sequences, availableBytes);
  const [here, alone] = [fitting(parallel), parallel > 1 ? fitting(1) : null];
  const advice = [
    ...(here === null || here >= context ? [] : [`--context ${here}`]),
    ...(alone === null ? [] : [alone >= context ? '--parallel 1' : `--parallel 1 --context ${alone}`]),
    'a smaller quantization',
  ];
  const sequences = parallel === 1 ? 'one sequence' : `each of ${parallel} sequences`;
  const choices = advice.length === 1 ? advice[0] : `${advice.slice(0, -1).join(', ')} or ${advice.at(-1)}`;
  return new ModelError(
    'too-large',
    `Cannot load ${basename(header.path)}: it needs ${formatBytes(sizer.need(context, parallel).totalBytes)} with ${context} tokens for ${sequences}, ${formatBytes(availableBytes)} are free; try ${choices}.`,
  );
};

/**
 * Chooses the sizes to load a model with. What is asked for is kept or refused, but for a context longer than the model
 * was trained for, which is cut to that; what is not asked for is chosen so that it fits and leaves memory to others.
 * Throws ModelError `too-large` with what would fit, or `malformed`.
 */
export const checkFit = (header: GgufHeader, options: FitOptions): Fit => {
  const { availableBytes } = options;
  const sizer = sizerOf(header);
  const asked = options.contextTokens === undefined ? null : Math.min(options.contextTokens, sizer.trained);
  const parallel =
    options.parallel ?? chooseParallel(sizer, asked ?? Math.min(sizer.trained, comfortableContext), availableBytes);
  const least = Math.min(sizer.trained, step);
  const sized = (contextTokens: number, limitedBy: Fit['limitedBy']): Fit => ({
    contextTokens,
    parallel,
    need: sizer.need(contextTokens, parallel),
    limitedBy,
  });
  if (asked !== null) {
    if (sizer.need(asked, parallel).totalBytes > availableBytes)
      throw tooLarge(header, sizer, { context: asked, parallel, availableBytes });
    return sized(asked, options.contextTokens === asked ? 'asked' : 'trained');
  }
  const within = (high: number, bytes: number): number | null => sizer.largest({ low: least, high }, parallel, bytes);
  const modest = within(Math.min(sizer.trained, modestContext), availableBytes);
  if (modest === null) throw tooLarge(header, sizer, { context: least, parallel, availableBytes });
  const context = Math.max(modest, within(sizer.trained, unaskedBytes(sizer, parallel, availableBytes)) ?? 0);
  return sized(context, context === sizer.trained ? 'trained' : 'memory');
};
