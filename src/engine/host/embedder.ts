/**
 * Computes embeddings in a context of their own, piece by piece between the steps of running answers.
 *
 * Causal models give a vector for each token, which is pooled here, so that long inputs go in pieces; encoders see an
 * input as a whole and pool it themselves. Vectors have length 1.
 */
import { type Batch, createBatch } from '../../llama/batch.js';
import { viewFloats } from '../../llama/native-memory.js';
import type { Pointer } from '../../llama/structs.js';
import { EngineError } from '../engine-error.js';
import type { LoadedModel } from './load-model.js';
import type { WireEmbed, WireError } from './protocol.js';
import { toWireError } from './runner.js';

export interface EmbedderOutput {
  /** `count` vectors one after another. */
  done(id: number, vectors: Float32Array, count: number, promptTokens: number): void;
  failed(id: number, error: WireError): void;
}

export interface Embedder {
  embed(id: number, request: WireEmbed): void;
  cancel(id: number): void;
  /** True while there is something to compute. */
  readonly busy: boolean;
  /** Computes one piece; false when there is nothing to do. */
  step(): boolean;
}

/** Values of `llama_pooling_type`. */
const pooling = { none: 0, mean: 1, cls: 2, last: 3, rank: 4 } as const;
/** Tokens of one piece: small, because running answers wait for it. */
const pieceTokens = 64;

interface Job {
  readonly id: number;
  readonly inputs: readonly Int32Array[];
  readonly deadlineMs: number;
  readonly vectors: Float32Array;
  /** Input being computed, and its tokens done. */
  input: number;
  done: number;
}

interface EmbeddingContext {
  readonly context: Pointer;
  readonly batch: Batch;
  readonly longest: number;
}

export const createEmbedder = (
  model: LoadedModel,
  output: EmbedderOutput & { readonly now: () => number },
): Embedder => {
  const { llama, vocabulary, info } = model;
  const width = info.embeddingLength;
  const jobs: Job[] = [];
  const kind = model.pooling < 0 ? pooling.mean : model.pooling;
  let opened: EmbeddingContext | null = null;

  const open = (): EmbeddingContext => {
    if (kind === pooling.rank)
      throw new EngineError('unsupported', `Cannot embed with ${info.name}: it ranks pairs of texts`);
    const longest = model.causal ? info.contextLength : Math.min(info.contextLength, 8192);
    const rows = model.causal ? pieceTokens : longest;
    const params = llama.llama_context_default_params();
    params.n_ctx = longest;
    params.n_batch = rows;
    params.n_ubatch = rows;
    params.n_seq_max = 1;
    params.n_threads = model.threads;
    params.n_threads_batch = model.threads;
    params.embeddings = true;
    params.no_perf = true;
    params.pooling_type = model.causal ? pooling.none : kind;
    const context = llama.llama_init_from_model(model.model, params);
    if (context === null)
      throw new EngineError('out-of-memory', `Cannot make room to embed inputs of up to ${longest} tokens`, {
        details: { contextLength: longest },
      });
    if (model.threadPool !== null) llama.llama_attach_threadpool(context, model.threadPool, model.threadPool);
    return { context, batch: createBatch(rows), longest };
  };

  const tokensOf = (input: string | readonly number[], index: number, longest: number): Int32Array => {
    const tokens =
      typeof input === 'string'
        ? vocabulary.tokenize(input, { addSpecial: true, parseSpecial: false })
        : Int32Array.from(input);
    if (tokens.length === 0) throw new EngineError('invalid-request', `Cannot embed input ${index}: it is empty`);
    if (tokens.some((token) => token < 0 || token >= vocabulary.size))
      throw new EngineError(
        'invalid-request',
        `Cannot embed input ${index}: it has a token outside the vocabulary of ${vocabulary.size}`,
      );
    if (tokens.length > longest)
      throw new EngineError(
        'context-overflow',
        `Cannot embed input ${index} of ${tokens.length} tokens: the context holds ${longest}`,
        { details: { promptTokens: tokens.length, contextLength: longest } },
      );
    return tokens;
  };

  const normalize = (vector: Float32Array): void => {
    let square = 0;
    for (const value of vector) square += value * value;
    const length = Math.sqrt(square);
    if (length > 0) for (let index = 0; index < vector.length; index++) vector[index]! /= length;
  };

  /** Adds one token's vector to what the input's vector is made of. */
  const pool = (into: Float32Array, row: Float32Array, position: number, last: boolean): void => {
    if (kind === pooling.cls ? position === 0 : kind === pooling.last ? last : false) into.set(row);
    else if (kind === pooling.mean || kind === pooling.none)
      for (let index = 0; index < width; index++) into[index]! += row[index]!;
  };

  const compute = ({ context, batch }: EmbeddingContext, job: Job): void => {
    const tokens = job.inputs[job.input]!;
    const count = Math.min(batch.capacity, tokens.length - job.done);
    const into = job.vectors.subarray(job.input * width, (job.input + 1) * width);
    batch.clear();
    for (let index = 0; index < count; index++) batch.add(tokens[job.done + index]!, job.done + index, 0, true);
    const result = llama.llama_decode(context, batch.struct);
    if (result !== 0)
      throw new EngineError('decode-failed', `llama_decode failed with ${result} on ${count} tokens to embed`, {
        details: { result, tokens: count },
      });
    if (model.causal) {
      const base = llama.llama_get_embeddings(context);
      if (base === null) throw new EngineError('decode-failed', 'llama.cpp gave no embeddings');
      for (let index = 0; index < count; index++) {
        const row = viewFloats(base + BigInt(index * width * 4), width);
        pool(into, row, job.done + index, job.done + index === tokens.length - 1);
      }
    } else {
      const vector = llama.llama_get_embeddings_seq(context, 0);
      if (vector === null) throw new EngineError('unsupported', `Cannot embed with ${info.name}: it pools nothing`);
      into.set(viewFloats(vector, width));
    }
    job.done += count;
    if (job.done < tokens.length) return;
    normalize(into);
    const memory = llama.llama_get_memory(context);
    if (memory !== null) llama.llama_memory_clear(memory, false);
    job.input++;
    job.done = 0;
  };

  const reset = (): void => {
    const memory = opened === null ? null : llama.llama_get_memory(opened.context);
    if (memory !== null) llama.llama_memory_clear(memory, false);
  };

  return {
    embed(id, request) {
      try {
        opened ??= open();
        const { longest } = opened;
        const inputs = request.inputs.map((input, index) => tokensOf(input, index, longest));
        jobs.push({
          id,
          inputs,
          deadlineMs: request.deadlineMs === null ? Infinity : request.submittedMs + request.deadlineMs,
          vectors: new Float32Array(inputs.length * width),
          input: 0,
          done: 0,
        });
      } catch (error) {
        output.failed(id, toWireError(error));
      }
    },
    cancel(id) {
      const index = jobs.findIndex((job) => job.id === id);
      if (index < 0) return;
      jobs.splice(index, 1);
      if (index === 0) reset();
    },
    get busy() {
      return jobs.length > 0;
    },
    step() {
      const job = jobs[0];
      if (job === undefined || opened === null) return false;
      try {
        if (job.deadlineMs <= output.now())
          throw new EngineError('deadline', `The inputs were not embedded by the deadline, ${job.input} were`);
        if (job.input < job.inputs.length) compute(opened, job);
      } catch (error) {
        jobs.shift();
        reset();
        output.failed(job.id, toWireError(error));
        return true;
      }
      if (job.input < job.inputs.length) return true;
      jobs.shift();
      const promptTokens = job.inputs.reduce((sum, tokens) => sum + tokens.length, 0);
      output.done(job.id, job.vectors, job.inputs.length, promptTokens);
      return true;
    },
  };
};
