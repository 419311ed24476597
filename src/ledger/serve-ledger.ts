/**
 * A ledger as a server uses it, for as long as it runs: what was spent during an outage is booked after it, what crashed
 * servers had reserved is given back, and nothing is reserved before the limits of its configuration hold.
 */
import type { KeyRecord, Ledger } from './ledger.js';
import { isAway, LedgerError } from './ledger-error.js';
import { createSureSettler } from './settle-surely.js';
import { createSettlementSpool } from './settlement-spool.js';
import { startReaper } from './start-reaper.js';

export interface ServeLedgerOptions {
  /** Puts the limits of the configuration into the ledger; asked again until it succeeds. */
  readonly prepare: (ledger: Ledger) => Promise<void>;
  /** The same for one key, before its first request; keys are made while servers run. */
  readonly prepareKey: (key: KeyRecord, ledger: Ledger) => Promise<void>;
  /** The ledger is away at the start; the server may start, and requests are refused until it is back. */
  readonly onAway: (error: LedgerError) => void;
  /** Giving back what expired, or booking what an earlier server left, failed for another reason than an outage. */
  readonly onError: (error: unknown) => void;
  /** For what was spent during an outage that the server does not outlive; it is booked by the next one. */
  readonly spoolFolder: string;
  /** Longest wait of `close` for what is not booked yet; default 10 seconds. */
  readonly drainMs?: number;
}

/** Runs an action until it succeeded once; callers at once share one run, and its failure. Null: it did already. */
const createOnce = (action: () => Promise<void>): (() => Promise<void> | null) => {
  let done = false;
  let running: Promise<void> | null = null;
  return () => {
    if (done) return null;
    running ??= action()
      .then(() => {
        done = true;
      })
      .finally(() => {
        running = null;
      });
    return running;
  };
};

/**
 * The ledger, with what it takes to serve from it; `close` closes both. Rejects with what `prepare` throws, unless the
 * database is merely away: then every reservation tries it again first.
 */
export const serveLedger = async (ledger: Ledger, options: ServeLedgerOptions): Promise<Ledger> => {
  const prepared = createOnce(() => options.prepare(ledger));
  const preparedKeys = new Map<string, () => Promise<void> | null>();
  try {
    await prepared();
  } catch (error) {
    if (!isAway(error)) throw error;
    options.onAway(error);
  }
  const spool = createSettlementSpool(options.spoolFolder);
  const settler = createSureSettler(ledger, spool);
  for (const settlement of spool.load())
    settler.settle(settlement).then(
      () => spool.forget(settlement),
      (error) => {
        if (!(error instanceof LedgerError && error.code === 'closed')) options.onError(error);
      },
    );
  const reaper = startReaper(ledger, { onError: options.onError });

  return {
    ...ledger,
    async identify(secret) {
      const key = await ledger.identify(secret);
      if (key === null) return null;
      let preparedKey = preparedKeys.get(key.id);
      if (preparedKey === undefined) {
        preparedKey = createOnce(() => options.prepareKey(key, ledger));
        preparedKeys.set(key.id, preparedKey);
      }
      const preparing = preparedKey();
      if (preparing !== null) await preparing;
      return key;
    },
    reserve(reservation) {
      const preparing = prepared();
      return preparing === null ? ledger.reserve(reservation) : preparing.then(() => ledger.reserve(reservation));
    },
    settle: settler.settle,
    release: settler.release,
    async close() {
      await reaper.stop();
      await settler.drain(options.drainMs ?? 10_000);
      await ledger.close();
    },
  };
};
