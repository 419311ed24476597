/**
 * Opens the ledger that a URL names: a SQLite file or a PostgreSQL database. The only part of the room that knows which
 * backends there are.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLedger } from './create-ledger.js';
import type { Ledger } from './ledger.js';
import { LedgerError } from './ledger-error.js';
import { createPostgresBackend } from './postgres/postgres-backend.js';
import { createSqliteBackend } from './sqlite/sqlite-backend.js';

export interface OpenLedgerOptions {
  /** `sqlite:PATH`, a plain path, `file:` URLs, or `postgres://` and `postgresql://` URLs. */
  readonly url: string;
  /** Milliseconds since 1970; default the system's clock. */
  readonly now?: () => number;
  /**
   * For servers: under load, requests are let in from reservations made ahead, and a thread of its own moves SQLite's log
   * into the database. Default false.
   */
  readonly reservesAhead?: boolean;
  /** Made at the first booking. Default `receipt-key.pem` beside the SQLite file; PostgreSQL needs it given. */
  readonly signingKeyPath?: string;
  /** SQLite: longest wait for other processes, default 5000. */
  readonly busyMs?: number;
  /** SQLite: pages of 4 KiB that the file may grow to; default as many as the disk has. */
  readonly maxPages?: number;
}

export const signingKeyName = 'receipt-key.pem';

const sqlitePath = (url: string): string | null => {
  if (/^file:\/\//i.test(url)) return fileURLToPath(url);
  if (/^sqlite:/i.test(url)) return resolve(url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, ''));
  // One letter before a colon is a drive.
  return /^[a-z][a-z0-9+.-]+:/i.test(url) ? null : resolve(url);
};

/** Host and database of a PostgreSQL URL, for messages: without user, password and options. */
const postgresLabel = (url: string): string => {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    const host = searchParams.get('host') ?? hostname;
    return `postgres://${host}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch (cause) {
    throw new LedgerError('invalid', 'Cannot open the ledger: its PostgreSQL URL cannot be read.', { cause });
  }
};

const createBackend = (options: OpenLedgerOptions) => {
  const { url, signingKeyPath, busyMs, maxPages, reservesAhead = false } = options;
  if (/^postgres(ql)?:\/\//i.test(url)) {
    if (signingKeyPath === undefined)
      throw new LedgerError(
        'invalid',
        'Cannot open the ledger: with PostgreSQL the path of the signing key is needed.',
      );
    return createPostgresBackend({ url, label: postgresLabel(url), signingKeyPath });
  }
  const path = url === '' ? null : sqlitePath(url);
  if (path === null)
    throw new LedgerError(
      'invalid',
      'Cannot open the ledger: its URL must be sqlite:PATH or postgres://HOST/DATABASE.',
    );
  return createSqliteBackend({
    path,
    signingKeyPath: signingKeyPath ?? join(dirname(path), signingKeyName),
    busyMs: busyMs ?? 5000,
    checkpointsApart: reservesAhead,
    ...(maxPages === undefined ? {} : { maxPages }),
  });
};

/**
 * Opens it and brings its schema up to date. A database that is away does not fail this: every call is refused with
 * `unavailable` until it is back, and then works. Rejects with LedgerError `invalid`, `incompatible` or `damaged`.
 */
export const openLedger = async (options: OpenLedgerOptions): Promise<Ledger> => {
  const backend = createBackend(options);
  try {
    await backend.connect();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === 'incompatible' || error.code === 'damaged') {
      await backend.close();
      throw error;
    }
  }
  return createLedger(backend, { now: options.now ?? Date.now, reservesAhead: options.reservesAhead ?? false });
};
