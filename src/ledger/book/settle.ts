/**
 * The rules of booking and giving back: what was spent is booked against every budget of the reservation's month, what
 * was reserved goes, and the receipt takes its place in the chain. Pure over a BookState.
 */
import type { ReceiptBody, SignedReceipt } from '../../trust/receipt.js';
import { placedDigest } from '../../trust/sign-receipt.js';
import type { Amounts } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import { addExactly } from '../money.js';
import { monthOf } from '../month.js';
import { giveBackRate } from '../rate-window.js';
import type { ReceiptTable, ReservationTable } from '../sql/schema.js';
import type { BookState, MonthSums } from './book-state.js';
import type { Booking } from './book-types.js';

export const receiptOfRow = (row: ReceiptTable): SignedReceipt => ({
  body: JSON.parse(row.body) as ReceiptBody,
  chain: row.chain,
  sequence: row.sequence,
  previous: row.previous,
  digest: row.digest,
  signer: row.signer,
  signature: row.signature,
  proof: JSON.parse(row.proof) as SignedReceipt['proof'],
});

/** True where the receipt of a booking is there already. */
const isBooked = (state: BookState, { receiptId, requestId, bodyJson }: Booking): boolean => {
  const known = state.receiptText(receiptId);
  if (known !== undefined && known !== bodyJson)
    throw new LedgerError('conflict', `Cannot settle request ${requestId}: receipt ${receiptId} says otherwise.`);
  return known !== undefined;
};

const checkOwner = ({ requestId, keyId, app }: Booking, reservation: ReservationTable | undefined): void => {
  if (reservation === undefined) return;
  if (reservation.key_id !== keyId || reservation.app !== app)
    throw new LedgerError(
      'invalid',
      `Cannot settle request ${requestId}: its receipt is of key ${keyId} and app ${app}, its reservation of key ${reservation.key_id} and app ${reservation.app}.`,
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

/** What a booking takes out of its reservation: what the request held of it, and no more than is there. */
const heldOf = ({ held }: Booking, reservation: ReservationTable | undefined): Amounts =>
  reservation === undefined
    ? { nanoUsd: 0, tokens: 0 }
    : {
        nanoUsd: Math.min(held?.nanoUsd ?? reservation.nano_usd, reservation.nano_usd),
        tokens: Math.min(held?.tokens ?? reservation.tokens, reservation.tokens),
      };

/**
 * Books what was spent, more than the reservation where it was more, and also without one (it was reaped: then in the
 * month in which the request started). The same receipt again changes nothing, so that a call whose answer was lost can
 * be made again. Throws LedgerError `conflict`, `invalid` or `overflow`, and then has changed nothing.
 */
export const settle = (state: BookState, booking: Booking): void => {
  if (isBooked(state, booking)) return;
  const { reservationId, keyId, app, nanoUsd, tokens, bodyJson } = booking;
  const reservation = state.reservation(reservationId);
  checkOwner(booking, reservation);
  const month = reservation?.month ?? monthOf(booking.startedMs);
  const held = heldOf(booking, reservation);
  const accounts = state.accounts({ keyId, app, month });
  const sums = accounts.map(
    ({ sums: old }): MonthSums => ({
      spent_nano_usd: addExactly(old.spent_nano_usd, nanoUsd),
      spent_tokens: addExactly(old.spent_tokens, tokens),
      reserved_nano_usd: less(old.reserved_nano_usd, held.nanoUsd),
      reserved_tokens: less(old.reserved_tokens, held.tokens),
    }),
  );
  const { chain, sequence: last, digest: previous } = state.head();
  const sequence = last + 1;
  const digest = placedDigest(bodyJson, { chain, sequence, previous });
  // Nothing throws from here on.
  for (const [index, account] of accounts.entries()) state.saveSums(account, sums[index]!);
  if (reservation !== undefined && booking.held === null) {
    correctRate(state, reservation, { requests: 0, tokens: reservation.tokens - tokens });
    state.removeReservation(reservationId);
  } else if (reservation !== undefined)
    state.changeReservation({
      ...reservation,
      nano_usd: reservation.nano_usd - held.nanoUsd,
      tokens: reservation.tokens - held.tokens,
    });
  state.addReceipt({
    chain,
    sequence,
    id: booking.receiptId,
    previous,
    digest,
    body: bodyJson,
    key_id: keyId,
    app,
    tier: booking.tier,
    model: booking.model,
    month,
    ended_ms: booking.endedMs,
    prompt_tokens: booking.promptTokens,
    completion_tokens: booking.completionTokens,
    nano_usd: nanoUsd,
    tokens,
  });
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
