/**
 * The words of routing: what a request needs, which places there are, and the decision between them.
 *
 * Data only. Times are milliseconds, money is US dollars per million tokens or whole nanodollars (1e-9 USD), lengths
 * are tokens.
 */
import type { TierName } from '../tiers/tier.js';
import type { Reach } from './reach.js';

/** A place that can answer: one model at one endpoint of one tier. */
export interface Candidate {
  /** Unique: `tier/endpoint/model`. */
  readonly id: string;
  readonly tier: TierName;
  /** Name of the endpoint inside its tier: `device`, `rack`, `openai`. */
  readonly endpoint: string;
  /** The endpoint's name for the model. */
  readonly model: string;
  readonly capabilities: CandidateCapabilities;
  /** Null where an own machine answers. */
  readonly price: TokenPrice | null;
  /** Null where nothing was measured yet. */
  readonly speed: CandidateSpeed | null;
  readonly load: CandidateLoad | null;
  /** `open`: its circuit breaker lets nothing through; `half-open`: one request may try. */
  readonly circuit: 'closed' | 'open' | 'half-open';
}

export interface CandidateCapabilities {
  /** Null where unknown: then it is tried. */
  readonly contextLength: number | null;
  readonly chat: boolean;
  readonly completions: boolean;
  readonly embeddings: boolean;
  readonly tools: boolean;
  readonly vision: boolean;
  readonly audio: boolean;
  readonly jsonSchema: boolean;
  readonly logprobs: boolean;
  /** True for a model that judges itself whether a request is its own (the embedded one). */
  readonly handsOver: boolean;
}

export interface TokenRates {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  /** Absent: as `inputUsdPerMillion`. */
  readonly cachedInputUsdPerMillion?: number;
  /** For prompt tokens that the provider puts into its cache. Absent: as `inputUsdPerMillion`. */
  readonly cacheWriteUsdPerMillion?: number;
}

export interface TokenPrice extends TokenRates {
  /** Rates of the whole request where its prompt has more than `overTokens`. */
  readonly longPrompt?: TokenRates & { readonly overTokens: number };
}

/** A rate that is not above 0 counts as unknown. */
export interface CandidateSpeed {
  readonly prefillTokensPerSecond: number;
  /** Of one sequence. */
  readonly decodeTokensPerSecond: number;
  /** Part of the time to first token that does not grow with the prompt, such as the way there. Absent: 0. */
  readonly overheadMs?: number;
}

export interface CandidateLoad {
  readonly running: number;
  readonly queued: number;
  /** Sequences at once. */
  readonly parallel: number;
  /** Mean time that one request holds a place. */
  readonly meanServiceMs: number;
}

export interface RouteRequest {
  readonly id: string;
  /** What the caller named: a model, an alias, or `auto`. */
  readonly model: string;
  readonly operation: 'chat' | 'completion' | 'embedding';
  readonly reach: Reach;
  readonly needs: {
    /** An estimate, rather too high than too low; all inputs together where there are several (embeddings). */
    readonly promptTokens: number;
    /** No tokenizer makes more of it: what money is reserved for. Absent: `promptTokens`. */
    readonly mostPromptTokens?: number;
    /** The longest of several inputs. Absent: `promptTokens`. */
    readonly longestPromptTokens?: number;
    /** Longest answer that may come. */
    readonly maxTokens: number;
    /** What a context must have room for, where the request names no longest answer. Absent: `maxTokens`. */
    readonly leastAnswerTokens?: number;
    readonly tools: boolean;
    readonly vision: boolean;
    readonly audio: boolean;
    readonly jsonSchema: boolean;
    readonly logprobs: boolean;
  };
  readonly targets: { readonly ttftMs?: number; readonly tpotMs?: number; readonly deadlineMs?: number };
  /** What the budgets leave; null for no budget. */
  readonly budgetLeftNanoUsd: number | null;
  /** The most that this request may cost; absent: no such wish. */
  readonly maxCostNanoUsd?: number;
}

export interface RoutePolicy {
  /** Names that stand for models, tried in order. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** A hand-over is believed below this confidence of a call, 0 to 1. */
  readonly confidenceLine: number;
  readonly timeouts: { readonly firstTokenMs: number; readonly stallMs: number; readonly totalMs: number };
  /** Further tries at the same candidate. */
  readonly retries: number;
  /** Start the next candidate beside the first when no token came after this long; null: never. */
  readonly hedgeAfterMs: number | null;
}

export type PassReason =
  | 'beyond-reach'
  | 'not-asked-for'
  | 'operation'
  | 'context-length'
  | 'tools'
  | 'vision'
  | 'audio'
  | 'json-schema'
  | 'logprobs'
  | 'too-slow'
  | 'too-busy'
  | 'too-expensive'
  | 'over-budget'
  | 'circuit-open';

export interface PassedOver {
  readonly candidate: Candidate;
  readonly reason: PassReason;
  /** One sentence with the value and the limit: "needs 9,000 tokens of context, has 8,192". */
  readonly detail: string;
}

export interface RouteStep {
  readonly candidate: Candidate;
  readonly needsConsent: boolean;
  /** Most that it can cost; 0 on own machines. */
  readonly worstCostNanoUsd: number;
  /** Null where speed or load is unknown. */
  readonly expectedTtftMs: number | null;
  readonly expectedTotalMs: number | null;
  /** Why it stands here: "nearest tier that can answer". */
  readonly because: string;
}

export interface Route {
  readonly request: RouteRequest;
  /** In the order in which they are tried; empty where nothing can answer. */
  readonly steps: readonly RouteStep[];
  readonly passedOver: readonly PassedOver[];
}

/** How one try ended that was no success. */
export type TryFailure =
  | { readonly type: 'handed-over'; readonly confidence: number | null }
  | {
      readonly type: 'failed';
      readonly code: string;
      /** The same request may work at the same place later. */
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
      /** Text or calls went to the client already. */
      readonly answerStarted: boolean;
    };

export type AfterFailure =
  | { readonly type: 'retry'; readonly afterMs: number }
  | { readonly type: 'next' }
  | { readonly type: 'give-up' };
