/**
 * Decides when buffered stream text goes to its socket: at once for a stream that was quiet, together with what else
 * came in within one window for a fast one. One immediate and one timer serve all streams of a server.
 * Knows no stream, only functions to call.
 */

export interface FlushClock {
  /** Calls `flush` once: at the end of this turn, or at the latest when the window begun at `lastFlushMs` is over. */
  schedule(flush: () => void, lastFlushMs: number): void;
  /** Forgets what is scheduled; for the end of the server. */
  stop(): void;
}

/**
 * Below this time between two tokens a stream's tokens share writes. A write costs about as much as everything else
 * done for a token, and its reader the same again; nobody can read 60 tokens a second.
 */
export const flushWindowMs = 15;

export const createFlushClock = (windowMs: number = flushWindowMs): FlushClock => {
  let soon: (() => void)[] = [];
  let late: (() => void)[] = [];
  let immediate: NodeJS.Immediate | null = null;
  let timer: NodeJS.Timeout | null = null;

  const runSoon = (): void => {
    const flushes = soon;
    soon = [];
    immediate = null;
    for (const flush of flushes) flush();
  };
  const runLate = (): void => {
    const flushes = late;
    late = [];
    timer = null;
    for (const flush of flushes) flush();
  };

  const schedule = (flush: () => void, lastFlushMs: number): void => {
    const elapsedMs = performance.now() - lastFlushMs;
    if (elapsedMs >= windowMs) {
      soon.push(flush);
      immediate ??= setImmediate(runSoon);
    } else {
      late.push(flush);
      timer ??= setTimeout(runLate, windowMs - elapsedMs);
    }
  };

  const stop = (): void => {
    if (immediate !== null) clearImmediate(immediate);
    if (timer !== null) clearTimeout(timer);
    soon = [];
    late = [];
    immediate = null;
    timer = null;
  };
  return { schedule, stop };
};
