/** A database that is away at the start or goes away: requests are refused, nothing is lost, service comes back by itself. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../trust/verify-chain.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { hasPostgres, type PrivatePostgres, startPostgres } from './postgres/private-postgres.test-support.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-away-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unavailable = expect.objectContaining({ name: 'LedgerError', code: 'unavailable' });

/** Every way in is refused. */
const expectRefused = async (ledger: Ledger): Promise<void> => {
  const calls = [
    ledger.reserve(reservation('x')),
    ledger.settle(settlement('x')),
    ledger.release('x'),
    ledger.reap(0),
    ledger.createKey({ name: 'x' }),
    ledger.consent('x'),
    ledger.budgets(),
  ];
  for (const call of await Promise.allSettled(calls))
    expect(call).toMatchObject({ status: 'rejected', reason: unavailable });
};

const expectWhole = async (ledger: Ledger, count: number): Promise<void> => {
  const receipts = await ledger.receipts({ limit: 1000 });
  const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
  expect(verifyChain(receipts, keys)).toMatchObject({ checked: count, faults: [] });
};

describe('a SQLite file', () => {
  it('that cannot be made at the start is made once it can', async () => {
    // A file where the folder should be.
    writeFileSync(join(folder, 'data'), '');
    const ledger = await openLedger({ url: `sqlite:${join(folder, 'data', 'ledger.db')}` });
    await expectRefused(ledger);
    rmSync(join(folder, 'data'));
    expect(await ledger.reserve(reservation('a'))).toMatchObject({ type: 'reserved' });
    await ledger.close();
  });

  it('that is moved away is not written to any more, and goes on when it is back', async () => {
    const path = join(folder, 'ledger.db');
    const ledger = await openLedger({ url: path });
    await ledger.settle(settlement('a'));
    await ledger.budgets();
    renameSync(path, `${path}.away`);
    await expectRefused(ledger);
    writeFileSync(path, 'another file');
    await expectRefused(ledger);
    renameSync(`${path}.away`, path);
    await ledger.settle(settlement('b'));
    await expectWhole(ledger, 2);
    await ledger.close();
  });

  it('that another process holds is refused after a bounded wait, and free again after it', async () => {
    const path = join(folder, 'ledger.db');
    const ledger = await openLedger({ url: path, busyMs: 100 });
    const other = new Database(path);
    other.exec('begin immediate');
    await expect(ledger.reserve(reservation('a'))).rejects.toEqual(unavailable);
    other.exec('commit');
    other.close();
    expect(await ledger.reserve(reservation('a'))).toMatchObject({ type: 'reserved' });
    await ledger.close();
  });

  it('that is no database, or of a later version, is refused at once and left as it is', async () => {
    const path = join(folder, 'ledger.db');
    writeFileSync(path, 'this is a text and no database. '.repeat(100));
    await expect(openLedger({ url: path })).rejects.toMatchObject({ code: 'damaged' });
    const later = join(folder, 'later.db');
    await (await openLedger({ url: later })).close();
    const database = new Database(later);
    database.exec(`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')`);
    database.close();
    await expect(openLedger({ url: later })).rejects.toMatchObject({ code: 'incompatible' });
  });
});

describe('a URL', () => {
  it.each(['', 'mysql://localhost/x', 'http://x', 'postgres://'])(
    'that names no ledger is refused: "%s"',
    async (url) => {
      await expect(openLedger({ url })).rejects.toMatchObject({ code: 'invalid' });
    },
  );

  it('keeps its password out of messages', async () => {
    const url = 'postgres://user:secret-word@127.0.0.1:1/ledger';
    const ledger = await openLedger({ url, signingKeyPath: join(folder, 'key.pem') });
    const error = await ledger.reserve(reservation('a')).catch((reason: Error) => reason);
    expect(error).toEqual(unavailable);
    expect((error as Error).message).toContain('postgres://127.0.0.1:1/ledger');
    expect((error as Error).message).not.toContain('secret-word');
    await ledger.close();
  });

  it('may name a file in any of three ways', async () => {
    mkdirSync(join(folder, 'a'));
    const path = join(folder, 'a', 'ledger.db');
    const ids = [];
    for (const url of [path, `sqlite:${path}`, `sqlite://${path}`, `file://${path}`]) {
      const ledger = await openLedger({ url });
      await ledger.createKey({ name: url });
      ids.push((await ledger.listKeys()).length);
      await ledger.close();
    }
    expect(ids).toEqual([1, 2, 3, 4]);
  });
});

describe.skipIf(!hasPostgres)('a PostgreSQL', () => {
  let postgres: PrivatePostgres;
  let url = '';
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres.remove();
  });
  beforeEach(async () => {
    url = await postgres.createDatabase();
  });
  const open = () => openLedger({ url, signingKeyPath: join(folder, 'key.pem'), now: () => startMs });

  it('that is away at the start is used once it is there', async () => {
    await postgres.stop('fast');
    const ledger = await open();
    await expectRefused(ledger);
    await postgres.start();
    expect(await ledger.reserve(reservation('a'))).toMatchObject({ type: 'reserved' });
    await ledger.close();
  });

  it.each(['fast', 'kill'] as const)(
    'that goes away mid-run (%s) loses nothing that was settled, and is used again',
    async (how) => {
      const ledger = await open();
      await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 1_000_000, perMonthTokens: null });
      const outcomes: boolean[] = [];
      const ids = Array.from({ length: 300 }, (_, index) => `r${index}`);
      const settleOne = async (id: string, index: number): Promise<void> => {
        await ledger.settle(settlement(id)).then(
          () => {
            outcomes[index] = true;
          },
          (error) => {
            expect(error).toEqual(unavailable);
            outcomes[index] = false;
          },
        );
      };
      await settleOne(ids[0]!, 0);
      const running = (async () => {
        for (const [index, id] of ids.entries()) if (index > 0) await settleOne(id, index);
      })();
      await postgres.stop(how);
      await expectRefused(ledger);
      await running;
      await postgres.start();
      for (const [index, id] of ids.entries())
        if (outcomes[index] === true) expect(await ledger.receipt(`receipt-${id}`)).not.toBeNull();
      // Those that were refused are settled now; asking again for one that was written after all changes nothing.
      await Promise.all(ids.map((id, index) => settleOne(id, index)));
      expect(outcomes.every((settled) => settled)).toBe(true);
      await expectWhole(ledger, 300);
      expect((await ledger.budgets())[0]).toMatchObject({ spentNanoUsd: 30_000, reservedNanoUsd: 0 });
      await ledger.close();
    },
  );

  it('whose connections were cut is used again without an error', async () => {
    const ledger = await open();
    await ledger.settle(settlement('a'));
    await postgres.stop('fast');
    await postgres.start();
    await ledger.settle(settlement('b'));
    await expectWhole(ledger, 2);
    await ledger.close();
  });

  it('that does not answer is refused after a bounded wait, and used again when it does', async () => {
    const ledger = await open();
    await ledger.settle(settlement('a'));
    postgres.freeze();
    try {
      await expectRefused(ledger);
      await expect(ledger.settle(settlement('b'))).rejects.toEqual(unavailable);
    } finally {
      postgres.thaw();
    }
    await ledger.settle(settlement('b'));
    // What was sent before the wait ended may have been written after it.
    await ledger.release('x');
    const receipts = await ledger.receipts({ limit: 10 });
    await expectWhole(ledger, receipts.length);
    expect(receipts.filter(({ body }) => body.requestId === 'b')).toHaveLength(1);
    await ledger.close();
  });

  it('of a later version is refused at once', async () => {
    await (await open()).close();
    const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`insert into spillway.kysely_migration (name, timestamp) values ('9999-later', 'x')`);
    await client.end();
    await expect(open()).rejects.toMatchObject({ code: 'incompatible' });
  });
});
