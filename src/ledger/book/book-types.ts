/** The words of booking: what a batch is asked to do and what came of each. Data only. */

import type { SignedReceipt } from '../../trust/receipt.js';
import type { RaiseOutcome, Reservation, ReserveOutcome, Settlement } from '../ledger.js';
import type { LedgerError } from '../ledger-error.js';

export type BookOperation =
  /** `nowMs` is the moment of the call: it decides the month and the rate window. */
  | { readonly type: 'reserve'; readonly reservation: Reservation; readonly nowMs: number }
  /** Sets a reservation to larger amounts. */
  | { readonly type: 'raise'; readonly reservation: Reservation; readonly nowMs: number }
  | { readonly type: 'settle'; readonly settlement: Settlement }
  /** With `expiredAtMs` only if it had expired by then. */
  | { readonly type: 'release'; readonly reservationId: string; readonly expiredAtMs: number | null };

export type BookResult =
  | { readonly type: 'reserve'; readonly outcome: ReserveOutcome }
  | { readonly type: 'raise'; readonly outcome: RaiseOutcome }
  | { readonly type: 'settle'; readonly receipt: SignedReceipt }
  /** `released`: it was there. */
  | { readonly type: 'release'; readonly released: boolean }
  /** This one was refused; the rest of the batch stands. */
  | { readonly type: 'failed'; readonly error: LedgerError };

/** The scope of a rate limit for a request of this owner; null for a limit of apps and a request of none. */
export const limitScopeOf = (
  of: 'key' | 'app' | 'all',
  { keyId, app }: { readonly keyId: string | null; readonly app: string | null },
): string | null => {
  switch (of) {
    case 'key':
      return keyId === null ? null : `key:${keyId}`;
    case 'app':
      return app === null ? null : `app:${app}`;
    case 'all':
      return 'all';
    default:
      return of satisfies never;
  }
};

/** What a request counts under, budgets and rate windows alike; most particular first. */
export const scopesOf = (keyId: string | null, app: string | null): string[] => [
  ...(keyId === null ? [] : [`key:${keyId}`]),
  ...(app === null ? [] : [`app:${app}`]),
  'all',
];
