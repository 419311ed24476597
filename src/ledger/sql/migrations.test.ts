/** A database of an earlier version goes on with what it holds. */

import { Kysely, Migrator, PostgresDialect, type SqliteDatabase, SqliteDialect } from 'kysely';
import Database from 'libsql';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { onBothDatabases } from '../databases.test-support.js';
import { reservation, startMs } from '../requests.test-support.js';
import { postgresSchema } from './dialect.js';
import { createMigrationProvider } from './migrations.js';

/** The tables of version 0001, as far as the test fills them. */
interface First {
  keys: { id: string; name: string; requests_per_minute: number; hash: string; created_ms: number };
  rate_windows: { key_id: string; slots: string };
  consents: {
    id: string;
    provider: string;
    model: string;
    content_hash: string;
    scope: string;
    created_ms: number;
    expires_ms: number;
    state: string;
  };
}

onBothDatabases((database) => {
  const connect = (): { readonly db: Kysely<First>; readonly schema: string | null } =>
    database.kind === 'sqlite'
      ? {
          db: new Kysely<First>({
            dialect: new SqliteDialect({
              database: new Database(database.url().slice('sqlite:'.length)) as unknown as SqliteDatabase,
            }),
          }),
          schema: null,
        }
      : {
          db: new Kysely<First>({
            dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url() }) }),
          }),
          schema: postgresSchema,
        };

  describe('a ledger of the first version', () => {
    it('keeps its rate windows, which then count for their keys, and its consents', async () => {
      const { db, schema } = connect();
      if (schema !== null) await db.schema.createSchema(schema).execute();
      const migrator = new Migrator({
        db,
        provider: createMigrationProvider(schema),
        ...(schema === null ? {} : { migrationTableSchema: schema }),
      });
      expect((await migrator.migrateTo('0001-first')).error).toBeUndefined();
      const tables = schema === null ? db : db.withSchema(schema);
      const key = { id: 'key_1', name: 'One', requests_per_minute: 3, hash: 'h', created_ms: 0 };
      await tables.insertInto('keys').values(key).execute();
      await tables
        .insertInto('rate_windows')
        .values({ key_id: 'key_1', slots: `[[${startMs - 1000},2,0]]` })
        .execute();
      const consent = { id: 'c', provider: 'p', model: 'm', content_hash: 'x', scope: 'request', state: 'asked' };
      await tables
        .insertInto('consents')
        .values({ ...consent, created_ms: 1, expires_ms: 2 })
        .execute();
      await db.destroy();

      const ledger = await database.open({ now: () => startMs });
      expect(await ledger.reserve(reservation('a', { keyId: 'key_1' }))).toMatchObject({ requests: { remaining: 0 } });
      expect((await ledger.reserve(reservation('b', { keyId: 'key_1' }))).type).toBe('rate-limited');
      expect(await ledger.consent('c')).toMatchObject({ provider: 'p', keyId: null, app: null });
    });
  });
});
