/**
 * A deterministic Engine in memory for the tests of other rooms: scripted answers, word-level pseudo tokens, optional
 * delays and faults.
 *
 * It keeps the contract (places, queue, deadlines, cancellation, stop strings, prefix counting, faults) but computes
 * nothing: grammars are only looked at for being one, log-probabilities and vectors are made up from the text.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type {
  EmbedRequest,
  EmbedResult,
  Engine,
  CallOptions as EngineCallOptions,
  EngineModelInfo,
  EngineStats,
  FinishReason,
  GenerateEvent,
  GenerateRequest,
  TokenLogprobs,
} from './engine.js';
import { EngineError } from './engine-error.js';
import { createFakeGate } from './fake-gate.js';
import { createFakeVocabulary } from './fake-vocabulary.js';
import { createStopMatcher } from './stop-matcher.js';

/** What the fake says to one request. */
export interface FakeAnswer {
  readonly text: string;
  /** Thrown after `errorAfterTokens` tokens (default: before the first). */
  readonly error?: EngineError;
  readonly errorAfterTokens?: number;
  /** Answers `firstTokenLogprobsOf`; default: all equally likely. */
  readonly firstTokenLogprobs?: readonly number[];
}

export interface FakeEngineOptions {
  /** Default `fake`. */
  readonly name?: string;
  /** Default: echoes the prompt's last line. */
  readonly respond?: (prompt: string, request: GenerateRequest) => string | FakeAnswer | Promise<string | FakeAnswer>;
  readonly info?: Partial<EngineModelInfo>;
  /** Waits before each token; default 0 (one turn of the event loop). */
  readonly tokenDelayMs?: number;
  readonly firstTokenDelayMs?: number;
  /** Requests that may wait for a place before `queue-full`; default 1,000. */
  readonly queueLimit?: number;
}

export interface FakeEngine extends Engine {
  /** Every generate request so far, oldest first. */
  readonly requests: readonly GenerateRequest[];
  readonly embedRequests: readonly EmbedRequest[];
  /** Requests that ended by `cancelled` (signal or an iterator left early). */
  readonly cancelledCount: number;
  /** What a dying host does: requests in flight fail with `host-crashed`, the next ones work. */
  crash(): void;
}

const vectorOf = (text: string, length: number): Float32Array => {
  const vector = new Float32Array(length);
  let state = 2166136261;
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 16777619);
  let square = 0;
  for (let index = 0; index < length; index++) {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + index;
    const value = (state >> 16) / 32768 + 1e-6;
    vector[index] = value;
    square += value * value;
  }
  return vector.map((value) => value / Math.sqrt(square));
};

const commonPrefix = (a: readonly number[], b: readonly number[]): number => {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
};

const lastLine = (prompt: string): string => prompt.trimEnd().split('\n').at(-1) ?? '';

export const createFakeEngine = (options: FakeEngineOptions = {}): FakeEngine => {
  const vocabulary = createFakeVocabulary();
  const info: EngineModelInfo = {
    name: options.name ?? 'fake',
    architecture: 'fake',
    description: 'fake words',
    parameterCount: 0,
    fileBytes: 0,
    contextLength: 4096,
    trainedContextLength: 4096,
    vocabularySize: 1 << 20,
    embeddingLength: 8,
    chatTemplate: null,
    bosToken: '<|bos|>',
    eosToken: '<|eos|>',
    controlTexts: ['<|bos|>', '<|eos|>'],
    addBos: false,
    metadata: {},
    embeddingOnly: false,
    parallel: 8,
    device: 'CPU',
    ...options.info,
  };
  const gate = createFakeGate({ places: info.parallel, queueLimit: options.queueLimit ?? 1000, name: info.name });
  const requests: GenerateRequest[] = [];
  const embedRequests: EmbedRequest[] = [];
  const seenPrompts: { readonly scope: string; readonly tokens: readonly number[] }[] = [];
  const counters = { prompt: 0, cached: 0, completion: 0, steps: 0, stepSequences: 0, restarts: 0, cancelled: 0 };
  let crashes = new AbortController();

  const textOf = (prompt: GenerateRequest['prompt']): string =>
    typeof prompt === 'string'
      ? prompt
      : 'parts' in prompt
        ? prompt.parts.join('')
        : vocabulary.detokenize(prompt, true);
  const tokensOf = (prompt: GenerateRequest['prompt']): readonly number[] =>
    typeof prompt === 'string' || 'parts' in prompt ? vocabulary.tokenize(textOf(prompt)) : prompt;

  const logprobsOf = (token: number, top: number): TokenLogprobs => {
    const entry = (id: number, logprob: number) => {
      const text = vocabulary.piece(id, true);
      return { token: id, text, bytes: [...Buffer.from(text)], logprob };
    };
    const alternatives = Array.from({ length: top }, (_, rank) =>
      entry(rank === 0 ? token : vocabulary.tokenize(` alternative${rank}`)[0]!, -0.125 - rank),
    );
    return { ...entry(token, -0.125), top: alternatives };
  };

  const wait = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    await (delayMs > 0 ? sleep(delayMs, undefined, { signal, ref: true }) : nextTurn(undefined, { signal })).catch(
      () => undefined,
    );
    if (signal.aborted) throw signal.reason;
  };

  async function* generate(request: GenerateRequest, call: EngineCallOptions = {}): AsyncGenerator<GenerateEvent> {
    const submittedMs = performance.now();
    const promptTokens = tokensOf(request.prompt);
    requests.push(request);
    if (request.grammar !== undefined && !request.grammar.gbnf.includes('::='))
      throw new EngineError('invalid-grammar', `Cannot use the grammar: it has no rule`);
    if (promptTokens.length === 0) throw new EngineError('invalid-request', 'Cannot generate from an empty prompt');
    if (promptTokens.length + 1 > info.contextLength)
      throw new EngineError(
        'context-overflow',
        `Cannot run a prompt of ${promptTokens.length} tokens: the context holds ${info.contextLength}`,
        { details: { promptTokens: promptTokens.length, contextLength: info.contextLength } },
      );

    const stop = gate.endSignal({ call: call.signal, crash: crashes.signal, deadlineMs: request.deadlineMs });
    let place: (() => void) | null = null;
    let ended = false;
    try {
      place = await gate.enter(stop.signal);
      const startedMs = performance.now();
      const scope = request.cacheScope ?? '';
      let cachedTokens = 0;
      for (const seen of seenPrompts)
        if (seen.scope === scope) cachedTokens = Math.max(cachedTokens, commonPrefix(seen.tokens, promptTokens));
      cachedTokens = Math.min(cachedTokens, promptTokens.length - 1);
      seenPrompts.push({ scope, tokens: promptTokens });
      counters.prompt += promptTokens.length;
      counters.cached += cachedTokens;
      yield { type: 'start', promptTokens: promptTokens.length, cachedTokens };

      const said = await (options.respond ?? lastLine)(textOf(request.prompt), request);
      const answer: FakeAnswer = typeof said === 'string' ? { text: said } : said;
      if (request.firstTokenLogprobsOf !== undefined) {
        const { length } = request.firstTokenLogprobsOf;
        yield {
          type: 'first-token-logprobs',
          logprobs: answer.firstTokenLogprobs ?? Array.from({ length }, () => -Math.log(length)),
        };
      }
      const room = info.contextLength - promptTokens.length;
      const limit = Math.min(request.maxTokens ?? room, room);
      const tokens = vocabulary.tokenize(answer.text);
      const matcher = createStopMatcher(request.stop ?? []);
      let reason: FinishReason = 'stop';
      let stopText: string | null = null;
      let made = 0;
      let unreported: number[] = [];
      let ttftMs = 0;
      await wait(options.firstTokenDelayMs ?? 0, stop.signal);
      while (stopText === null) {
        if (answer.error !== undefined && made >= (answer.errorAfterTokens ?? 0)) throw answer.error;
        if (made >= limit) {
          reason = 'length';
          break;
        }
        const token = tokens[made];
        if (token === undefined) break;
        await wait(options.tokenDelayMs ?? 0, stop.signal);
        made++;
        counters.completion++;
        counters.steps++;
        counters.stepSequences += gate.running();
        if (made === 1) ttftMs = performance.now() - submittedMs;
        const pushed = matcher.push(vocabulary.piece(token, request.renderSpecial ?? false));
        stopText = pushed.stop;
        const logprobs = request.logprobs === undefined ? {} : { logprobs: [logprobsOf(token, request.logprobs)] };
        unreported.push(token);
        if (pushed.text !== '' || request.logprobs !== undefined) {
          yield { type: 'text', text: pushed.text, tokens: unreported, ...logprobs };
          unreported = [];
        }
      }
      if (stopText === null) {
        const rest = matcher.flush();
        if (rest !== '') yield { type: 'text', text: rest, tokens: unreported };
      }
      ended = true;
      yield {
        type: 'end',
        reason: stopText === null ? reason : 'stop-string',
        ...(stopText === null ? {} : { stop: stopText }),
        usage: { promptTokens: promptTokens.length, cachedTokens, completionTokens: made },
        timings: { queueMs: startedMs - submittedMs, ttftMs, totalMs: performance.now() - submittedMs },
      };
    } catch (error) {
      ended = true;
      if (error instanceof EngineError && error.code === 'cancelled') counters.cancelled++;
      throw error;
    } finally {
      if (!ended) counters.cancelled++;
      stop.dispose();
      place?.();
    }
  }

  const embed = async (request: EmbedRequest, call: EngineCallOptions = {}): Promise<EmbedResult> => {
    embedRequests.push(request);
    const stop = gate.endSignal({ call: call.signal, crash: crashes.signal, deadlineMs: request.deadlineMs });
    let place: (() => void) | null = null;
    try {
      place = await gate.enter(stop.signal);
      await wait(options.firstTokenDelayMs ?? 0, stop.signal);
      let promptTokens = 0;
      const vectors = request.inputs.map((input) => {
        const tokens = tokensOf(input);
        promptTokens += tokens.length;
        return vectorOf(vocabulary.detokenize(tokens, true), info.embeddingLength);
      });
      return { vectors, promptTokens };
    } finally {
      stop.dispose();
      place?.();
    }
  };

  const stats = (): EngineStats => ({
    sequencesRunning: gate.running(),
    sequencesQueued: gate.queued(),
    kvCellsUsed: 0,
    kvCellsTotal: info.contextLength * info.parallel,
    promptTokens: counters.prompt,
    cachedPromptTokens: counters.cached,
    completionTokens: counters.completion,
    decodeSteps: counters.steps,
    decodeStepSequences: counters.stepSequences,
    hostRestarts: counters.restarts,
  });

  return {
    info,
    requests,
    embedRequests,
    get cancelledCount() {
      return counters.cancelled;
    },
    tokenize: async (text, how = {}) => [
      ...(how.addSpecial === true && info.addBos ? [vocabulary.bos] : []),
      ...vocabulary.tokenize(text),
    ],
    detokenize: async (tokens) => vocabulary.detokenize(tokens),
    generate,
    embed,
    stats,
    crash() {
      const dying = crashes;
      crashes = new AbortController();
      counters.restarts++;
      dying.abort(new EngineError('host-crashed', `The engine host of model ${info.name} died`));
    },
    close: (how) => gate.close(how?.drainMs ?? 0),
  };
};
