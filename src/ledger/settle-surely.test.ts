/** What was spent is booked in the end: outages and crashes leave nothing unbooked and nothing reserved for ever. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';
import { createSureSettler } from './settle-surely.js';
import { startReaper } from './start-reaper.js';

let folder = '';
let path = '';
let ledger: Ledger;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-surely-'));
  path = join(folder, 'ledger.db');
  ledger = await openLedger({ url: path, now: () => startMs });
  await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 10_000, perMonthTokens: null });
});
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const goAway = () => renameSync(path, `${path}.away`);
const comeBack = () => renameSync(`${path}.away`, path);

describe('createSureSettler', () => {
  it('keeps what was spent during an outage and books all of it after', async () => {
    const settler = createSureSettler(ledger);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) await ledger.reserve(reservation(id));
    goAway();
    const settled = ids.map((id) => settler.settle(settlement(id)));
    expect(await settler.drain(300)).toBe(false);
    expect(settler.pending).toBe(5);
    comeBack();
    await Promise.all(settled);
    expect(await ledger.receipts({ limit: 10 })).toHaveLength(5);
    expect(await settler.drain(0)).toBe(true);
    expect(await ledger.budgets()).toMatchObject([{ spentNanoUsd: 500, reservedNanoUsd: 0 }]);
  });

  it('passes on at once what no waiting would mend, during an outage too', async () => {
    const settler = createSureSettler(ledger);
    await expect(settler.settle(settlement('a', { nanoUsd: -1 }))).rejects.toMatchObject({ code: 'invalid' });
    goAway();
    const waiting = settler.settle(settlement('b')).catch((error: unknown) => error);
    await ledger.close();
    expect(await waiting).toMatchObject({ code: 'closed' });
    expect(settler.pending).toBe(0);
    comeBack();
  });
});

describe('startReaper', () => {
  it('gives back at once what a server that crashed had reserved, and goes on after an outage', async () => {
    let nowMs = startMs;
    await ledger.reserve(reservation('a', { expiresMs: startMs }));
    await ledger.reserve(reservation('b', { expiresMs: startMs + 1 }));
    const reserved = async () => (await ledger.budgets())[0]?.reservedNanoUsd;
    const errors: unknown[] = [];
    const reaper = startReaper(ledger, { everyMs: 5, now: () => nowMs, onError: (error) => errors.push(error) });
    while ((await reserved()) !== 100) await wait(5);
    goAway();
    await wait(30);
    comeBack();
    nowMs += 1;
    while ((await reserved()) !== 0) await wait(5);
    await reaper.stop();
    expect(errors).toEqual([]);
  });

  it('tells of a failure that is no outage, and tries again', async () => {
    const errors: unknown[] = [];
    let calls = 0;
    const failing = {
      reap: async () => {
        calls++;
        throw new Error('a fault');
      },
    };
    const reaper = startReaper(failing, { everyMs: 1, onError: (error) => errors.push(error) });
    while (calls < 3) await wait(1);
    await reaper.stop();
    expect(errors.length).toBe(calls);
    const after = calls;
    await wait(20);
    expect(calls).toBe(after);
  });
});
