/** Reservations and settlements for tests: whole ones, with what a test cares about put in. */
import type { ReceiptBody } from '../trust/receipt.js';
import { receiptBody } from '../trust/receipt.test-support.js';
import type { Reservation, Settlement } from './ledger.js';

export const startMs = Date.UTC(2026, 2, 15, 12);

export const reservation = (id: string, fields: Partial<Reservation> = {}): Reservation => ({
  id,
  keyId: null,
  app: null,
  nanoUsd: 100,
  tokens: 10,
  expiresMs: startMs + 60_000,
  ...fields,
});

/** Of 100 nanodollars and 10 tokens unless said otherwise; its receipt fits. */
export const settlement = (
  id: string,
  fields: { readonly nanoUsd?: number; readonly tokens?: number; readonly receipt?: Partial<ReceiptBody> } = {},
): Settlement => {
  const nanoUsd = fields.nanoUsd ?? 100;
  return {
    reservationId: id,
    nanoUsd,
    tokens: fields.tokens ?? 10,
    receipt: receiptBody(id, {
      startedMs: startMs,
      endedMs: startMs + 1000,
      costNanoUsd: nanoUsd,
      ...fields.receipt,
    }),
  };
};
