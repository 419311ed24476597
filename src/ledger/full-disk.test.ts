/** A disk that is full: refused with a clear error, nothing by halves, and on again when there is room. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verifyChain } from '../trust/verify-chain.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

/** Settles until it is refused, 50 at a time; the ids that were settled, and the refusals. */
const settleUntilFull = async (ledger: Ledger): Promise<{ settled: string[]; errors: Error[] }> => {
  const settled: string[] = [];
  const errors: Error[] = [];
  for (let round = 0; errors.length === 0 && round < 2000; round++)
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const id = `r${round}-${index}`;
        try {
          await ledger.reserve(reservation(id));
          await ledger.settle(settlement(id));
          settled.push(id);
        } catch (error) {
          errors.push(error as Error);
        }
      }),
    );
  return { settled, errors };
};

const checkBooks = async (ledger: Ledger, settled: readonly string[]): Promise<void> => {
  const receipts = await ledger.receipts({ limit: 100_000 });
  const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
  expect(verifyChain(receipts, keys).faults).toEqual([]);
  expect(receipts.map(({ body }) => body.requestId).sort()).toEqual([...settled].sort());
  expect((await ledger.budgets())[0]!.spentNanoUsd).toBe(receipts.length * 100);
};

const now = () => startMs;
const limitless = { keyId: null, app: null, perMonthNanoUsd: Number.MAX_SAFE_INTEGER, perMonthTokens: null };

it('refuses with disk-full when the file may grow no further, and keeps what it has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-full-'));
  const path = join(folder, 'ledger.db');
  const small = await openLedger({ url: path, maxPages: 100, now });
  await small.setBudget(limitless);
  const { settled, errors } = await settleUntilFull(small);
  expect(settled.length).toBeGreaterThan(0);
  for (const error of errors) {
    expect(error).toMatchObject({ code: 'disk-full' });
    expect(error.message).toMatch(/full/);
  }
  await checkBooks(small, settled);
  await small.close();
  const large = await openLedger({ url: path, now });
  await large.settle(settlement('later'));
  await checkBooks(large, [...settled, 'later']);
  await large.close();
  rmSync(folder, { recursive: true });
});

/** A file system of 4 MB in memory, or null where one may not be mounted. */
const mountTiny = (folder: string): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' });
    return true;
  } catch {
    process.stderr.write('The test of a full disk is skipped: no file system can be mounted here.\n');
    return false;
  }
};

it('refuses with disk-full on a disk that is full, and goes on when there is room', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-full-'));
  if (!mountTiny(folder)) {
    rmSync(folder, { recursive: true });
    context.skip();
  }
  const ledger = await openLedger({ url: join(folder, 'ledger.db'), now });
  try {
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2_000_000));
    await ledger.setBudget(limitless);
    const { settled, errors } = await settleUntilFull(ledger);
    expect(settled.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ code: 'disk-full' });
    // A single one may still fit where fifty did not.
    for (let refused = false, number = 0; !refused; number++)
      await ledger.settle(settlement(`single-${number}`)).then(
        () => settled.push(`single-${number}`),
        (error) => {
          expect(error).toMatchObject({ code: 'disk-full' });
          refused = true;
        },
      );
    rmSync(ballast);
    await ledger.settle(settlement('later'));
    await checkBooks(ledger, [...settled, 'later']);
  } finally {
    await ledger.close();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});
