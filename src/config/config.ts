/**
 * A configuration with everything in it that a file left out: what the rest of the program reads. Data only; it holds
 * credentials, so it is never printed or logged.
 */
import type { Reach } from '../route/reach.js';
import type { CandidateCapabilities, RoutePolicy, TokenPrice } from '../route/route.js';

export interface EndpointModel {
  readonly name: string;
  readonly capabilities: CandidateCapabilities;
}

export interface PrivateEndpoint {
  readonly name: string;
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly apiKey: string | null;
  /** Requests that it runs at once. */
  readonly parallel: number;
  readonly models: readonly EndpointModel[];
}

export type ThirdPartyKind = 'openai' | 'anthropic' | 'gemini' | 'mistral' | 'openrouter' | 'openai-compatible';

export interface ThirdPartyEndpoint {
  readonly name: string;
  readonly kind: ThirdPartyKind;
  /** Base URL without a slash at its end; null for the provider's own. */
  readonly url: string | null;
  readonly apiKey: string | null;
  readonly models: readonly EndpointModel[];
}

export interface PolicyConfig extends Omit<RoutePolicy, 'aliases'> {
  /** For requests that say nothing. */
  readonly reach: Reach;
  /** For every request. */
  readonly maxReach: Reach;
  readonly apps: Readonly<Record<string, { readonly reach: Reach }>>;
  /** By name of the key. */
  readonly keys: Readonly<Record<string, { readonly reach: Reach }>>;
  readonly consent: { readonly scope: 'request' | 'conversation'; readonly ttlMinutes: number };
  readonly redaction: {
    readonly rules: readonly { readonly name: string; readonly pattern: string }[];
    readonly names: readonly string[];
    readonly places: readonly string[];
    readonly allowMedia: boolean;
  };
}

/** For a key, an app, or everything where both are null. */
export interface LimitHolder {
  readonly key: string | null;
  readonly app: string | null;
}

export interface SpillwayConfig {
  readonly tiers: {
    readonly device: { readonly models: readonly string[] };
    readonly private: readonly PrivateEndpoint[];
    readonly thirdParty: readonly ThirdPartyEndpoint[];
  };
  readonly aliases: RoutePolicy['aliases'];
  readonly policy: PolicyConfig;
  readonly cache: { readonly enabled: boolean; readonly maxBytes: number; readonly ttlSeconds: number };
  readonly budgets: readonly (LimitHolder & {
    readonly perMonthNanoUsd: number | null;
    readonly perMonthTokens: number | null;
  })[];
  readonly rateLimits: readonly (LimitHolder & {
    readonly requestsPerMinute: number | null;
    readonly tokensPerMinute: number | null;
  })[];
  /** By `model` or `endpoint/model`; `priceFor` reads it. */
  readonly prices: Readonly<Record<string, TokenPrice>>;
  /** Null: a SQLite file in Spillway's folder. */
  readonly ledger: { readonly url: string | null };
  readonly server: { readonly host: string; readonly port: number; readonly workers: number };
}

/** The part that `planRoute`, `hedgeDelay` and `handOverOf` take. */
export const routePolicyOf = ({ policy, aliases }: SpillwayConfig): RoutePolicy => ({
  aliases,
  confidenceLine: policy.confidenceLine,
  timeouts: policy.timeouts,
  retries: policy.retries,
  hedgeAfterMs: policy.hedgeAfterMs,
});
