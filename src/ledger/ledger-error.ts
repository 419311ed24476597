/** The errors of the ledger room. Codes are closed; `server` maps them to HTTP status in its one table. */

export type LedgerErrorCode =
  /** The database is away, or did not answer in time: refuse the request, try again later. */
  | 'unavailable'
  /** Nothing can be written any more: refuse requests until there is room. */
  | 'disk-full'
  /** The file is no database, or no whole one. */
  | 'damaged'
  /** The schema is of a later version than this one knows. */
  | 'incompatible'
  /** The key that signs receipts cannot be read or made. */
  | 'signing-key'
  /** An argument that cannot be meant: a negative amount, an empty name, a URL of no known kind. */
  | 'invalid'
  /** An id that is taken by something else. */
  | 'conflict'
  /** A sum that passes what is counted exactly (2^53 - 1). */
  | 'overflow'
  | 'key-unknown'
  | 'budget-unknown'
  | 'consent-unknown'
  | 'consent-expired'
  | 'consent-answered'
  /** The ledger was closed. */
  | 'closed';

/** A ledger failure; `message` says the action, the limit and the value, and never holds a secret or a password. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LedgerError';
    this.code = code;
  }
}

/** The ledger cannot be used now, and may take the same later as it is. */
export const isAway = (error: unknown): error is LedgerError =>
  error instanceof LedgerError && (error.code === 'unavailable' || error.code === 'disk-full');
