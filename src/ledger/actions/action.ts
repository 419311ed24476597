/** What every action is: arguments to a step. Data that crosses threads goes in and comes out. */
import type { Dialect } from '../sql/dialect.js';
import type { Step } from '../sql/step.js';

export interface Action<Args, Result> {
  /**
   * `write` runs in a transaction that may change rows; `read` is a few rows; `scan` may be very many and must not hold
   * up requests.
   */
  readonly access: 'write' | 'read' | 'scan';
  /** Throws LedgerError to refuse, here or in the step's `decide`. */
  step(args: Args, dialect: Dialect): Step<Result>;
}

/** Locks rows that are read to be changed, where the database needs that. */
export const lockedFor =
  (dialect: Dialect) =>
  <Q extends { forUpdate(): Q }>(query: Q): Q =>
    dialect.locksRows ? query.forUpdate() : query;
