/** The words of booking: what a batch is asked to do and what came of each. Data only. */

import type { SignedReceipt } from '../../trust/receipt.js';
import type { Reservation, ReserveOutcome, Settlement } from '../ledger.js';
import type { LedgerError } from '../ledger-error.js';

export type BookOperation =
  /** `nowMs` is the moment of the call: it decides the month and the rate window. */
  | { readonly type: 'reserve'; readonly reservation: Reservation; readonly nowMs: number }
  | { readonly type: 'settle'; readonly settlement: Settlement }
  /** With `expiredAtMs` only if it had expired by then. */
  | { readonly type: 'release'; readonly reservationId: string; readonly expiredAtMs: number | null };

export type BookResult =
  | { readonly type: 'reserve'; readonly outcome: ReserveOutcome }
  | { readonly type: 'settle'; readonly receipt: SignedReceipt }
  /** `released`: it was there. */
  | { readonly type: 'release'; readonly released: boolean }
  /** This one was refused; the rest of the batch stands. */
  | { readonly type: 'failed'; readonly error: LedgerError };

/** Budgets that a request falls under, most particular first. */
export const scopesOf = (keyId: string | null, app: string | null): string[] => [
  ...(keyId === null ? [] : [`key:${keyId}`]),
  ...(app === null ? [] : [`app:${app}`]),
  'all',
];
