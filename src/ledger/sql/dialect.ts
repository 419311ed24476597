/**
 * The two databases as far as their SQL differs. Builds and compiles queries; runs none.
 */
import {
  type DialectAdapter,
  DummyDriver,
  type Expression,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
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

const compiling = (adapter: DialectAdapter, compiler: QueryCompiler, name: Dialect['name']): Kysely<LedgerTables> =>
  new Kysely<LedgerTables>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => (name === 'sqlite' ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
      createQueryCompiler: () => compiler,
    },
  });

export const createDialect = (name: Dialect['name']): Dialect => {
  switch (name) {
    case 'sqlite':
      return {
        name,
        db: compiling(new SqliteAdapter(), new SqliteQueryCompiler(), name),
        locksRows: false,
        contains: (list, value) => sql<SqlBool>`${value} in (select value from json_each(${list}))`,
        encodeList: (list) => JSON.stringify(list),
      };
    case 'postgres':
      return {
        name,
        db: compiling(new PostgresAdapter(), new PostgresQueryCompiler(), name).withSchema(postgresSchema),
        locksRows: true,
        contains: (list, value) => sql<SqlBool>`${value} = any(${list}::text[])`,
        encodeList: (list) => list,
      };
    default:
      return name satisfies never;
  }
};
