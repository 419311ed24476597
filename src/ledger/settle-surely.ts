/**
 * Settlements and releases that outlast an outage: what was spent or given back while the ledger was away is kept and
 * booked when it is back. Holds them in memory, no more than were running when it went: none is admitted during an outage.
 * What was spent is kept in a spool as well, for the server that comes after this one.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Ledger, Settlement } from './ledger.js';
import { isAway, LedgerError } from './ledger-error.js';
import type { SettlementSpool } from './settlement-spool.js';

export interface SureSettler {
  /** Resolves once it is durable, however long that takes; rejects with what trying again cannot mend. */
  settle(settlement: Settlement): Promise<void>;
  release(reservationId: string): Promise<void>;
  /** What is not durable yet. */
  readonly pending: number;
  /** True when all of it was within this time. */
  drain(timeoutMs: number): Promise<boolean>;
}

const firstWaitMs = 100;
const longestWaitMs = 5_000;

export const createSureSettler = (
  ledger: Pick<Ledger, 'settle' | 'release'>,
  spool: SettlementSpool | null = null,
): SureSettler => {
  const pending = new Set<Promise<unknown>>();
  /** While the ledger is away, one booking tries it and the others wait for that one. */
  let probing: Promise<void> | null = null;

  const probe = async <T>(book: () => Promise<T>): Promise<T> => {
    const attempt = (async (): Promise<T> => {
      for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
        await wait(waitMs);
        try {
          return await book();
        } catch (error) {
          if (!isAway(error)) throw error;
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

  /** `onAway` is called before it waits for an outage to end. */
  const untilDone = async <T>(book: () => Promise<T>, onAway: () => void): Promise<T> => {
    if (probing === null)
      try {
        return await book();
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    onAway();
    for (;;) {
      if (probing === null) return probe(book);
      await probing;
      try {
        return await book();
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
  };

  const keep = <T>(book: () => Promise<T>, onAway: () => void = () => {}): Promise<T> => {
    const booked = untilDone(book, onAway);
    pending.add(booked);
    const forget = (): void => {
      pending.delete(booked);
    };
    booked.then(forget, forget);
    return booked;
  };

  return {
    async settle(settlement) {
      let isSpooled = false;
      try {
        await keep(
          () => ledger.settle(settlement),
          () => {
            isSpooled = true;
            spool?.keep(settlement);
          },
        );
      } catch (error) {
        // Closed in an outage: the next server books it. What else there is no waiting mends.
        if (error instanceof LedgerError && error.code === 'closed') isSpooled = false;
        throw error;
      } finally {
        if (isSpooled) spool?.forget(settlement);
      }
    },
    release: (reservationId) => keep(() => ledger.release(reservationId)),
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
