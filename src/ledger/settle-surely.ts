/**
 * Settlements that outlast an outage: what was spent while the ledger was away is kept and booked when it is back. Holds
 * them in memory, no more than were running when it went: none is admitted during an outage.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SignedReceipt } from '../trust/receipt.js';
import type { Ledger, Settlement } from './ledger.js';
import { LedgerError } from './ledger-error.js';

export interface SureSettler {
  /** Resolves once it is durable, however long that takes; rejects with what trying again cannot mend. */
  settle(settlement: Settlement): Promise<SignedReceipt>;
  /** Settlements that are not durable yet. */
  readonly pending: number;
  /** True when all were settled within this time. */
  drain(timeoutMs: number): Promise<boolean>;
}

const firstWaitMs = 100;
const longestWaitMs = 5_000;

/** The ledger may take it later as it is. */
const isPassing = (error: unknown): boolean =>
  error instanceof LedgerError && (error.code === 'unavailable' || error.code === 'disk-full');

export const createSureSettler = (ledger: Pick<Ledger, 'settle'>): SureSettler => {
  const pending = new Set<Promise<unknown>>();
  /** While the ledger is away, one settlement tries it and the others wait for that one. */
  let probing: Promise<void> | null = null;

  const settleUntilDone = async (settlement: Settlement): Promise<SignedReceipt> => {
    for (;;) {
      await probing;
      try {
        return await ledger.settle(settlement);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (probing === null) return probe(settlement);
      }
    }
  };

  const probe = async (settlement: Settlement): Promise<SignedReceipt> => {
    const attempt = (async (): Promise<SignedReceipt> => {
      for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
        await wait(waitMs);
        try {
          return await ledger.settle(settlement);
        } catch (error) {
          if (!isPassing(error)) throw error;
        }
      }
    })();
    probing = attempt.then(
      () => {},
      () => {},
    );
    try {
      return await attempt;
    } finally {
      probing = null;
    }
  };

  return {
    settle(settlement) {
      const settled = settleUntilDone(settlement);
      pending.add(settled);
      const forget = (): void => {
        pending.delete(settled);
      };
      settled.then(forget, forget);
      return settled;
    },
    get pending() {
      return pending.size;
    },
    async drain(timeoutMs) {
      const late = new AbortController();
      await Promise.race([
        Promise.allSettled(pending),
        wait(timeoutMs, undefined, { signal: late.signal }).catch(() => {}),
      ]);
      late.abort();
      return pending.size === 0;
    },
  };
};
