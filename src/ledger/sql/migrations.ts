/**
 * The schema's history, one list for both databases. An entry that was released is never changed: what comes later is a
 * new entry at the end, whose name sorts after the others.
 */
import { randomUUID } from 'node:crypto';
import { type ColumnDataType, type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';

const whole: ColumnDataType = 'bigint';

const first: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable('keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('app', 'text')
      .addColumn('reach', 'text')
      .addColumn('requests_per_minute', whole)
      .addColumn('tokens_per_minute', whole)
      .addColumn('hash', 'text', (column) => column.notNull().unique())
      .addColumn('created_ms', whole, (column) => column.notNull())
      .addColumn('revoked_ms', whole)
      .execute();
    await schema
      .createTable('rate_windows')
      .addColumn('key_id', 'text', (column) => column.primaryKey())
      .addColumn('slots', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('budgets')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('scope', 'text', (column) => column.notNull().unique())
      .addColumn('key_id', 'text')
      .addColumn('app', 'text')
      .addColumn('per_month_nano_usd', whole)
      .addColumn('per_month_tokens', whole)
      .execute();
    await schema
      .createTable('budget_months')
      .addColumn('budget_id', 'text', (column) => column.notNull())
      .addColumn('month', 'text', (column) => column.notNull())
      .addColumn('spent_nano_usd', whole, (column) => column.notNull())
      .addColumn('reserved_nano_usd', whole, (column) => column.notNull())
      .addColumn('spent_tokens', whole, (column) => column.notNull())
      .addColumn('reserved_tokens', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('budget_months_pk', ['budget_id', 'month'])
      // The last line of defence: sums that went wrong stop here rather than be spent.
      .addCheckConstraint(
        'budget_months_amounts',
        sql`spent_nano_usd >= 0 and reserved_nano_usd >= 0 and spent_tokens >= 0 and reserved_tokens >= 0`,
      )
      .execute();
    await schema
      .createTable('reservations')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('key_id', 'text')
      .addColumn('app', 'text')
      .addColumn('month', 'text', (column) => column.notNull())
      .addColumn('nano_usd', whole, (column) => column.notNull())
      .addColumn('tokens', whole, (column) => column.notNull())
      .addColumn('expires_ms', whole, (column) => column.notNull())
      .addColumn('rate_ms', whole)
      .execute();
    await schema.createIndex('reservations_expires').on('reservations').column('expires_ms').execute();
    await schema
      .createTable('consents')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('provider', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('key_id', 'text')
      .addColumn('content_hash', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      .addColumn('created_ms', whole, (column) => column.notNull())
      .addColumn('expires_ms', whole, (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('token_hash', 'text', (column) => column.unique())
      .execute();
    await schema
      .createTable('chains')
      .addColumn('chain', 'text', (column) => column.primaryKey())
      .addColumn('sequence', whole, (column) => column.notNull())
      .addColumn('digest', 'text')
      .execute();
    await schema
      .createTable('receipts')
      .addColumn('chain', 'text', (column) => column.notNull())
      .addColumn('sequence', whole, (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('previous', 'text')
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('signer', 'text', (column) => column.notNull())
      .addColumn('signature', 'text', (column) => column.notNull())
      .addColumn('proof', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('key_id', 'text')
      .addColumn('app', 'text')
      .addColumn('tier', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('month', 'text', (column) => column.notNull())
      .addColumn('ended_ms', whole, (column) => column.notNull())
      .addColumn('prompt_tokens', whole, (column) => column.notNull())
      .addColumn('completion_tokens', whole, (column) => column.notNull())
      .addColumn('nano_usd', whole, (column) => column.notNull())
      .addColumn('tokens', whole, (column) => column.notNull())
      .addPrimaryKeyConstraint('receipts_pk', ['chain', 'sequence'])
      .execute();
    await schema.createIndex('receipts_ended').on('receipts').column('ended_ms').execute();
    await schema
      .createTable('signers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('public_key', 'text', (column) => column.notNull())
      .execute();
    await sql`insert into ${sql.table('chains')} (chain, sequence, digest) values (${randomUUID()}, 0, null)`.execute(
      db,
    );
  },
};

/** Rate windows of apps and of everything beside those of keys; a consent is bound to the app that asked. */
const scopes: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema.alterTable('rate_windows').renameColumn('key_id', 'scope').execute();
    await (db as Kysely<{ rate_windows: { scope: string } }>)
      .updateTable('rate_windows')
      .set({ scope: sql<string>`'key:' || scope` })
      .execute();
    await schema.alterTable('consents').addColumn('app', 'text').execute();
  },
};

export const migrations: Readonly<Record<string, Migration>> = { '0001-first': first, '0002-scopes': scopes };

/** The migrations with every table in `schema`, or where the connection puts them. */
export const createMigrationProvider = (schema: string | null): MigrationProvider => ({
  getMigrations: async () =>
    Object.fromEntries(
      Object.entries(migrations).map(([name, { up }]) => [
        name,
        { up: (db: Kysely<unknown>) => up(schema === null ? db : db.withSchema(schema)) },
      ]),
    ),
});
