/**
 * The statements of booking: what a batch of reservations, settlements and releases reads and writes.
 *
 * Everything that a batch reads is found from what its callers said, so that all reads go out at once. Rows are locked in
 * one order everywhere (chain, reservations, budgets, rate windows; within a table by id), so that no two wait for each
 * other. A month's row is guarded by its budget's.
 */
import { type Expression, sql } from 'kysely';
import type { Dialect } from './dialect.js';
import type { BudgetMonthTable, RateWindowTable, ReceiptTable, ReservationTable, SignerTable } from './schema.js';
import { pick, prepareStatement } from './statement.js';

/** What a batch touches; `reservationIds` may be of reservations that are not there. */
export interface BookScope {
  readonly reservationIds: readonly string[];
  /** `all`, `key:ID`, `app:NAME`. */
  readonly scopes: readonly string[];
  readonly months: readonly string[];
}

const receiptColumns = [
  'chain',
  'sequence',
  'id',
  'previous',
  'digest',
  'signer',
  'signature',
  'body',
  'key_id',
  'app',
  'tier',
  'model',
  'month',
  'ended_ms',
  'prompt_tokens',
  'completion_tokens',
  'nano_usd',
  'tokens',
] as const satisfies readonly (keyof ReceiptTable)[];

const reservationColumns = [
  'id',
  'key_id',
  'app',
  'month',
  'nano_usd',
  'tokens',
  'expires_ms',
  'rate_ms',
] as const satisfies readonly (keyof ReservationTable)[];

const monthColumns = [
  'budget_id',
  'month',
  'spent_nano_usd',
  'reserved_nano_usd',
  'spent_tokens',
  'reserved_tokens',
] as const satisfies readonly (keyof BudgetMonthTable)[];

const createReads = (dialect: Dialect) => {
  const { db } = dialect;
  const reservations = (ids: readonly string[]) =>
    db.selectFrom('reservations').where((eb) => dialect.contains(ids, eb.ref('id')));

  /** Scopes that were named, and those of reservations that are there. */
  const inScope = (args: BookScope, scope: Expression<string>) =>
    sql<boolean>`(${dialect.contains(args.scopes, scope)} or ${scope} in (${reservations(args.reservationIds).select(
      sql<string>`'key:' || key_id`.as('scope'),
    )}) or ${scope} in (${reservations(args.reservationIds).select(sql<string>`'app:' || app`.as('scope'))}))`;

  return {
    head: prepareStatement(dialect, 'book-head', () =>
      db
        .selectFrom('chains')
        .selectAll()
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    reservations: prepareStatement(dialect, 'book-reservations', (args: { readonly ids: readonly string[] }) =>
      reservations(args.ids)
        .selectAll()
        .orderBy('id')
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    /**
     * Waits for whoever sets a budget (and holds the table) before the reads that follow take their snapshot.
     * PostgreSQL only.
     */
    budgetsTable: prepareStatement(dialect, 'book-budgets-table', () => ({
      compile: () => sql`lock table ${sql.table('spillway.budgets')} in row share mode`.compile(db),
    })),
    budgets: prepareStatement(dialect, 'book-budgets', (args: BookScope) =>
      db
        .selectFrom('budgets')
        .selectAll()
        .where((eb) => inScope(args, eb.ref('scope')))
        .orderBy('id')
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    months: prepareStatement(dialect, 'book-months', (args: BookScope) =>
      db
        .selectFrom('budget_months')
        .selectAll()
        .where('budget_id', 'in', (eb) =>
          eb
            .selectFrom('budgets')
            .select('id')
            .where((inner) => inScope(args, inner.ref('scope'))),
        )
        .where((eb) =>
          eb.or([
            dialect.contains(args.months, eb.ref('month')),
            eb('month', 'in', reservations(args.reservationIds).select('month')),
          ]),
        ),
    ),
    limits: prepareStatement(dialect, 'book-limits', (args: { readonly keyIds: readonly string[] }) =>
      db
        .selectFrom('keys')
        .select(['id', 'requests_per_minute', 'tokens_per_minute'])
        .where((eb) => dialect.contains(args.keyIds, eb.ref('id'))),
    ),
    rates: prepareStatement(
      dialect,
      'book-rates',
      (args: { readonly keyIds: readonly string[]; readonly reservationIds: readonly string[] }) =>
        db
          .selectFrom('rate_windows')
          .selectAll()
          .where((eb) =>
            eb.or([
              dialect.contains(args.keyIds, eb.ref('key_id')),
              eb('key_id', 'in', reservations(args.reservationIds).select('key_id')),
            ]),
          )
          .orderBy('key_id')
          .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    receipts: prepareStatement(dialect, 'book-receipts', (args: { readonly ids: readonly string[] }) =>
      db
        .selectFrom('receipts')
        .selectAll()
        .where((eb) => dialect.contains(args.ids, eb.ref('id'))),
    ),
  };
};

const createWrites = (dialect: Dialect) => {
  const { db } = dialect;
  return {
    insertReservation: prepareStatement(dialect, 'book-insert-reservation', (row: ReservationTable) =>
      db.insertInto('reservations').values(pick(row, reservationColumns)),
    ),
    deleteReservations: prepareStatement(
      dialect,
      'book-delete-reservations',
      (args: { readonly ids: readonly string[] }) =>
        db.deleteFrom('reservations').where((eb) => dialect.contains(args.ids, eb.ref('id'))),
    ),
    saveMonth: prepareStatement(dialect, 'book-save-month', (row: BudgetMonthTable) =>
      db
        .insertInto('budget_months')
        .values(pick(row, monthColumns))
        .onConflict((conflict) =>
          conflict.columns(['budget_id', 'month']).doUpdateSet((eb) => ({
            spent_nano_usd: eb.ref('excluded.spent_nano_usd'),
            reserved_nano_usd: eb.ref('excluded.reserved_nano_usd'),
            spent_tokens: eb.ref('excluded.spent_tokens'),
            reserved_tokens: eb.ref('excluded.reserved_tokens'),
          })),
        ),
    ),
    saveRate: prepareStatement(dialect, 'book-save-rate', (row: RateWindowTable) =>
      db.updateTable('rate_windows').set({ slots: row.slots }).where('key_id', '=', row.key_id),
    ),
    insertReceipt: prepareStatement(dialect, 'book-insert-receipt', (row: ReceiptTable) =>
      db.insertInto('receipts').values(pick(row, receiptColumns)),
    ),
    saveHead: prepareStatement(
      dialect,
      'book-save-head',
      (args: { readonly chain: string; readonly sequence: number; readonly digest: string }) =>
        db.updateTable('chains').set({ sequence: args.sequence, digest: args.digest }).where('chain', '=', args.chain),
    ),
    insertSigner: prepareStatement(dialect, 'book-insert-signer', (row: SignerTable) =>
      db
        .insertInto('signers')
        .values(pick(row, ['id', 'public_key']))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
  };
};

export const createBookStatements = (dialect: Dialect) => ({ ...createReads(dialect), ...createWrites(dialect) });

export type BookStatements = ReturnType<typeof createBookStatements>;
