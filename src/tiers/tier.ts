/**
 * The Tier contract: a place where a request can run, whatever the wire format that brought it.
 *
 * The shapes follow OpenAI's meaning with our own names, so that chat completions, responses and plain completions all
 * translate into them in `server`, and the device, a private endpoint or a provider out of them.
 */
import type { GenerateTimings, GenerateUsage, SamplingOptions, TokenLogprobs } from '../engine/engine.js';

export type TierName = 'device' | 'private' | 'third-party';

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly url: string }
  | { readonly type: 'audio'; readonly data: string; readonly format: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
}

export type ChatMessage =
  | {
      readonly role: 'system' | 'developer' | 'user';
      readonly content: string | readonly ContentPart[];
      readonly name?: string;
    }
  | {
      readonly role: 'assistant';
      readonly content: string | readonly ContentPart[] | null;
      readonly toolCalls?: readonly ToolCall[];
      readonly reasoning?: string;
    }
  | { readonly role: 'tool'; readonly content: string | readonly ContentPart[]; readonly toolCallId: string };

/** A JSON Schema as an object; checked where it is used. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** Absent: an object without properties. */
  readonly parameters?: JsonSchema;
}

export type ToolChoice = 'auto' | 'required' | 'none' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json-object' }
  | { readonly type: 'json-schema'; readonly name: string; readonly schema: JsonSchema };

/** What every kind of generation shares. */
export interface GenerationOptions {
  readonly model: string;
  readonly sampling?: SamplingOptions;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  /** Alternatives to report per token, 0 to 20; absent: no logprobs. */
  readonly logprobs?: number;
  readonly deadlineMs?: number;
  /** Who asks, for fairness; and the scope inside which prefixes may be shared. */
  readonly client?: string;
  readonly cacheScope?: string;
}

export interface ChatRequest extends GenerationOptions {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  /** Default true where the template allows it. */
  readonly parallelToolCalls?: boolean;
  readonly responseFormat?: ResponseFormat;
  /** Extra variables for the chat template, such as `enable_thinking`. */
  readonly templateVariables?: Readonly<Record<string, unknown>>;
  /** Continue past end-of-generation tokens until maxTokens (benches). Default false. */
  readonly ignoreEos?: boolean;
}

export interface CompletionRequest extends GenerationOptions {
  readonly prompt: string | readonly number[];
  /** Emit the prompt's text first. */
  readonly echo?: boolean;
  readonly ignoreEos?: boolean;
  /** GBNF text (llama.cpp's extension). */
  readonly grammar?: string;
  readonly responseFormat?: ResponseFormat;
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly inputs: readonly (string | readonly number[])[];
  readonly deadlineMs?: number;
  readonly client?: string;
  readonly cacheScope?: string;
}

export interface EmbeddingResult {
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
}

export type ChatFinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter';

export type ChatEvent =
  | { readonly type: 'start'; readonly promptTokens: number; readonly cachedTokens: number }
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly TokenLogprobs[] }
  /** Text inside a thinking block of the template (`<think>`). */
  | { readonly type: 'reasoning'; readonly text: string }
  /** The first delta of a call carries `id` and `name`; arguments arrive as JSON text in pieces. */
  | {
      readonly type: 'tool-call';
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly argumentsDelta: string;
    }
  | {
      readonly type: 'end';
      readonly reason: ChatFinishReason;
      readonly usage: GenerateUsage;
      readonly timings: GenerateTimings;
      /** Set by models that judge whether a request is theirs (the embedded one). */
      readonly overflow?: boolean;
      /** Calibrated probability that the decision is right, 0 to 1. */
      readonly confidence?: number;
      /** Tokens of the answer spent inside thinking blocks, where the tier knows. */
      readonly reasoningTokens?: number;
      /** Where it ran, when a router chose. */
      readonly served?: Served;
    };

/** What a router tells of the place that answered. */
export interface Served {
  /** Id under which `GET /v1/routes/{id}` explains the decision. */
  readonly routeId: string;
  readonly tier: TierName;
  readonly endpoint: string;
  readonly model: string;
  /** Whole nanodollars (1e-9 USD). */
  readonly costNanoUsd: number;
  readonly receiptId: string | null;
}

/** A model as `/v1/models` lists it. */
export interface TierModel {
  readonly id: string;
  readonly tier: TierName;
  readonly ownedBy: string;
  /** Unix seconds. */
  readonly created: number;
  /** Tokens; null where nobody can tell. */
  readonly contextLength: number | null;
  readonly capabilities: {
    readonly chat: boolean;
    readonly tools: boolean;
    readonly embeddings: boolean;
    /** Judges itself whether a request is its own, and hands over what is not (the embedded model). */
    readonly handsOver?: boolean;
  };
}

/** What a caller says about where a request may run; a single tier needs none of it. */
export interface RoutingOptions {
  readonly requestId: string;
  /** As asked for with the request; keys and policies may be stricter. */
  readonly reach?: TierName;
  /** The caller's key; absent without keys. */
  readonly key?: {
    readonly id: string;
    readonly name: string;
    readonly app: string | null;
    readonly reach: TierName | null;
  };
  /** As the request names it; a key's own app comes first. */
  readonly app?: string;
  readonly consentToken?: string;
  readonly targets?: { readonly ttftMs?: number; readonly tpotMs?: number };
  readonly maxCostNanoUsd?: number;
}

/** Where one rate limit stands; `resetMs` counts from now, until all of the limit is back. */
export interface RateLimitState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

/** Of the limits that a request falls under, those that leave least; null where there is none. */
export interface RateLimitStates {
  readonly requests: RateLimitState | null;
  readonly tokens: RateLimitState | null;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Nobody reads the answer before it is there: it may come in one piece. */
  readonly whole?: boolean;
  readonly routing?: RoutingOptions;
  /** A router let the request in; called once, before its first event. */
  readonly onAdmitted?: (rateLimits: RateLimitStates) => void;
}

/** What answers requests by model name: one tier, or a router over several. */
export interface ModelService {
  models(): readonly TierModel[];
  /** A name that stands for models without being listed; null for none. */
  find?(name: string): TierModel | null;
  chat(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent>;
  complete(request: CompletionRequest, options?: CallOptions): AsyncIterable<ChatEvent>;
  embed(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingResult>;
}

export interface Tier extends ModelService {
  readonly name: TierName;
}
