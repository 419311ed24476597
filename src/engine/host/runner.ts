/**
 * Runs the scheduler's steps on llama.cpp: fills batches, decodes, samples, and sends what came of it.
 *
 * One decode call blocks the thread; commands are taken between calls. Knows nothing of where messages go.
 */
import { randomInt } from 'node:crypto';
import { createBatch } from '../../llama/batch.js';
import { viewFloats } from '../../llama/native-memory.js';
import type { Pointer } from '../../llama/structs.js';
import { EngineError } from '../engine-error.js';
import { createScheduler } from '../scheduler.js';
import type { CacheOperation, Sequence, StepGroup } from '../scheduler-types.js';
import { createCacheOperator } from './cache-operations.js';
import { createCandidates } from './candidates.js';
import { createGeneration, type Generation } from './generation.js';
import { type CandidateMemory, createCandidateMemory, createGrammarGate } from './grammar-gate.js';
import type { LoadedModel } from './load-model.js';
import { createOutbox } from './outbox.js';
import type { WireError, WireEvent, WireGenerate, WireSampling, WireStats } from './protocol.js';
import { createSampler } from './sampler.js';

export interface Runner {
  generate(id: number, request: WireGenerate): void;
  cancel(id: number): void;
  /** Computes one step; false when there is nothing to do. */
  step(): boolean;
  /** Sends what waits to be sent; for others that are about to take their time. */
  flush(): void;
}

export interface RunnerOptions {
  readonly model: LoadedModel & { readonly context: Pointer };
  readonly send: (events: readonly WireEvent[], stats: WireStats) => void;
  /** Milliseconds since 1970, with fractions. */
  readonly now: () => number;
}

export const toWireError = (error: unknown): WireError =>
  error instanceof EngineError
    ? { code: error.code, message: error.message, details: error.details }
    : { code: 'decode-failed', message: error instanceof Error ? error.message : String(error), details: {} };

const samplingOf = (sampling: WireSampling) => ({
  ...sampling,
  logitBias: (sampling.logitBias ?? []).map(([token, bias]) => [token, bias ?? -Infinity] as const),
});

export const createRunner = ({ model, send, now }: RunnerOptions): Runner => {
  const { llama, context, vocabulary, config } = model;
  const scheduler = createScheduler(config);
  const generations = new Map<number, Generation>();
  const cache = createCacheOperator({
    llama,
    context,
    layout: config.layout,
    onGpu: model.onGpu,
    window: model.window,
    wholeOnly: config.prefixReuse === 'whole',
  });
  const batch = createBatch(config.batchRows + config.slots);
  const scratch = createCandidates(vocabulary.size);
  let candidateMemory: CandidateMemory | null = null;
  const outbox = createOutbox();
  const counters = { prompt: 0, cached: 0, completion: 0, steps: 0, stepSequences: 0 };
  /** Views of llama.cpp's logits, made again when its buffer moves. */
  let logitsAt: Pointer | null = null;
  let rows: Float32Array[] = [];

  const logitsRow = (base: Pointer, row: number): Float32Array => {
    if (base !== logitsAt) {
      logitsAt = base;
      rows = [];
    }
    rows[row] ??= viewFloats(base + BigInt(row * vocabulary.size * 4), vocabulary.size);
    return rows[row]!;
  };

  const stats = (): WireStats => [
    scheduler.running,
    scheduler.queued,
    scheduler.cellsUsed,
    scheduler.cellsTotal,
    counters.prompt,
    counters.cached,
    counters.completion,
    counters.steps,
    counters.stepSequences,
  ];

  /** What the other side was told last: how many run and wait. */
  let told = 0;
  const flush = (atOnce: boolean): void => {
    const alive = scheduler.running * 1e6 + scheduler.queued;
    const nowMs = performance.now();
    const due = atOnce ? outbox.events.length > 0 : outbox.isDue(nowMs);
    if (!due && alive === told) return;
    told = alive;
    send(outbox.take(nowMs), stats());
  };

  const forget = (generation: Generation): void => {
    generations.delete(generation.id);
    generation.free();
  };

  const fail = (sequence: Sequence, error: WireError): void => {
    const generation = generations.get(sequence.request.id);
    scheduler.end(sequence, { keep: false });
    if (generation === undefined) return;
    generation.fail(error);
    forget(generation);
  };

  /**
   * Megabytes of text take seconds to tokenize, and everybody waits: a beginning that is far too long is enough to know.
   * Twice the context, because a cut in the middle of the text may change the tokens around it.
   */
  const refuseHopeless = (text: string): void => {
    const { contextLength } = config;
    const sampled = contextLength * 16;
    if (text.length <= 4 * sampled) return;
    const { length } = vocabulary.tokenize(text.slice(0, sampled), { addSpecial: true, parseSpecial: true });
    if (length <= 2 * contextLength) return;
    throw new EngineError(
      'context-overflow',
      `Cannot run a prompt of ${text.length} characters: its first ${sampled} are ${length} tokens, the context holds ${contextLength}`,
      { details: { promptTokens: length, contextLength } },
    );
  };

  const promptOf = (request: WireGenerate): Int32Array => {
    const { prompt } = request;
    if (typeof prompt === 'string') {
      refuseHopeless(prompt);
      return vocabulary.tokenize(prompt, { addSpecial: true, parseSpecial: true });
    }
    if ('parts' in prompt) {
      refuseHopeless(prompt.parts.join(''));
      const pieces = prompt.parts.map((part, index) =>
        vocabulary.tokenize(part, { addSpecial: index === 0, parseSpecial: true }),
      );
      return Int32Array.from(pieces.flatMap((piece) => [...piece]));
    }
    for (const token of prompt)
      if (!Number.isInteger(token) || token < 0 || token >= vocabulary.size)
        throw new EngineError(
          'invalid-request',
          `Cannot use the token ${token}: the vocabulary has ${vocabulary.size} tokens`,
        );
    return Int32Array.from(prompt);
  };

  const admit = (id: number, request: WireGenerate): void => {
    const prompt = promptOf(request);
    if (prompt.length === 0) throw new EngineError('invalid-request', 'Cannot generate from an empty prompt');
    const room = config.contextLength - prompt.length;
    if (room < 1)
      throw new EngineError(
        'context-overflow',
        `Cannot run a prompt of ${prompt.length} tokens: the context holds ${config.contextLength}, one of them for the answer`,
        { details: { promptTokens: prompt.length, contextLength: config.contextLength } },
      );
    candidateMemory ??= request.grammar === null ? null : createCandidateMemory(llama, vocabulary.size);
    const gate =
      request.grammar === null || candidateMemory === null
        ? null
        : createGrammarGate(request.grammar, { llama, vocabulary, memory: candidateMemory });
    const sampler = createSampler({
      sampling: samplingOf(request.sampling),
      seed: request.sampling.seed ?? randomInt(2 ** 47),
      gate,
      scratch,
    });
    const generation = createGeneration({ id, request, vocabulary, sampler, outbox });
    const outcome = scheduler.submit({
      id,
      client: request.client,
      scope: request.cacheScope,
      prompt,
      maxTokens: Math.min(request.maxTokens ?? room, room),
      deadlineMs: request.deadlineMs === null ? Infinity : request.submittedMs + request.deadlineMs,
      exact: request.sampling.seed !== undefined,
    });
    if (outcome === 'full') {
      generation.free();
      throw new EngineError('queue-full', `Cannot queue the request: ${config.queueLimit} wait already`, {
        details: { limit: config.queueLimit },
      });
    }
    generations.set(id, generation);
  };

  const fillBatch = (group: StepGroup): void => {
    batch.clear();
    // Slots must come in order where each has a stream of its own.
    let filler = 0;
    const addFillers = (below: number): void => {
      for (; filler < fillers.length && fillers[filler]! < below; filler++)
        batch.add(0, scheduler.slotLength(fillers[filler]!), fillers[filler]!, false);
    };
    const fillers = group.fillers.length > 1 ? group.fillers.sort((a, b) => a - b) : group.fillers;
    for (const { sequence, from, count, logits } of group.rows) {
      addFillers(sequence.slot);
      const tokens = sequence.tokens!;
      const last = from + count - 1;
      for (let position = from; position <= last; position++)
        batch.add(tokens[position]!, position, sequence.slot, logits && position === last);
    }
    addFillers(Infinity);
  };

  const accept = (sequence: Sequence, logits: Float32Array, nowMs: number): void => {
    const generation = generations.get(sequence.request.id);
    if (generation === undefined) {
      scheduler.end(sequence);
      return;
    }
    if (sequence.request.maxTokens === 0) {
      generation.readPrompt(logits);
      generation.finishByLength(nowMs);
    } else {
      const before = generation.made;
      const token = generation.next(logits, nowMs);
      counters.completion += generation.made - before;
      if (token !== null) {
        if (scheduler.append(sequence, token)) return;
        generation.finishByLength(nowMs);
      }
    }
    scheduler.end(sequence);
    forget(generation);
  };

  const runGroup = (group: StepGroup): void => {
    if (group.rows.length === 0) return;
    fillBatch(group);
    const startMs = performance.now();
    const result = llama.llama_decode(context, batch.struct);
    for (const slot of group.fillers) cache.truncate(slot, scheduler.slotLength(slot));
    if (result !== 0) {
      for (const { sequence, from } of group.rows) {
        cache.truncate(sequence.slot, from);
        fail(sequence, {
          code: 'decode-failed',
          message: `llama_decode failed with ${result} on a batch of ${batch.size} tokens`,
          details: { result, tokens: batch.size },
        });
      }
      return;
    }
    cache.settled();
    const base = group.rows.some((row) => row.logits) ? llama.llama_get_logits(context) : null;
    if (model.onGpu) llama.llama_synchronize(context);
    scheduler.commit(group, performance.now() - startMs);
    if (base === null) return;
    const nowMs = now();
    let row = 0;
    let sequences = 0;
    for (const { sequence, logits } of group.rows) {
      if (!logits) continue;
      sequences++;
      try {
        accept(sequence, logitsRow(base, row++), nowMs);
      } catch (error) {
        fail(sequence, toWireError(error));
      }
    }
    counters.steps++;
    counters.stepSequences += sequences;
  };

  const runOperations = (operations: readonly CacheOperation[]): void => {
    for (const operation of operations) {
      if (cache.run(operation)) continue;
      if (operation.type === 'copy') scheduler.prefixFailed(operation.to);
      else if (operation.type === 'restore') scheduler.prefixFailed(operation.slot);
      else if (operation.type === 'spill') scheduler.spillFailed(operation.blob);
    }
  };

  /** Cells that were taken over may turn out to be gone (sliding windows forget). */
  const checkPlaced = (placed: readonly Sequence[]): void => {
    for (const sequence of placed) {
      if (cache.isWhole(sequence.slot, sequence.computed)) continue;
      cache.truncate(sequence.slot, 0);
      scheduler.prefixFailed(sequence.slot);
    }
  };

  const announce = (started: readonly Sequence[]): void => {
    for (const sequence of started) {
      counters.prompt += sequence.length;
      counters.cached += sequence.cachedTokens;
      generations.get(sequence.request.id)?.start(sequence.length, sequence.cachedTokens, now());
    }
  };

  return {
    flush: () => flush(true),
    generate(id, request) {
      try {
        admit(id, request);
      } catch (error) {
        outbox.push(['error', id, toWireError(error)]);
        flush(true);
      }
    },
    cancel(id) {
      scheduler.cancel(id);
      const generation = generations.get(id);
      if (generation !== undefined) forget(generation);
    },
    step() {
      const plan = scheduler.plan(now());
      for (const { request } of plan.expired) {
        const generation = generations.get(request.id);
        if (generation === undefined) continue;
        generation.fail({
          code: 'deadline',
          message: `The request was not done by its deadline, after ${generation.made} tokens`,
          details: { completionTokens: generation.made },
        });
        forget(generation);
      }
      runOperations(plan.operations);
      checkPlaced(plan.placed);
      announce(plan.started);
      for (let index = 0; index < plan.groupCount; index++) {
        runGroup(plan.groups[index]!);
        // What the streams got should not wait for the prompts of others.
        flush(index + 1 < plan.groupCount);
      }
      flush(false);
      return scheduler.running + scheduler.queued > 0;
    },
  };
};
