/** Receipts read back, and the public keys that they verify against. */
import type { SignedReceipt } from '../../trust/receipt.js';
import { receiptOfRow } from '../book/settle.js';
import type { SignerRecord } from '../ledger.js';
import { buildQuery } from '../sql/statement.js';
import { createReading } from '../sql/step.js';
import type { Action } from './action.js';

export const findReceiptAction: Action<{ readonly id: string }, SignedReceipt | null> = {
  access: 'read',
  step: ({ id }, { db }) =>
    createReading(
      { receipt: buildQuery(db.selectFrom('receipts').selectAll().where('id', '=', id)) },
      ({ receipt: [row] }) => (row === undefined ? null : receiptOfRow(row)),
    ),
};

export interface ListReceiptsArgs {
  readonly chain?: string;
  readonly after?: number;
  readonly limit: number;
}

export const listReceiptsAction: Action<ListReceiptsArgs, readonly SignedReceipt[]> = {
  access: 'scan',
  step: ({ chain, after, limit }, { db }) => {
    const receipts = db
      .selectFrom('receipts')
      .selectAll()
      .$if(chain !== undefined, (query) => query.where('chain', '=', chain!))
      .where('sequence', '>', after ?? 0)
      .orderBy('chain')
      .orderBy('sequence')
      .limit(limit);
    return createReading({ receipts: buildQuery(receipts) }, (rows) => rows.receipts.map(receiptOfRow));
  },
};

export const listSignersAction: Action<null, readonly SignerRecord[]> = {
  access: 'read',
  step: (_, { db }) =>
    createReading({ signers: buildQuery(db.selectFrom('signers').selectAll().orderBy('id')) }, ({ signers }) =>
      signers.map(({ id, public_key: publicKeyPem }) => ({ id, publicKeyPem })),
    ),
};
