/**
 * kill -9 at any moment: whatever a process was told is settled is there afterwards, and nothing is there by halves.
 * SQLite, on the disk that temporary files are on; processes.test.ts kills servers of PostgreSQL as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { verifyChain } from '../trust/verify-chain.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { startChild } from './server-child.test-support.js';

const rounds = 25;

/** Everything that must be true of the books, after whatever happened. Returns how many receipts there are. */
const checkBooks = async (ledger: Ledger, said: readonly string[]): Promise<number> => {
  const receipts = await ledger.receipts({ limit: 100_000 });
  const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
  expect(verifyChain(receipts, keys).faults).toEqual([]);
  const ids = new Set(receipts.map(({ body }) => body.requestId));
  expect(said.filter((id) => !ids.has(id))).toEqual([]);
  const [budget] = await ledger.budgets();
  expect(budget!.spentNanoUsd).toBe(receipts.reduce((sum, { body }) => sum + body.costNanoUsd, 0));
  return receipts.length;
};

it(`loses no settled request and tears none over ${rounds} kills at random moments`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-crash-'));
  const url = `sqlite:${join(folder, 'ledger.db')}`;
  const signingKeyPath = join(folder, 'key.pem');
  const first = await openLedger({ url, signingKeyPath });
  await first.setBudget({ keyId: null, app: null, perMonthNanoUsd: Number.MAX_SAFE_INTEGER, perMonthTokens: null });
  await first.close();
  const said: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const child = startChild({
      type: 'stream',
      name: `round${round}`,
      url,
      signingKeyPath,
      requests: 1 + (round % 4) * 8,
      nanoUsd: 100 + round,
      exact: true,
    });
    await child.ready;
    child.go();
    while (child.lines.length === 0) await wait(1);
    await wait(Math.random() * 120);
    child.process.kill('SIGKILL');
    expect(await child.ended).toBeNull();
    said.push(...child.lines);
    const ledger = await openLedger({ url, signingKeyPath });
    await checkBooks(ledger, said);
    await ledger.close();
  }
  // What the killed ones had reserved comes back.
  const ledger = await openLedger({ url, signingKeyPath });
  await ledger.reap(Date.now() + 3_600_000);
  expect((await ledger.budgets())[0]).toMatchObject({ reservedNanoUsd: 0, reservedTokens: 0 });
  expect(await checkBooks(ledger, said)).toBeGreaterThanOrEqual(said.length);
  expect(said.length).toBeGreaterThanOrEqual(rounds);
  await ledger.close();
  rmSync(folder, { recursive: true });
});
