/**
 * The seam below the ledger: who runs bookings and actions in a database, together with others where that is faster.
 * Siblings implement it for SQLite and PostgreSQL; neither knows what a key or a budget is.
 */
import type { ActionName, ArgsOf, ResultOf } from './actions/actions.js';
import type { BookOperation, BookResult } from './book/book-types.js';

export interface LedgerBackend {
  /** Resolves once durable; rejects with LedgerError, also where only this operation was refused. */
  book<Operation extends BookOperation>(
    operation: Operation,
  ): Promise<Extract<BookResult, { readonly type: Operation['type'] }>>;
  run<Name extends ActionName>(name: Name, args: ArgsOf<Name>): Promise<ResultOf<Name>>;
  /** Connects and brings the schema up to date; every call does so by itself where it must. */
  connect(): Promise<void>;
  close(): Promise<void>;
}
