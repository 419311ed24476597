/**
 * One connection to the ledger's file, synchronous: for a thread that may block. Runs steps in transactions.
 *
 * Write-ahead log with synchronous=NORMAL: a commit outlives its process, and the machine once the log was synced, which
 * is done here for what must last and for nothing else. Several processes share the file by
 * taking the write lock before they read, in turn; who waits polls often, because SQLite's own waiting grows to 100 ms
 * and would let a busy process starve the others.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { LedgerError } from '../ledger-error.js';
import { isCurrent, migrateToLatest, migrationTable } from '../sql/migrate.js';
import type { Query } from '../sql/statement.js';
import type { Step } from '../sql/step.js';
import { createLogSync, type LogSync } from './log-sync.js';
import { isBusy, sqliteFailure } from './sqlite-error.js';

export interface SqliteStore {
  /** Opens the file and brings it up to date; once open, does nothing. Throws LedgerError. */
  open(): Promise<void>;
  /** In a transaction of its own, which outlives this process. Throws LedgerError; then nothing was written. */
  write<Result>(step: Step<Result>): Result;
  /** Resolves when all that was written so far is on the disk; rejects with LedgerError. Others may write meanwhile. */
  sync(): Promise<void>;
  /** On one state of the database. */
  read<Result>(step: Step<Result>): Result;
  /** After what still goes to the disk. */
  close(): Promise<void>;
}

export interface SqliteStoreOptions {
  readonly path: string;
  /** Longest wait for other processes. */
  readonly busyMs: number;
  /** Another thread moves the log into the database, so that this one waits for it only where that one cannot keep up. */
  readonly checkpointsApart?: boolean;
  /** The file grows to this many pages at most; absent: as large as the disk allows. */
  readonly maxPages?: number;
}

const pollMs = 1;
/** Blocks this thread. */
const sleep = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** Repeats `action` while others hold the file, for as long as is allowed. */
const waitForOthers = <T>(busyMs: number, action: () => T): T => {
  const untilMs = performance.now() + busyMs;
  for (;;) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= untilMs) throw error;
      sleep(pollMs * (0.5 + Math.random()));
    }
  }
};

/** Pages of the log at which whoever writes moves it into the database. */
const checkpointPages = { here: 4_000, apart: 16_000 } as const;

const configure = (db: Database.Database, { busyMs, maxPages, checkpointsApart = false }: SqliteStoreOptions): void => {
  waitForOthers(busyMs, () => db.pragma('journal_mode = WAL'));
  db.pragma('synchronous = NORMAL');
  // On macOS a plain fsync leaves data in the drive's cache; elsewhere this does nothing.
  db.pragma('fullfsync = 1');
  db.pragma('journal_size_limit = 67108864');
  db.pragma(`wal_autocheckpoint = ${checkpointsApart ? checkpointPages.apart : checkpointPages.here}`);
  if (maxPages !== undefined) db.pragma(`max_page_count = ${maxPages}`);
};

/** Names of the migrations that were run; none in a new file. */
const migrationsRun = (db: Database.Database): string[] => {
  const table = db.prepare("select name from sqlite_master where type = 'table' and name = ?").all(migrationTable);
  if (table.length === 0) return [];
  return (db.prepare(`select name from ${migrationTable}`).all() as { name: string }[]).map(({ name }) => name);
};

/** SQLite changes schemas in transactions; Kysely only knows that of PostgreSQL. So one is opened around it. */
const migrate = async (db: Database.Database, busyMs: number): Promise<void> => {
  if (isCurrent(migrationsRun(db))) return;
  waitForOthers(busyMs, () => db.exec('begin immediate'));
  try {
    await migrateToLatest(
      new Kysely<unknown>({ dialect: new SqliteDialect({ database: db as unknown as SqliteDatabase }) }),
      null,
    );
    db.exec('commit');
  } catch (error) {
    if (db.inTransaction) db.exec('rollback');
    throw error;
  }
};

const createRunner = (db: Database.Database) => {
  const prepared = new Map<string, Database.Statement>();
  const statementFor = ({ name, sql }: Query): Database.Statement => {
    if (name === null) return db.prepare(sql);
    let statement = prepared.get(name);
    if (statement === undefined) {
      statement = db.prepare(sql);
      prepared.set(name, statement);
    }
    return statement;
  };
  return <Result>(step: Step<Result>): Result => {
    const rows: Record<string, unknown[]> = {};
    for (const [name, query] of Object.entries(step.reads))
      rows[name] = query === undefined ? [] : statementFor(query).all(query.values);
    const { result, writes } = step.decide(rows);
    for (const query of writes) statementFor(query).run(query.values);
    return result;
  };
};

interface Connection {
  readonly db: Database.Database;
  readonly log: LogSync;
  /** Device and number of the file that was opened. */
  readonly file: string;
  readonly run: ReturnType<typeof createRunner>;
}

/** For its owner only; SQLite gives its other files the same mode. */
const createFile = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
};

const fileIdentity = (path: string): string => {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
};

export const createSqliteStore = (options: SqliteStoreOptions): SqliteStore => {
  const { path, busyMs } = options;
  let connection: Connection | null = null;

  /** A file that was moved away would still be written to, and lost: nothing is booked until it is back. */
  const current = (): Connection => {
    if (connection === null) throw new LedgerError('unavailable', `Cannot use the ledger ${path}: it is not open.`);
    if (fileIdentity(path) !== connection.file)
      throw new LedgerError('unavailable', `Cannot use the ledger ${path}: another file took its place.`);
    return connection;
  };

  const attempt = <Result>(begin: string, step: Step<Result>): Result => {
    const { db, run } = current();
    try {
      db.exec(begin);
      const result = run(step);
      db.exec('commit');
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('rollback');
      throw error;
    }
  };

  const transact = <Result>(step: Step<Result>, how: { readonly begin: string; readonly action: string }): Result => {
    try {
      return waitForOthers(busyMs, () => attempt(how.begin, step));
    } catch (error) {
      throw sqliteFailure(error, `${how.action} the ledger ${path}`);
    }
  };

  return {
    async open() {
      if (connection !== null) return;
      try {
        createFile(path);
        const db = new Database(path);
        try {
          configure(db, options);
          await migrate(db, busyMs);
          connection = { db, log: createLogSync(path), file: fileIdentity(path), run: createRunner(db) };
        } catch (error) {
          db.close();
          throw error;
        }
      } catch (error) {
        throw sqliteFailure(error, `open the ledger ${path}`);
      }
    },
    write: (step) => transact(step, { begin: 'begin immediate', action: 'write to' }),
    read: (step) => transact(step, { begin: 'begin', action: 'read' }),
    async sync() {
      try {
        await current().log.sync();
      } catch (error) {
        throw sqliteFailure(error, `write to the ledger ${path}`);
      }
    },
    async close() {
      await connection?.log.close();
      connection?.db.close();
      connection = null;
    },
  };
};
