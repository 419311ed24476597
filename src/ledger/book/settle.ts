/**
 * The rules of booking and giving back: what was spent is booked against every budget of the reservation's month, what
 * was reserved goes, and the receipt takes its place in the chain. Pure over a BookState, but for the signing key.
 */

import { canonicalJson } from '../../trust/canonical-json.js';
import type { ReceiptBody, SignedReceipt } from '../../trust/receipt.js';
import { signReceipt } from '../../trust/sign-receipt.js';
import type { SigningKey } from '../../trust/signing-key.js';
import type { Settlement } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import { addExactly } from '../money.js';
import { monthOf } from '../month.js';
import { giveBackRate } from '../rate-window.js';
import type { ReceiptTable, ReservationTable } from '../sql/schema.js';
import type { BookState, MonthSums } from './book-state.js';

export const receiptOfRow = (row: ReceiptTable): SignedReceipt => ({
  body: JSON.parse(row.body) as ReceiptBody,
  chain: row.chain,
  sequence: row.sequence,
  previous: row.previous,
  digest: row.digest,
  signer: row.signer,
  signature: row.signature,
});

/** The receipt of a settlement that was made before; null where there is none. */
const settledBefore = (state: BookState, { receipt: body }: Settlement): SignedReceipt | null => {
  const known = state.receipt(body.id);
  if (known === undefined) return null;
  if (known.row.body !== canonicalJson(body))
    throw new LedgerError('conflict', `Cannot settle request ${body.requestId}: receipt ${body.id} says otherwise.`);
  return known.receipt ?? receiptOfRow(known.row);
};

const checkOwner = (body: ReceiptBody, reservation: ReservationTable | undefined): void => {
  if (reservation === undefined) return;
  if (reservation.key_id !== body.keyId || reservation.app !== body.app)
    throw new LedgerError(
      'invalid',
      `Cannot settle request ${body.requestId}: its receipt is of key ${body.keyId} and app ${body.app}, its reservation of key ${reservation.key_id} and app ${reservation.app}.`,
    );
};

/**
 * Corrects the windows that a reservation counts in: gives back (or, below zero, takes in addition) so much of it;
 * `requests` 1 where the request shall not count.
 */
export const correctRate = (
  state: BookState,
  { key_id: keyId, app, rate_ms: ms }: ReservationTable,
  { requests, tokens }: { readonly requests: number; readonly tokens: number },
): void => {
  if (ms === null || (requests === 0 && tokens === 0)) return;
  for (const { scope, slots } of state.windows({ keyId, app }))
    state.saveSlots(scope, giveBackRate(slots, { ms, requests, tokens }));
};

/** Never below zero: sums that somebody edited by hand must not keep a settlement from being booked. */
const less = (sum: number, amount: number): number => Math.max(0, sum - amount);

const rowOf = (
  { receipt, bodyJson }: { readonly receipt: SignedReceipt; readonly bodyJson: string },
  { month, nanoUsd, tokens }: { readonly month: string; readonly nanoUsd: number; readonly tokens: number },
): ReceiptTable => {
  const { body, chain, sequence, previous, digest, signer, signature } = receipt;
  return {
    chain,
    sequence,
    id: body.id,
    previous,
    digest,
    signer,
    signature,
    body: bodyJson,
    key_id: body.keyId,
    app: body.app,
    tier: body.tier,
    model: body.model,
    month,
    ended_ms: body.endedMs,
    prompt_tokens: body.promptTokens,
    completion_tokens: body.completionTokens,
    nano_usd: nanoUsd,
    tokens,
  };
};

/**
 * Books what was spent, more than the reservation where it was more, and also without one (it was reaped: then in the
 * month in which the request started). The same receipt again changes nothing, so that a call whose answer was lost can
 * be made again. Throws LedgerError `conflict`, `invalid` or `overflow`, or TrustError `not-canonical`, and then has
 * changed nothing.
 */
export const settle = (
  state: BookState,
  { settlement, key }: { readonly settlement: Settlement; readonly key: SigningKey },
): SignedReceipt => {
  const before = settledBefore(state, settlement);
  if (before !== null) return before;
  const { receipt: body, reservationId, nanoUsd, tokens } = settlement;
  const reservation = state.reservation(reservationId);
  checkOwner(body, reservation);
  const month = reservation?.month ?? monthOf(body.startedMs);
  const accounts = state.accounts({ keyId: body.keyId, app: body.app, month });
  const sums = accounts.map(
    ({ sums: old }): MonthSums => ({
      spent_nano_usd: addExactly(old.spent_nano_usd, nanoUsd),
      spent_tokens: addExactly(old.spent_tokens, tokens),
      reserved_nano_usd: less(old.reserved_nano_usd, reservation?.nano_usd ?? 0),
      reserved_tokens: less(old.reserved_tokens, reservation?.tokens ?? 0),
    }),
  );
  const { chain, sequence, digest } = state.head();
  const signed = signReceipt(body, { key, chain, sequence: sequence + 1, previous: digest });
  // Nothing throws from here on.
  for (const [index, account] of accounts.entries()) state.saveSums(account, sums[index]!);
  if (reservation !== undefined) {
    correctRate(state, reservation, { requests: 0, tokens: reservation.tokens - tokens });
    state.removeReservation(reservationId);
  }
  state.addReceipt(rowOf(signed, { month, nanoUsd, tokens }), signed.receipt);
  return signed.receipt;
};

/** Gives back the whole of a reservation; false where there is none, or where it has not expired and had to. */
export const release = (
  state: BookState,
  { reservationId, expiredAtMs }: { readonly reservationId: string; readonly expiredAtMs: number | null },
): boolean => {
  const reservation = state.reservation(reservationId);
  if (reservation === undefined || (expiredAtMs !== null && reservation.expires_ms > expiredAtMs)) return false;
  const { key_id: keyId, app, month, nano_usd: nanoUsd, tokens } = reservation;
  for (const account of state.accounts({ keyId, app, month }))
    state.saveSums(account, {
      ...account.sums,
      reserved_nano_usd: less(account.sums.reserved_nano_usd, nanoUsd),
      reserved_tokens: less(account.sums.reserved_tokens, tokens),
    });
  correctRate(state, reservation, { requests: 1, tokens });
  state.removeReservation(reservationId);
  return true;
};
