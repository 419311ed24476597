/**
 * What a server is made with, and the limits that hold where nobody said otherwise.
 * Plain data: it knows no tier, no socket and no flag of the command line.
 */
import type { EngineStats } from '../engine/engine.js';
import type { ModelService, RoutingOptions, TierName } from '../tiers/tier.js';
import type { RoutingService } from './routing-routes.js';
import type { Siblings } from './siblings.js';

export interface ServerLimits {
  /** Largest request body; larger ones get 413. */
  readonly bodyBytes: number;
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
  /** A client that has not sent its headers by then is cut off. */
  readonly headersTimeoutMs: number;
  /** The same for headers and body together. */
  readonly requestTimeoutMs: number;
  /** An idle kept-alive connection is closed after this. */
  readonly keepAliveTimeoutMs: number;
  /** A silent stream gets a comment line this often, so that no proxy takes it for dead. */
  readonly heartbeatMs: number;
  /** A stream whose reader takes nothing for this long is cancelled. */
  readonly stallMs: number;
  /** Longest time for one request, queue included; requests may ask for less (`deadline_ms`). 0: no limit. */
  readonly deadlineMs: number;
  /** Responses kept for `previous_response_id`, by number, JSON bytes and age. */
  readonly storedResponses: number;
  readonly storedResponseBytes: number;
  readonly storedResponseAgeMs: number;
}

export const defaultLimits: ServerLimits = {
  bodyBytes: 20 * 1024 * 1024,
  connections: 4096,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  heartbeatMs: 10_000,
  stallMs: 30_000,
  deadlineMs: 0,
  storedResponses: 1_000,
  storedResponseBytes: 8 * 1024 * 1024,
  storedResponseAgeMs: 24 * 60 * 60 * 1000,
};

/** Shape limits of requests; beyond them a clear 400. OpenAI's own where it names one, except more stop strings. */
export const requestLimits = {
  messages: 2048,
  contentParts: 2048,
  stops: 16,
  stopLength: 1024,
  tools: 256,
  toolNameLength: 64,
  toolCalls: 256,
  choices: 32,
  prompts: 64,
  /** Choices of all prompts together. */
  totalChoices: 128,
  logitBiases: 1024,
  embeddingInputs: 2048,
  topLogprobs: 20,
  jsonDepth: 128,
  modelNameLength: 512,
  /** UTF-16 units of GBNF. */
  grammarLength: 262_144,
  metadataPairs: 16,
} as const;

/** Where the server says what it did; a pino logger fits. Never gets a prompt, an answer or a key. */
export interface ServerLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServerOptions {
  readonly tier: ModelService & { readonly name?: TierName };
  /** What a router adds: explained routes and answers to questions of consent. */
  readonly routing?: RoutingService;
  /** Keys that are kept elsewhere (the ledger's); `apiKeys` are not looked at then. */
  readonly keys?: {
    /** Null for a key that is unknown or revoked. */
    identify(secret: string): Promise<NonNullable<RoutingOptions['key']> | null>;
    /** False as long as there is no key at all. */
    areRequired(): Promise<boolean>;
  };
  /** Other servers of the same port; absent where this is the only one. */
  readonly siblings?: Siblings;
  /** A snapshot by model name, read at each scrape of /metrics. */
  readonly stats: () => Readonly<Record<string, EngineStats>>;
  /** When given and not empty, every endpoint except /health wants one of them as `Authorization: Bearer`. */
  readonly apiKeys?: readonly string[];
  /** Address to bind; `127.0.0.1`, `::1` and `localhost` keep it on this machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Names that the Host header may carry besides loopback and the bound address (a port is ignored). */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may call, such as `https://app.example`; `*` for all. */
  readonly allowedOrigins?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  readonly logger?: ServerLogger;
}
