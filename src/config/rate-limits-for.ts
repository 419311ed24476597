/** The rate limits of the configuration that one request falls under. Pure. */
import type { LimitHolder, SpillwayConfig } from './config.js';

export interface HeldRateLimit {
  readonly of: 'key' | 'app' | 'all';
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** True for a limit of this key, whichever way the configuration names it. */
export const isOfKey = (
  { key }: Pick<LimitHolder, 'key'>,
  asked: { readonly id: string; readonly name: string },
): boolean => key !== null && (key === asked.id || key === asked.name);

/** Those of its key, of its app, and of everything. */
export const rateLimitsFor = (
  rateLimits: SpillwayConfig['rateLimits'],
  request: {
    readonly key?: { readonly id: string; readonly name: string } | undefined;
    readonly app?: string | null | undefined;
  },
): HeldRateLimit[] =>
  rateLimits.flatMap((limit): HeldRateLimit[] => {
    const { requestsPerMinute, tokensPerMinute } = limit;
    const held = (of: HeldRateLimit['of']): HeldRateLimit[] => [{ of, requestsPerMinute, tokensPerMinute }];
    if (limit.key !== null) return request.key !== undefined && isOfKey(limit, request.key) ? held('key') : [];
    if (limit.app !== null) return limit.app === request.app ? held('app') : [];
    return held('all');
  });
