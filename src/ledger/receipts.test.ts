/** Receipts read back as they were signed, in one chain for all servers of a database; usage adds them up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../trust/verify-chain.js';
import { onBothDatabases } from './databases.test-support.js';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

const verifyAll = async (ledger: Ledger) => {
  const receipts = await ledger.receipts({ limit: 100_000 });
  const signers = await ledger.signers();
  return verifyChain(
    receipts,
    signers.map(({ publicKeyPem }) => publicKeyPem),
  );
};

onBothDatabases((database) => {
  describe('receipts', () => {
    it('form one chain without forks, whichever server signed them with whichever key', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spillway-receipts-'));
      const servers = [
        await database.open(),
        await database.open(),
        await openLedger({ url: database.url(), signingKeyPath: join(folder, 'other.pem') }),
      ];
      await Promise.all(Array.from({ length: 90 }, (_, index) => servers[index % 3]!.settle(settlement(`r${index}`))));
      await servers[2]!.close();
      const report = await verifyAll(servers[0]!);
      expect(report).toMatchObject({ checked: 90, faults: [], heads: [{ sequence: 90 }] });
      expect(await servers[1]!.signers()).toHaveLength(2);
      rmSync(folder, { recursive: true });
    });

    it('begin in one chain when many servers meet an empty database at once', async () => {
      const servers = await Promise.all(Array.from({ length: 6 }, () => database.open()));
      await Promise.all(servers.map((server, index) => server.settle(settlement(`r${index}`))));
      const receipts = await servers[0]!.receipts({ limit: 10 });
      expect(new Set(receipts.map(({ chain }) => chain)).size).toBe(1);
      expect(await verifyAll(servers[0]!)).toMatchObject({ checked: 6, faults: [] });
    });

    it('are found by id, and listed in order from anywhere', async () => {
      const ledger = await database.open();
      const bodies = ['a', 'b', 'c'].map((id) =>
        settlement(id, { receipt: { app: 'é 😀', redactions: { 'odd\0"\\{kind}': 1 } } }),
      );
      for (const one of bodies) await ledger.settle(one);
      const signed = await ledger.receipts({ limit: 10 });
      const { chain } = signed[0]!;
      expect(signed.map(({ body }) => body)).toEqual(bodies.map(({ receipt }) => receipt));
      expect(signed.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      expect(await ledger.receipt('receipt-b')).toEqual(signed[1]);
      expect(await ledger.receipt('none')).toBeNull();
      expect(await ledger.receipts({ chain, after: 1, limit: 1 })).toEqual([signed[1]]);
      expect(await ledger.receipts({ chain: 'other', limit: 10 })).toEqual([]);
      await expect(ledger.receipts({ limit: -1 })).rejects.toMatchObject({ code: 'invalid' });
    });

    it('go on in the same chain after a restart', async () => {
      const first = await database.open();
      await first.settle(settlement('a'));
      await first.close();
      await expect(first.settle(settlement('b'))).rejects.toMatchObject({ code: 'closed' });
      const second = await database.open();
      await second.settle(settlement('b'));
      expect(await verifyAll(second)).toMatchObject({ checked: 2, faults: [] });
    });

    it('refuse requests before they run where the signing key cannot be used', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spillway-receipts-'));
      const signingKeyPath = join(folder, 'key.pem');
      writeFileSync(signingKeyPath, 'no key');
      const ledger = await openLedger({ url: database.url(), signingKeyPath });
      await expect(ledger.reserve(reservation('a'))).rejects.toMatchObject({ code: 'signing-key' });
      // Somebody puts it right: no restart needed.
      rmSync(signingKeyPath);
      expect(await ledger.reserve(reservation('a'))).toMatchObject({ type: 'reserved' });
      await ledger.close();
      rmSync(folder, { recursive: true });
    });
  });

  describe('usage', () => {
    const day = 86_400_000;
    const spend = (ledger: Ledger, id: string, at: number, fields: object) =>
      ledger.settle(
        settlement(id, {
          nanoUsd: 10,
          receipt: { startedMs: at - 1, endedMs: at, promptTokens: 3, completionTokens: 2, ...fields },
        }),
      );

    it('adds up by what is asked for, in order', async () => {
      const ledger = await database.open();
      await spend(ledger, 'a', startMs, { app: 'web', model: 'm1', tier: 'device' });
      await spend(ledger, 'b', startMs + day, { app: 'web', model: 'm2' });
      await spend(ledger, 'c', startMs + day, { keyId: 'key_1', model: 'm2' });
      await spend(ledger, 'd', startMs + 31 * day, { app: 'web', model: 'm2' });
      const all = { fromMs: 0, toMs: startMs + 100 * day };
      const row = (group: object, requests: number) => ({
        group,
        requests,
        promptTokens: 3 * requests,
        completionTokens: 2 * requests,
        nanoUsd: 10 * requests,
      });
      expect(await ledger.usage({ ...all, by: [] })).toEqual([row({}, 4)]);
      expect(await ledger.usage({ ...all, by: ['app'] })).toEqual([row({ app: 'web' }, 3), row({ app: null }, 1)]);
      expect(await ledger.usage({ ...all, by: ['month', 'model'] })).toEqual([
        row({ month: '2026-03', model: 'm1' }, 1),
        row({ month: '2026-03', model: 'm2' }, 2),
        row({ month: '2026-04', model: 'm2' }, 1),
      ]);
      expect(await ledger.usage({ ...all, by: ['day', 'tier', 'key'] })).toEqual([
        row({ day: '2026-03-15', tier: 'device', key: null }, 1),
        row({ day: '2026-03-16', tier: 'private', key: 'key_1' }, 1),
        row({ day: '2026-03-16', tier: 'private', key: null }, 1),
        row({ day: '2026-04-15', tier: 'private', key: null }, 1),
      ]);
    });

    it('counts from the first moment up to, and without, the last', async () => {
      const ledger = await database.open();
      await spend(ledger, 'a', startMs, {});
      const count = async (fromMs: number, toMs: number) =>
        (await ledger.usage({ fromMs, toMs, by: [] })).reduce((sum, { requests }) => sum + requests, 0);
      expect(await count(startMs, startMs + 1)).toBe(1);
      expect(await count(startMs - 1, startMs)).toBe(0);
      expect(await count(startMs + 1, startMs + 2)).toBe(0);
      await expect(count(Number.NaN, 1)).rejects.toMatchObject({ code: 'invalid' });
    });

    it('refuses to round a sum that is too large', async () => {
      const ledger = await database.open();
      const huge = (id: string) =>
        ledger.settle(settlement(id, { nanoUsd: Number.MAX_SAFE_INTEGER, receipt: { startedMs: startMs } }));
      await huge('a');
      await huge('b');
      await expect(ledger.usage({ fromMs: 0, toMs: startMs + day, by: [] })).rejects.toMatchObject({
        code: 'overflow',
      });
    });
  });
});
