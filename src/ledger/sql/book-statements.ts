/**
 * The statements of booking: what a batch of reservations, settlements and releases reads and writes.
 *
 * Everything that a batch reads is found from what its callers said, so that all reads go out at once. Rows are locked in
 * one order everywhere (chain, reservations, budgets, rate windows; within a table by id), so that no two wait for each
 * other. A month's row is guarded by its budget's.
 */
import { type Expression, sql } from 'kysely';
import { type Dialect, postgresSchema } from './dialect.js';
import type { BudgetMonthTable, RateWindowTable, ReceiptTable, ReservationTable, SignerTable } from './schema.js';
import { type Compilable, createPrepare, pick, type Query } from './statement.js';

/** What a batch touches. Ids may be of reservations that are not there. */
export interface BookScope {
  /** `all`, `key:ID`, `app:NAME`. */
  readonly scopes: readonly string[];
  readonly months: readonly string[];
  /** Reservations whose month counts too. */
  readonly bookedIds: readonly string[];
  /** Those of them of which only the reservation knows the key and the app. */
  readonly releasedIds: readonly string[];
}

const receiptColumns = [
  'chain',
  'sequence',
  'id',
  'previous',
  'digest',
  'signer',
  'signature',
  'proof',
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
  const prepare = createPrepare(dialect);
  const reservations = (ids: readonly string[]) =>
    db.selectFrom('reservations').where((eb) => dialect.contains(ids, eb.ref('id')));

  /** Scopes that were named, and those of reservations that are there. */
  const inScope = (args: BookScope, scope: Expression<string>) =>
    sql<boolean>`(${dialect.contains(args.scopes, scope)} or ${scope} in (${reservations(args.releasedIds).select(
      sql<string>`'key:' || key_id`.as('scope'),
    )}) or ${scope} in (${reservations(args.releasedIds).select(sql<string>`'app:' || app`.as('scope'))}))`;

  return {
    head: prepare('book-head', () =>
      db
        .selectFrom('chains')
        .selectAll()
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    reservations: prepare('book-reservations', (args: { readonly ids: readonly string[] }) =>
      reservations(args.ids)
        .selectAll()
        .orderBy('id')
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    /**
     * Waits for whoever sets a budget (and holds the table) before the reads that follow take their snapshot.
     * PostgreSQL only.
     */
    budgetsTable: prepare('book-budgets-table', () => ({
      compile: () => sql`lock table ${sql.table(`${postgresSchema}.budgets`)} in row share mode`.compile(db),
    })),
    budgets: prepare('book-budgets', (args: BookScope) =>
      db
        .selectFrom('budgets')
        .selectAll()
        .where((eb) => inScope(args, eb.ref('scope')))
        .orderBy('id')
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    months: prepare('book-months', (args: BookScope) =>
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
            eb('month', 'in', reservations(args.bookedIds).select('month')),
          ]),
        ),
    ),
    limits: prepare('book-limits', (args: { readonly keyIds: readonly string[] }) =>
      db
        .selectFrom('keys')
        .select(['id', 'requests_per_minute', 'tokens_per_minute'])
        .where((eb) => dialect.contains(args.keyIds, eb.ref('id'))),
    ),
    rates: prepare('book-rates', (args: BookScope) =>
      db
        .selectFrom('rate_windows')
        .selectAll()
        .where((eb) => inScope(args, eb.ref('scope')))
        .orderBy('scope')
        .$if(dialect.locksRows, (query) => query.forUpdate()),
    ),
    receipts: prepare('book-receipts', (args: { readonly ids: readonly string[] }) =>
      db
        .selectFrom('receipts')
        .selectAll()
        .where((eb) => dialect.contains(args.ids, eb.ref('id'))),
    ),
  };
};

/**
 * Inserts for any number of rows: on PostgreSQL one statement, whose rows are one JSON text, because each statement costs
 * messages; on SQLite one for each row, because there a prepared statement costs less than reading JSON.
 */
const createInserts =
  (dialect: Dialect) =>
  <Row>(
    table: 'reservations' | 'receipts',
    insertOne: (row: Row) => Compilable<unknown>,
  ): ((rows: readonly Row[]) => Query[]) => {
    const prepare = createPrepare(dialect);
    if (!dialect.locksRows) {
      const one = prepare(`book-insert-${table}`, insertOne);
      return (rows) => rows.map(one);
    }
    const name = sql.table(`${postgresSchema}.${table}`);
    const all = prepare(`book-insert-${table}`, (args: { readonly json: string }) => ({
      compile: () =>
        sql`insert into ${name} select * from json_populate_recordset(null::${name}, ${args.json}::json)`.compile(
          dialect.db,
        ),
    }));
    return (rows) => (rows.length === 0 ? [] : [all({ json: JSON.stringify(rows) })]);
  };

const createWrites = (dialect: Dialect) => {
  const { db } = dialect;
  const prepare = createPrepare(dialect);
  const insertAll = createInserts(dialect);
  return {
    insertReservations: insertAll('reservations', (row: ReservationTable) =>
      db.insertInto('reservations').values(pick(row, reservationColumns)),
    ),
    insertReceipts: insertAll('receipts', (row: ReceiptTable) =>
      db.insertInto('receipts').values(pick(row, receiptColumns)),
    ),
    deleteReservations: prepare('book-delete-reservations', (args: { readonly ids: readonly string[] }) =>
      db.deleteFrom('reservations').where((eb) => dialect.contains(args.ids, eb.ref('id'))),
    ),
    saveMonth: prepare('book-save-month', (row: BudgetMonthTable) =>
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
    saveRate: prepare('book-save-rate', (row: RateWindowTable) =>
      db.updateTable('rate_windows').set({ slots: row.slots }).where('scope', '=', row.scope),
    ),
    saveHead: prepare(
      'book-save-head',
      (args: { readonly chain: string; readonly sequence: number; readonly digest: string }) =>
        db.updateTable('chains').set({ sequence: args.sequence, digest: args.digest }).where('chain', '=', args.chain),
    ),
    insertSigner: prepare('book-insert-signer', (row: SignerTable) =>
      db
        .insertInto('signers')
        .values(pick(row, ['id', 'public_key']))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
  };
};

export const createBookStatements = (dialect: Dialect) => ({ ...createReads(dialect), ...createWrites(dialect) });

export type BookStatements = ReturnType<typeof createBookStatements>;
