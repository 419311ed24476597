/** What holds where a configuration says nothing. The published schema and the resolved configuration both take it from here. */
import type { Reach } from '../route/reach.js';

export const defaults = {
  device: { models: ['pocket'] as readonly string[] },
  policy: {
    reach: 'device' as Reach,
    maxReach: 'third-party' as Reach,
    confidenceLine: 0.5,
    timeouts: { firstTokenMs: 8_000, stallMs: 5_000, totalMs: 120_000 },
    retries: 2,
    hedgeAfterMs: null as number | null,
    consent: { scope: 'request' as 'request' | 'conversation', ttlMinutes: 10 },
    redaction: { allowMedia: false },
  },
  cache: { enabled: false, maxBytes: 64 * 1024 * 1024, ttlSeconds: 3600 },
  ledger: { url: null as string | null },
  server: { host: '127.0.0.1', port: 8080, workers: 1 },
} as const;

/** Requests that a private endpoint is taken to run at once where its `parallel` is not given. */
export const defaultParallel = 8;
