/**
 * The Ledger over a backend: checks what callers hand in, makes ids and secrets, remembers keys for a moment. Knows
 * neither database.
 */
import { randomBytes } from 'node:crypto';
import type { LedgerBackend } from './backend.js';
import { limitScopeOf } from './book/book-types.js';
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
import type { KeyRecord, Ledger, Reservation } from './ledger.js';

/** A revocation by another process is honoured within this time. */
const identifyTtlMs = 2_000;
const mostIdentified = 10_000;
/** Reservations that are given back in one go. */
const reapBatch = 200;

const newId = (prefix: string): string => `${prefix}_${randomBytes(8).toString('hex')}`;

export const createLedger = (backend: LedgerBackend, options: { readonly now: () => number }): Ledger => {
  const { now } = options;
  const known = createKeyCache({ ttlMs: identifyTtlMs, most: mostIdentified });

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
        ids.map((reservationId) => backend.book({ type: 'release', reservationId, expiredAtMs: nowMs })),
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
      const nowMs = now();
      try {
        if (reservation.rateLimits !== undefined) await trackRates(reservation);
        return (await backend.book({ type: 'reserve', reservation, nowMs })).outcome;
      } catch (error) {
        // A database that was away may come back as another: its windows are looked for anew.
        tracked.clear();
        throw error;
      }
    },
    async raise(reservation) {
      checkReservation(reservation);
      return (await backend.book({ type: 'raise', reservation, nowMs: now() })).outcome;
    },
    async settle(settlement) {
      checkSettlement(settlement);
      return (await backend.book({ type: 'settle', settlement })).receipt;
    },
    async release(reservationId) {
      checkId('release a reservation', reservationId);
      await backend.book({ type: 'release', reservationId, expiredAtMs: null });
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
    close: () => backend.close(),
  };
};
