/**
 * The form of everything that the ledger does in a database: read rows (locked where the database needs that), decide on
 * them without I/O, write what follows, all in one transaction. So one decision serves both databases, and a transaction
 * takes two round trips whatever it does.
 */
import type { Query } from './statement.js';

/** Run in the order in which they stand: it is the order of locks too. */
export type Reads = Readonly<Record<string, Query<unknown> | undefined>>;

type RowOf<Q> = Q extends Query<infer Row> ? Row : never;

/** The rows of each read; empty for one that was left out. */
export type RowsOf<R extends Reads> = { readonly [Name in keyof R]: readonly RowOf<NonNullable<R[Name]>>[] };

export interface Decision<Result> {
  readonly result: Result;
  readonly writes: readonly Query[];
}

export interface Step<Result> {
  readonly reads: Reads;
  /** Throws LedgerError to refuse: nothing is written then. */
  decide(rows: Readonly<Record<string, readonly unknown[]>>): Decision<Result>;
}

/** A step whose `decide` sees its rows with their types. */
export const createStep = <R extends Reads, Result>(
  reads: R,
  decide: (rows: RowsOf<R>) => Decision<Result>,
): Step<Result> => ({ reads, decide: decide as Step<Result>['decide'] });

/** A step that only reads. */
export const createReading = <R extends Reads, Result>(reads: R, result: (rows: RowsOf<R>) => Result): Step<Result> =>
  createStep(reads, (rows) => ({ result: result(rows), writes: [] }));
