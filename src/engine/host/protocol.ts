/**
 * What the engine and its host process say to each other: plain data, JSON on the wire (see `frames.ts`).
 *
 * One `step` message carries what all sequences got in one decode call. JSON has no infinities: a bias of null forbids
 * its token.
 */
import type { EngineModelInfo, FinishReason, GrammarConstraint, PromptParts, TokenLogprobs } from '../engine.js';
import type { EngineErrorCode } from '../engine-error.js';

export interface HostOptions {
  readonly name: string;
  readonly path: string;
  readonly contextLength: number | null;
  readonly parallel: number | null;
  readonly threads: number | null;
  readonly gpuLayers: number;
  readonly kvLayout: 'separate' | 'unified' | 'auto';
  readonly spillBytes: number;
  readonly queueLimit: number;
  readonly kvBytesLimit: number | null;
}

export interface WireSampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  readonly logitBias?: readonly (readonly [token: number, bias: number | null])[];
}

export interface WireGenerate {
  readonly prompt: string | PromptParts | readonly number[];
  readonly sampling: WireSampling;
  readonly grammar: GrammarConstraint | null;
  readonly stop: readonly string[];
  readonly maxTokens: number | null;
  readonly logprobs: number | null;
  readonly firstTokenLogprobsOf: readonly number[] | null;
  readonly renderSpecial: boolean;
  readonly ignoreEos: boolean;
  readonly cacheScope: string;
  readonly client: string;
  readonly deadlineMs: number | null;
  /** When it was submitted: milliseconds since 1970, with fractions. */
  readonly submittedMs: number;
}

export interface WireEmbed {
  readonly inputs: readonly (string | readonly number[])[];
  readonly deadlineMs: number | null;
  readonly submittedMs: number;
}

/** To the host. Ids are the engine's; one id is one request. */
export type HostCommand =
  | { readonly type: 'load'; readonly options: HostOptions }
  | { readonly type: 'generate'; readonly id: number; readonly request: WireGenerate }
  | { readonly type: 'embed'; readonly id: number; readonly request: WireEmbed }
  | {
      readonly type: 'tokenize';
      readonly id: number;
      readonly text: string;
      readonly addSpecial: boolean;
      readonly parseSpecial: boolean;
    }
  | { readonly type: 'detokenize'; readonly id: number; readonly tokens: readonly number[] }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'exit' };

export interface WireError {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** One event of one sequence; arrays, because there is one for each token. */
export type WireEvent =
  | readonly ['start', id: number, promptTokens: number, cachedTokens: number]
  | readonly ['text', id: number, text: string, tokens: readonly number[], logprobs?: readonly TokenLogprobs[]]
  | readonly ['first', id: number, logprobs: readonly (number | null)[]]
  | readonly [
      'end',
      id: number,
      reason: FinishReason,
      stop: string | null,
      usage: readonly [promptTokens: number, cachedTokens: number, completionTokens: number],
      timings: readonly [queueMs: number, ttftMs: number, totalMs: number],
    ]
  | readonly ['error', id: number, error: WireError];

/** Counters since the host started, gauges now; the order is that of `statNames`. */
export type WireStats = readonly number[];

export const statNames = [
  'sequencesRunning',
  'sequencesQueued',
  'kvCellsUsed',
  'kvCellsTotal',
  'promptTokens',
  'cachedPromptTokens',
  'completionTokens',
  'decodeSteps',
  'decodeStepSequences',
] as const;

/** From the host. */
export type HostMessage =
  | { readonly type: 'loaded'; readonly info: EngineModelInfo }
  | { readonly type: 'load-failed'; readonly error: WireError }
  | { readonly type: 'step'; readonly events: readonly WireEvent[]; readonly stats: WireStats }
  | { readonly type: 'tokens'; readonly id: number; readonly tokens: readonly number[] }
  | { readonly type: 'detokenized'; readonly id: number; readonly text: string }
  /** `count` vectors one after another in the frame's binary part. */
  | { readonly type: 'vectors'; readonly id: number; readonly count: number; readonly promptTokens: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };
