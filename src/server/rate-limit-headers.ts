/** Where the rate limits of a request stand, in OpenAI's header names. */
import type { RateLimitStates } from '../tiers/tier.js';

/** As OpenAI writes it, which is as Go does: `250ms`, `1.5s`, `6m0s`, `1h0m0s`. */
export const writeDuration = (durationMs: number): string => {
  const ms = Math.max(0, Math.ceil(durationMs));
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  return hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
};

const kinds = ['requests', 'tokens'] as const;

export const rateLimitHeaderNames = kinds.flatMap((kind) =>
  ['limit', 'remaining', 'reset'].map((what) => `x-ratelimit-${what}-${kind}`),
);

/** None for a kind without a limit. */
export const rateLimitHeaders = (rateLimits: RateLimitStates): Readonly<Record<string, string>> =>
  Object.fromEntries(
    kinds.flatMap((kind) => {
      const state = rateLimits[kind];
      return state === null
        ? []
        : [
            [`x-ratelimit-limit-${kind}`, String(state.limit)],
            [`x-ratelimit-remaining-${kind}`, String(state.remaining)],
            [`x-ratelimit-reset-${kind}`, writeDuration(state.resetMs)],
          ];
    }),
  );
