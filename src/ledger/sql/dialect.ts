/**
 * The two databases as far as their SQL differs. Builds and compiles queries; runs none.
 */
import {
  DummyDriver,
  type Expression,
  Kysely,
  type Dialect as KyselyDialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type SqlBool,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { LedgerTables } from './schema.js';

export type QueryValue = string | number | null | readonly string[];

export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** For building queries only. */
  readonly db: Kysely<LedgerTables>;
  /** True where rows must be locked; SQLite has one writer at a time anyway. */
  readonly locksRows: boolean;
  /** True where `value` is in a list that is one parameter, so that its length does not change the statement. */
  contains(list: readonly string[], value: Expression<string | null>): Expression<SqlBool>;
  /** A list as that parameter. */
  encodeList(list: readonly string[]): QueryValue;
}

/** In PostgreSQL the tables stand in a schema of their own, beside whatever else the database holds. */
export const postgresSchema = 'spillway';

const compiling = (parts: Omit<KyselyDialect, 'createDriver'>): Kysely<LedgerTables> =>
  new Kysely<LedgerTables>({ dialect: { ...parts, createDriver: () => new DummyDriver() } });

export const createDialect = (name: Dialect['name']): Dialect => {
  switch (name) {
    case 'sqlite':
      return {
        name,
        db: compiling({
          createAdapter: () => new SqliteAdapter(),
          createIntrospector: (db) => new SqliteIntrospector(db),
          createQueryCompiler: () => new SqliteQueryCompiler(),
        }),
        locksRows: false,
        contains: (list, value) => sql<SqlBool>`${value} in (select value from json_each(${list}))`,
        encodeList: (list) => JSON.stringify(list),
      };
    case 'postgres':
      return {
        name,
        db: compiling({
          createAdapter: () => new PostgresAdapter(),
          createIntrospector: (db) => new PostgresIntrospector(db),
          createQueryCompiler: () => new PostgresQueryCompiler(),
        }).withSchema(postgresSchema),
        locksRows: true,
        contains: (list, value) => sql<SqlBool>`${value} = any(${list}::text[])`,
        encodeList: (list) => list,
      };
    default:
      return name satisfies never;
  }
};
