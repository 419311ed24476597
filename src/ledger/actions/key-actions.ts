/** Keys: made, found by the hash of their secret, listed, revoked. */
import { isReach } from '../../route/reach.js';
import type { KeyRecord } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import type { KeyTable } from '../sql/schema.js';
import { buildQuery } from '../sql/statement.js';
import { createReading, createStep } from '../sql/step.js';
import { type Action, lockedFor } from './action.js';

export interface KeyWithHash {
  readonly record: KeyRecord;
  readonly hash: string;
}

const recordOf = (row: KeyTable): KeyRecord => ({
  id: row.id,
  name: row.name,
  app: row.app,
  reach: isReach(row.reach) ? row.reach : null,
  requestsPerMinute: row.requests_per_minute,
  tokensPerMinute: row.tokens_per_minute,
  createdMs: row.created_ms,
  revokedMs: row.revoked_ms,
});

export const createKeyAction: Action<KeyWithHash, null> = {
  access: 'write',
  step: ({ record, hash }, { db }) => {
    const row: KeyTable = {
      id: record.id,
      name: record.name,
      app: record.app,
      reach: record.reach,
      requests_per_minute: record.requestsPerMinute,
      tokens_per_minute: record.tokensPerMinute,
      hash,
      created_ms: record.createdMs,
      revoked_ms: record.revokedMs,
    };
    const limited = row.requests_per_minute !== null || row.tokens_per_minute !== null;
    const window = db.insertInto('rate_windows').values({ scope: `key:${row.id}`, slots: '[]' });
    return createStep({}, () => ({
      result: null,
      writes: [buildQuery(db.insertInto('keys').values(row)), ...(limited ? [buildQuery(window)] : [])],
    }));
  },
};

export const findKeyAction: Action<{ readonly hash: string }, KeyWithHash | null> = {
  access: 'read',
  step: ({ hash }, { db }) =>
    createReading({ key: buildQuery(db.selectFrom('keys').selectAll().where('hash', '=', hash)) }, ({ key: [row] }) =>
      row === undefined ? null : { record: recordOf(row), hash: row.hash },
    ),
};

export const listKeysAction: Action<null, readonly KeyRecord[]> = {
  access: 'read',
  step: (_, { db }) =>
    createReading(
      { keys: buildQuery(db.selectFrom('keys').selectAll().orderBy('created_ms').orderBy('id')) },
      ({ keys }) => keys.map(recordOf),
    ),
};

export const revokeKeyAction: Action<{ readonly id: string; readonly nowMs: number }, null> = {
  access: 'write',
  step: ({ id, nowMs }, dialect) => {
    const { db } = dialect;
    const key = buildQuery(db.selectFrom('keys').selectAll().where('id', '=', id).$call(lockedFor(dialect)));
    return createStep({ key }, ({ key: [row] }) => {
      if (row === undefined) throw new LedgerError('key-unknown', `Cannot revoke key ${id}: there is none of that id.`);
      // The first revocation counts.
      if (row.revoked_ms !== null) return { result: null, writes: [] };
      const revoke = db.updateTable('keys').set({ revoked_ms: nowMs }).where('id', '=', id);
      return { result: null, writes: [buildQuery(revoke)] };
    });
  },
};
