/** The words of booking: what a batch is asked to do and what came of each. Data only. */

import type { Amounts, RaiseOutcome, Reservation, ReserveOutcome } from '../ledger.js';
import type { LedgerError } from '../ledger-error.js';

/** A settlement as it is booked: of its receipt the text, and what the database has columns for. */
export interface Booking extends Amounts {
  readonly reservationId: string;
  /** What of the reservation was the request's; null: all of it. */
  readonly held: Amounts | null;
  readonly receiptId: string;
  readonly requestId: string;
  /** The receipt's body in canonical JSON, as it will be signed. */
  readonly bodyJson: string;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly tier: string;
  readonly model: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export type BookOperation =
  /** `nowMs` is the moment of the call: it decides the month and the rate window. */
  | { readonly type: 'reserve'; readonly reservation: Reservation; readonly nowMs: number }
  /** Sets a reservation to larger amounts. */
  | { readonly type: 'raise'; readonly reservation: Reservation; readonly nowMs: number }
  /**
   * Reserves for requests to come, as much of the amounts as is a hundredth of what every budget leaves, and nothing where
   * that is less than `least` or where requests of this owner are counted by rate.
   */
  | { readonly type: 'lease'; readonly reservation: Reservation; readonly least: Amounts; readonly nowMs: number }
  | { readonly type: 'settle'; readonly booking: Booking }
  /** With `expiredAtMs` only if it had expired by then. */
  | { readonly type: 'release'; readonly reservationId: string; readonly expiredAtMs: number | null };

export type BookResult =
  | { readonly type: 'reserve'; readonly outcome: ReserveOutcome }
  | { readonly type: 'raise'; readonly outcome: RaiseOutcome }
  /** What was reserved; null for nothing. */
  | { readonly type: 'lease'; readonly granted: Amounts | null }
  | { readonly type: 'settle' }
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
