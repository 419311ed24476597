/**
 * Gives back expired reservations now and then, as long as a server runs: what crashed servers had reserved comes back.
 * Any number of servers may do so on one ledger.
 */
import type { Ledger } from './ledger.js';
import { LedgerError } from './ledger-error.js';

export interface Reaper {
  /** Ends it; resolves when a running round is over. */
  stop(): Promise<void>;
}

export interface ReaperOptions {
  /** From the end of one round to the start of the next; default 10 seconds. */
  readonly everyMs?: number;
  readonly now?: () => number;
  /** Called with what a round failed with, unless the ledger was merely away: it is tried again anyway. */
  readonly onError?: (error: unknown) => void;
}

/** Begins at once. Does not keep its process alive. */
export const startReaper = (ledger: Pick<Ledger, 'reap'>, options: ReaperOptions = {}): Reaper => {
  const { everyMs = 10_000, now = Date.now, onError } = options;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let round: Promise<void> = Promise.resolve();

  const reap = async (): Promise<void> => {
    try {
      await ledger.reap(now());
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'unavailable')) onError?.(error);
    }
    if (stopped) return;
    timer = setTimeout(start, everyMs);
    timer.unref();
  };
  const start = (): void => {
    round = reap();
  };

  start();
  return {
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await round;
    },
  };
};
