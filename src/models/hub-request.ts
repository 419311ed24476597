/**
 * Requests to a hub: what may be tried again, how long to wait, and what a failure means to a person.
 *
 * Knows HTTP; nothing of models or files.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A failure that the same request may survive. */
export class TransientError extends Error {
  readonly retryAfterMs: number | null;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | null } = {}) {
    super(message, { cause: options.cause });
    this.name = 'TransientError';
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

const longestWaitMs = 60_000;

/** What went wrong in one line; fetch hides it in its cause. */
export const reasonOf = (error: unknown): string => {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(root instanceof Error)) return String(root);
  const code = (root as NodeJS.ErrnoException).code;
  return root.message === '' ? (code ?? root.name) : root.message;
};

export const isAccessStatus = (status: number | undefined): boolean =>
  status === 401 || status === 403 || status === 404;

/** Too many requests, timeouts and the server's own troubles pass; other refusals do not. */
export const isTransientStatus = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/** `Retry-After` in milliseconds, from seconds or a date; null where there is none. */
export const retryAfterMs = (response: Response, nowMs: number): number | null => {
  const text = response.headers.get('retry-after');
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(longestWaitMs, Math.max(0, ms));
};

export interface RetryOptions {
  readonly attempts: number;
  /** Before the second try; doubles each time, with a random part. */
  readonly delayMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `action` again while it fails with a TransientError; a call that says it got further (`progressed`) starts the
 * count anew. Rejects with the last failure, or with the signal's reason.
 */
export const retrying = async <T>(
  action: (progressed: () => void) => Promise<T>,
  options: RetryOptions,
): Promise<T> => {
  let failures = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return await action(() => {
        failures = 0;
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      failures++;
      if (!(error instanceof TransientError) || failures >= options.attempts) throw error;
      const backoffMs = options.delayMs * 2 ** (failures - 1) * (0.5 + Math.random());
      const waitMs = Math.min(longestWaitMs, error.retryAfterMs ?? backoffMs);
      await sleep(waitMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
};
