/** Who asks, as far as requests to a tier need it. Knows no key and no request. */

export interface Caller {
  /** Fairness: callers with the same name share one turn. */
  readonly client: string;
  /** Only callers of one scope share prompt prefixes and stored responses; absent: all without keys. */
  readonly cacheScope?: string;
}

/** What one request takes at most, in milliseconds; absent: no limit. `limitMs` 0 means that the server sets none. */
export const deadlineOf = (requestedMs: number | undefined, limitMs: number): number | undefined => {
  if (limitMs === 0) return requestedMs;
  return requestedMs === undefined ? limitMs : Math.min(requestedMs, limitMs);
};
