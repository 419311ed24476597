/** Runs the same tests on both databases, each test on an empty one. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { hasPostgres, type PrivatePostgres, startPostgres } from './postgres/private-postgres.test-support.js';

export interface TestDatabase {
  readonly kind: 'sqlite' | 'postgres';
  /** URL of this test's database. */
  url(): string;
  signingKeyPath(): string;
  /** Opens it, as one more server; closed after the test. */
  open(options?: { readonly now?: () => number }): Promise<Ledger>;
}

/** In memory where there is such a folder: these tests make no claim about disks, and wait for none. */
export const fastFolder = (): string =>
  mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'spillway-ledger-'));

/** Defines `tests` once for SQLite and once for PostgreSQL. */
export const onBothDatabases = (tests: (database: TestDatabase) => void): void => {
  for (const kind of ['sqlite', 'postgres'] as const)
    describe.skipIf(kind === 'postgres' && !hasPostgres)(`on ${kind}`, () => {
      let postgres: PrivatePostgres | null = null;
      let folder = '';
      let url = '';
      let opened: Ledger[] = [];
      beforeAll(async () => {
        if (kind === 'postgres') postgres = await startPostgres();
      });
      afterAll(async () => {
        await postgres?.remove();
      });
      beforeEach(async () => {
        folder = fastFolder();
        url = postgres === null ? `sqlite:${join(folder, 'ledger.db')}` : await postgres.createDatabase();
      });
      afterEach(async () => {
        await Promise.all(opened.map((ledger) => ledger.close()));
        opened = [];
        rmSync(folder, { recursive: true, force: true });
      });
      const signingKeyPath = (): string => join(folder, 'key.pem');
      tests({
        kind,
        url: () => url,
        signingKeyPath,
        async open(options = {}) {
          const ledger = await openLedger({ url, signingKeyPath: signingKeyPath(), ...options });
          opened.push(ledger);
          return ledger;
        },
      });
    });
};
