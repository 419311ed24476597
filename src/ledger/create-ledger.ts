/**
 * The Ledger over a backend: checks what callers hand in, makes ids and secrets, remembers keys for a moment, and lets
 * requests in from leases where there are any. Knows neither database.
 */
import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../trust/canonical-json.js';
import { TrustError } from '../trust/trust-error.js';
import type { LedgerBackend } from './backend.js';
import { type Booking, type BookOperation, limitScopeOf } from './book/book-types.js';
import {
  checkBudget,
  checkConsent,
  checkId,
  checkNewKey,
  checkReceiptsQuery,
  checkReservation,
  checkSettlement,
  checkTime,
} from './check-input.js';
import { createKeyCache } from './key-cache.js';
import { createSecret, hashSecret, isSameHash, looksLikeSecret } from './key-secret.js';
import { createLeases, type Held } from './leases.js';
import type { KeyRecord, Ledger, Reservation, ReserveOutcome, Settlement } from './ledger.js';
import { isAway, LedgerError } from './ledger-error.js';

/** A revocation by another process is honoured within this time. */
const identifyTtlMs = 2_000;
const mostIdentified = 10_000;
/** Reservations that are given back in one go. */
const reapBatch = 200;

/** A request that is let in without a word of rate limits. */
const uncounted: ReserveOutcome = { type: 'reserved', requests: null, tokens: null };

const bodyText = ({ receipt }: Settlement): string => {
  try {
    return canonicalJson(receipt);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new LedgerError('invalid', `Cannot settle a request: ${error.message}`, { cause: error });
  }
};

const bookingOf = (settlement: Settlement, held: Held | null): Booking => {
  const { reservationId, nanoUsd, tokens, receipt } = settlement;
  return {
    reservationId: held?.leaseId ?? reservationId,
    held: held === null ? null : { nanoUsd: held.nanoUsd, tokens: held.tokens },
    nanoUsd,
    tokens,
    receiptId: receipt.id,
    requestId: receipt.requestId,
    bodyJson: bodyText(settlement),
    keyId: receipt.keyId,
    app: receipt.app,
    tier: receipt.tier,
    model: receipt.model,
    startedMs: receipt.startedMs,
    endedMs: receipt.endedMs,
    promptTokens: receipt.promptTokens,
    completionTokens: receipt.completionTokens,
  };
};

const newId = (prefix: string): string => `${prefix}_${randomBytes(8).toString('hex')}`;

export interface CreateLedgerOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Under load, requests are let in from reservations made ahead (leases.ts): for servers. */
  readonly reservesAhead?: boolean;
}

export const createLedger = (backend: LedgerBackend, options: CreateLedgerOptions): Ledger => {
  const { now, reservesAhead = false } = options;
  const known = createKeyCache({ ttlMs: identifyTtlMs, most: mostIdentified });

  const book = async <Operation extends BookOperation>(operation: Operation) => {
    try {
      const result = await backend.book(operation);
      leases.booked();
      return result;
    } catch (error) {
      if (isAway(error)) leases.failed();
      throw error;
    }
  };
  const leases = createLeases({
    open: async (reservation, least) => (await book({ type: 'lease', reservation, least, nowMs: now() })).granted,
    end: async (reservationId) => {
      await book({ type: 'release', reservationId, expiredAtMs: null });
    },
    newId: () => newId('lease'),
    now,
    clock: () => performance.now(),
  });

  const findKey = async (hash: string): Promise<KeyRecord | null> => {
    const found = await backend.run('findKey', { hash });
    if (found === null || !isSameHash(found.hash, hash)) return null;
    return found.record.revokedMs === null ? found.record : null;
  };

  /** Scopes whose rate windows are known to be there. */
  const tracked = new Set<string>();
  const trackRates = async ({ keyId, app, rateLimits = [] }: Reservation): Promise<void> => {
    const scopes = rateLimits.flatMap(({ of }) => limitScopeOf(of, { keyId, app }) ?? []);
    const missing = scopes.filter((scope) => !tracked.has(scope));
    if (missing.length === 0) return;
    await backend.run('trackRates', { scopes: missing });
    for (const scope of missing) tracked.add(scope);
  };

  const reap = async (nowMs: number): Promise<number> => {
    checkTime('reap', { nowMs });
    let reaped = 0;
    for (;;) {
      const ids = await backend.run('expired', { nowMs, limit: reapBatch });
      const results = await Promise.all(
        ids.map((reservationId) => book({ type: 'release', reservationId, expiredAtMs: nowMs })),
      );
      const released = results.filter(({ released }) => released).length;
      reaped += released;
      // Where others reap too, a full round may find that all were given back already: then that is enough.
      if (ids.length < reapBatch || released === 0) return reaped;
    }
  };

  return {
    async createKey(key) {
      checkNewKey(key);
      const secret = createSecret();
      const record: KeyRecord = {
        id: newId('key'),
        name: key.name,
        app: key.app ?? null,
        reach: key.reach ?? null,
        requestsPerMinute: key.requestsPerMinute ?? null,
        tokensPerMinute: key.tokensPerMinute ?? null,
        createdMs: now(),
        revokedMs: null,
      };
      await backend.run('createKey', { record, hash: hashSecret(secret) });
      return { record, secret };
    },
    async identify(secret) {
      if (!looksLikeSecret(secret)) return null;
      const hash = hashSecret(secret);
      return known.get(hash, () => findKey(hash));
    },
    listKeys: async () => backend.run('listKeys', null),
    async revokeKey(id) {
      checkId('revoke a key', id);
      await backend.run('revokeKey', { id, nowMs: now() });
      known.clear();
    },

    async setBudget(budget) {
      checkBudget(budget);
      return backend.run('setBudget', { budget, newId: newId('budget'), nowMs: now() });
    },
    async removeBudget(id) {
      checkId('remove a budget', id);
      await backend.run('removeBudget', { id });
    },
    budgets: async () => backend.run('listBudgets', { nowMs: now() }),

    async reserve(reservation) {
      checkReservation(reservation);
      if (leases.take(reservation)) return uncounted;
      const nowMs = now();
      const ask = async (): Promise<ReserveOutcome> => (await book({ type: 'reserve', reservation, nowMs })).outcome;
      try {
        if (reservation.rateLimits !== undefined) await trackRates(reservation);
        let outcome = await ask();
        // What is held ahead for others is not what a budget ends at.
        if (outcome.type === 'over-budget' && (await leases.release())) outcome = await ask();
        if (reservesAhead && outcome.type === 'reserved' && outcome.requests === null && outcome.tokens === null)
          leases.admitted(reservation);
        return outcome;
      } catch (error) {
        // A database that was away may come back as another: its windows are looked for anew.
        tracked.clear();
        throw error;
      }
    },
    async raise(reservation) {
      checkReservation(reservation);
      const { id } = reservation;
      if (leases.held(id) !== null && leases.extend(id, reservation)) return { type: 'reserved' };
      const { outcome } = await book({ type: 'raise', reservation, nowMs: now() });
      // It has a reservation of its own now, for all of it.
      if (outcome.type === 'reserved') leases.giveBack(id);
      return outcome;
    },
    async settle(settlement) {
      checkSettlement(settlement);
      const { reservationId } = settlement;
      const held = leases.held(reservationId);
      await book({ type: 'settle', booking: bookingOf(settlement, held) });
      if (held !== null) leases.settled(reservationId);
    },
    async release(reservationId) {
      checkId('release a reservation', reservationId);
      if (leases.held(reservationId) !== null) leases.giveBack(reservationId);
      else await book({ type: 'release', reservationId, expiredAtMs: null });
    },
    reap,

    async askConsent(consent) {
      checkConsent(consent);
      await backend.run('askConsent', consent);
    },
    async consent(id) {
      checkId('look up a consent', id);
      return backend.run('findConsent', { id });
    },
    async answerConsent(id, grant, nowMs) {
      checkId('answer a consent', id);
      checkTime('answer a consent', { nowMs });
      return backend.run('answerConsent', { id, grant, nowMs });
    },
    async redeemConsent({ token, ...redemption }) {
      checkTime('redeem a consent', { nowMs: redemption.nowMs });
      return backend.run('redeemConsent', { tokenHash: hashSecret(token), ...redemption });
    },

    async usage(query) {
      checkTime('add up usage', { fromMs: query.fromMs, toMs: query.toMs });
      return backend.run('usage', query);
    },
    async receipt(id) {
      checkId('look up a receipt', id);
      return backend.run('findReceipt', { id });
    },
    async receipts(query) {
      checkReceiptsQuery(query);
      return backend.run('listReceipts', query);
    },
    signers: async () => backend.run('listSigners', null),
    async close() {
      await leases.close();
      await backend.close();
    },
  };
};
