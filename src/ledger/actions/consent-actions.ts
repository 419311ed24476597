/**
 * Consents: asked for, answered once, used. A yes has a token, of which only the hash is kept; using it and marking it
 * used is one transaction, so that two who present it at once cannot both have it.
 */
import { randomBytes } from 'node:crypto';
import { hashSecret } from '../key-secret.js';
import type { ConsentRecord, ConsentRedemption, ConsentRefusal } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import type { ConsentTable } from '../sql/schema.js';
import { buildQuery } from '../sql/statement.js';
import { createReading, createStep, type Decision } from '../sql/step.js';
import { type Action, lockedFor } from './action.js';

const recordOf = (row: ConsentTable): ConsentRecord => ({
  id: row.id,
  provider: row.provider,
  model: row.model,
  keyId: row.key_id,
  app: row.app,
  contentHash: row.content_hash,
  scope: row.scope as ConsentRecord['scope'],
  createdMs: row.created_ms,
  expiresMs: row.expires_ms,
  state: row.state as ConsentRecord['state'],
});

export const askConsentAction: Action<Omit<ConsentRecord, 'state'>, null> = {
  access: 'write',
  step: (consent, dialect) => {
    const { db } = dialect;
    const { id } = consent;
    const present = buildQuery(db.selectFrom('consents').select('id').where('id', '=', id));
    return createStep({ present }, (rows) => {
      if (rows.present.length > 0)
        throw new LedgerError('conflict', `Cannot ask for consent ${id}: there is one of that id.`);
      const row: ConsentTable = {
        id,
        provider: consent.provider,
        model: consent.model,
        key_id: consent.keyId,
        app: consent.app,
        content_hash: consent.contentHash,
        scope: consent.scope,
        created_ms: consent.createdMs,
        expires_ms: consent.expiresMs,
        state: 'asked',
        token_hash: null,
      };
      return { result: null, writes: [buildQuery(db.insertInto('consents').values(row))] };
    });
  },
};

export const findConsentAction: Action<{ readonly id: string }, ConsentRecord | null> = {
  access: 'read',
  step: ({ id }, { db }) =>
    createReading(
      { consent: buildQuery(db.selectFrom('consents').selectAll().where('id', '=', id)) },
      ({ consent: [row] }) => (row === undefined ? null : recordOf(row)),
    ),
};

export interface AnswerConsentArgs {
  readonly id: string;
  readonly grant: boolean;
  readonly nowMs: number;
}

export const answerConsentAction: Action<AnswerConsentArgs, { readonly token: string | null }> = {
  access: 'write',
  step: ({ id, grant, nowMs }, dialect) => {
    const { db } = dialect;
    const consent = buildQuery(db.selectFrom('consents').selectAll().where('id', '=', id).$call(lockedFor(dialect)));
    return createStep({ consent }, ({ consent: [row] }) => {
      const action = `answer consent ${id}`;
      if (row === undefined) throw new LedgerError('consent-unknown', `Cannot ${action}: there is none of that id.`);
      if (row.state !== 'asked')
        throw new LedgerError('consent-answered', `Cannot ${action}: it was answered before (${row.state}).`);
      if (nowMs >= row.expires_ms)
        throw new LedgerError(
          'consent-expired',
          `Cannot ${action}: it expired at ${new Date(row.expires_ms).toISOString()}.`,
        );
      const token = grant ? randomBytes(32).toString('base64url') : null;
      const answer = db
        .updateTable('consents')
        .set({ state: grant ? 'granted' : 'refused', token_hash: token === null ? null : hashSecret(token) })
        .where('id', '=', id);
      return { result: { token }, writes: [buildQuery(answer)] };
    });
  },
};

export interface RedeemConsentArgs {
  readonly tokenHash: string;
  readonly provider: string;
  readonly contentHash: string;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly nowMs: number;
}

/** Null where the yes holds. Whose it is comes first: to anybody else it says nothing more. */
const refusalOf = (row: ConsentTable, redemption: RedeemConsentArgs): ConsentRefusal | null => {
  const { provider, contentHash, keyId, app, nowMs } = redemption;
  if (row.key_id !== keyId || row.app !== app) return 'other-caller';
  const state = row.state as ConsentRecord['state'];
  switch (state) {
    case 'used':
      return 'used';
    // A consent has a token only once it is granted; were it otherwise, that would be no yes.
    case 'asked':
    case 'refused':
      return 'refused';
    case 'granted':
      if (nowMs >= row.expires_ms) return 'expired';
      if (row.provider !== provider) return 'other-provider';
      return row.content_hash === contentHash ? null : 'other-content';
    default:
      return state satisfies never;
  }
};

export const redeemConsentAction: Action<RedeemConsentArgs, ConsentRedemption> = {
  access: 'write',
  step: (args, dialect) => {
    const { db } = dialect;
    const consent = buildQuery(
      db.selectFrom('consents').selectAll().where('token_hash', '=', args.tokenHash).$call(lockedFor(dialect)),
    );
    return createStep({ consent }, ({ consent: [row] }): Decision<ConsentRedemption> => {
      const refusal = row === undefined ? 'unknown' : refusalOf(row, args);
      if (row === undefined || refusal !== null) return { result: { outcome: refusal ?? 'unknown' }, writes: [] };
      const use = db.updateTable('consents').set({ state: 'used' }).where('id', '=', row.id);
      return {
        result: { outcome: 'ok', consent: recordOf(row) },
        writes: row.scope === 'conversation' ? [] : [buildQuery(use)],
      };
    });
  },
};
