/**
 * The Engine contract: what turns tokens into tokens, for one loaded model.
 *
 * A caller hands over a finished prompt (text or token ids) and gets text back as it is decoded. An engine knows
 * nothing of chats, tools, HTTP or users; those live in `tiers/device` and `server`. The same contract is kept by the
 * llama.cpp host (`host-engine.ts`) and by the fake of the tests.
 */

/** What is known of a loaded model; all counts in tokens unless the name says otherwise. */
export interface EngineModelInfo {
  /** Name that requests use. */
  readonly name: string;
  /** `general.architecture` of the file, such as `llama` or `qwen2`. */
  readonly architecture: string;
  /** Human-readable description by llama.cpp, such as `qwen2 1B Q4_0`. */
  readonly description: string;
  readonly parameterCount: number;
  /** Size of the file on disk. */
  readonly fileBytes: number;
  /** The longest one sequence may get here (prompt + answer), after `--context`. */
  readonly contextLength: number;
  /** The longest the model was trained for. */
  readonly trainedContextLength: number;
  readonly vocabularySize: number;
  readonly embeddingLength: number;
  /** Jinja source of the chat template, when the file carries one. */
  readonly chatTemplate: string | null;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Texts of tokens that steer the model (`<|im_end|>`): a text prompt that holds one gets the token. */
  readonly controlTexts: readonly string[];
  /** True where the vocabulary wants a BOS token in front of each prompt. */
  readonly addBos: boolean;
  /** All string, number and boolean metadata of the file except arrays, by key. */
  readonly metadata: Readonly<Record<string, string>>;
  /** True for models that only embed (encoders, or pooling set in the file). */
  readonly embeddingOnly: boolean;
  /** Sequences that decode at once. */
  readonly parallel: number;
  /** Backend that holds the weights, such as `CPU` or `CUDA0`. */
  readonly device: string;
}

/** Sampling settings; absent ones take the default named. */
export interface SamplingOptions {
  /** 0 is greedy. Default 0.8. */
  readonly temperature?: number;
  /** Default 0.95. 1 is off. */
  readonly topP?: number;
  /** Default 40. 0 is off. */
  readonly topK?: number;
  /** Default 0.05. 0 is off. */
  readonly minP?: number;
  /** Default 0, both. Over the last 64 tokens of the answer. */
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** llama.cpp's repeat penalty; 1 is off (default). */
  readonly repeatPenalty?: number;
  /** The same seed, prompt and settings give the same text on the same machine, whatever else runs beside it. */
  readonly seed?: number;
  /** Added to the logits, by token id; -Infinity forbids the token. */
  readonly logitBias?: readonly (readonly [token: number, bias: number])[];
}

/** A GBNF grammar that every answer must match, enforced while decoding. */
export interface GrammarConstraint {
  readonly gbnf: string;
  /** Name of the start rule; default `root`. */
  readonly root?: string;
  /**
   * When given, the grammar sleeps until one of these texts is decoded (a tool-call opener, for instance), and then
   * holds from the start of that text on. Plain strings, matched anywhere in the answer.
   */
  readonly lazyTriggers?: readonly string[];
}

/** A text that is cut where it may be no special token: "<" and "|im_end|>" are ten characters of somebody's words. */
export interface PromptParts {
  readonly parts: readonly string[];
}

export interface GenerateRequest {
  /**
   * Text is tokenized with special tokens parsed; parts likewise, one by one, so that no special token reaches over a
   * cut; ids are used as they are (BOS included if wanted).
   */
  readonly prompt: string | PromptParts | readonly number[];
  readonly sampling?: SamplingOptions;
  readonly grammar?: GrammarConstraint;
  /** The answer ends before the first of these; none of their text is emitted. May span tokens. */
  readonly stop?: readonly string[];
  /** Default: what the context has left. 0 means: read the prompt, make no token. */
  readonly maxTokens?: number;
  /** Report the log-probability of each token and of this many alternatives (0 to 20). */
  readonly logprobs?: number;
  /** Report at the first decoded position the log-probabilities of these tokens (before sampling settings). */
  readonly firstTokenLogprobsOf?: readonly number[];
  /** Emit special tokens (`<|tool|>`) as text instead of hiding them. Default false. */
  readonly renderSpecial?: boolean;
  /** Continue past end-of-generation tokens until maxTokens. Default false. */
  readonly ignoreEos?: boolean;
  /** Requests of different scopes never share prefix cells (so that timing tells nobody what another asked). */
  readonly cacheScope?: string;
  /** Fairness: requests of the same client share one turn. */
  readonly client?: string;
  /** Milliseconds from submission until the request ends with the error `deadline`. */
  readonly deadlineMs?: number;
}

export interface TokenLogprob {
  readonly token: number;
  /** The token's text; partial UTF-8 shows as U+FFFD, `bytes` are exact. */
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm. */
  readonly logprob: number;
}

export interface TokenLogprobs extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

export type FinishReason = 'stop' | 'length' | 'stop-string';

export interface GenerateUsage {
  readonly promptTokens: number;
  /** Prompt tokens whose KV cells were already there. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export interface GenerateTimings {
  /** Waiting for a free place. */
  readonly queueMs: number;
  /** Submission to first token. */
  readonly ttftMs: number;
  /** Submission to end. */
  readonly totalMs: number;
}

export type GenerateEvent =
  /** The request got its place and its prompt is known. */
  | { readonly type: 'start'; readonly promptTokens: number; readonly cachedTokens: number }
  /** Decoded text: whole UTF-8 characters only; may be empty when only tokens or logprobs are new. */
  | {
      readonly type: 'text';
      readonly text: string;
      readonly tokens: readonly number[];
      readonly logprobs?: readonly TokenLogprobs[];
    }
  | { readonly type: 'first-token-logprobs'; readonly logprobs: readonly number[] }
  | {
      readonly type: 'end';
      readonly reason: FinishReason;
      /** The stop string that ended it. */
      readonly stop?: string;
      readonly usage: GenerateUsage;
      readonly timings: GenerateTimings;
    };

export interface EmbedRequest {
  readonly inputs: readonly (string | readonly number[])[];
  readonly cacheScope?: string;
  readonly client?: string;
  readonly deadlineMs?: number;
}

export interface EmbedResult {
  /** One vector of `embeddingLength` floats per input, Euclidean length 1. */
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
}

/** A snapshot for /metrics; counters since the engine started, gauges now. */
export interface EngineStats {
  readonly sequencesRunning: number;
  readonly sequencesQueued: number;
  readonly kvCellsUsed: number;
  readonly kvCellsTotal: number;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly decodeSteps: number;
  /** Sum over steps of sequences in the step; divided by decodeSteps it is the mean batch size. */
  readonly decodeStepSequences: number;
  readonly hostRestarts: number;
}

export interface CallOptions {
  /** Aborting ends the request at once; the iterator throws EngineError `cancelled`. */
  readonly signal?: AbortSignal;
}

/** One loaded model. Iterators that are left early (`break`) cancel their request. */
export interface Engine {
  readonly info: EngineModelInfo;
  tokenize(
    text: string,
    options?: { readonly addSpecial?: boolean; readonly parseSpecial?: boolean },
  ): Promise<number[]>;
  detokenize(tokens: readonly number[]): Promise<string>;
  generate(request: GenerateRequest, options?: CallOptions): AsyncIterable<GenerateEvent>;
  embed(request: EmbedRequest, options?: CallOptions): Promise<EmbedResult>;
  stats(): EngineStats;
  /** Takes no new request, lets the running ones end (at most `drainMs`, then they fail with `shutting-down`), frees the model. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}
