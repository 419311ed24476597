/** A ledger that is served from: its limits hold before the first request, outages lose nothing, closing waits for what is open. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';
import { type ServeLedgerOptions, serveLedger } from './serve-ledger.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-serve-'));
  path = join(folder, 'data', 'ledger.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const goAway = () => renameSync(path, `${path}.away`);
const comeBack = () => renameSync(`${path}.away`, path);
const open = () => openLedger({ url: path, now: () => startMs, busyMs: 100 });
const allBudget = (ledger: Ledger) =>
  ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 150, perMonthTokens: null });

const serve = async (ledger: Ledger, options: Partial<ServeLedgerOptions> = {}) => {
  const told: string[] = [];
  const served = await serveLedger(ledger, {
    prepare: async () => undefined,
    prepareKey: async () => undefined,
    onAway: () => told.push('away'),
    onError: (error) => told.push(String(error)),
    ...options,
  });
  return { served, told };
};

describe('serveLedger', () => {
  it('starts while the database is away, and admits nothing before the limits of the configuration hold', async () => {
    // A file where the folder should be.
    writeFileSync(join(folder, 'data'), '');
    const { served, told } = await serve(await open(), { prepare: async (ledger) => void (await allBudget(ledger)) });
    expect(told).toEqual(['away']);
    await expect(served.reserve(reservation('a'))).rejects.toMatchObject({ code: 'unavailable' });
    rmSync(join(folder, 'data'));
    const outcomes = await Promise.all(['a', 'b'].map((id) => served.reserve(reservation(id))));
    expect(outcomes.map(({ type }) => type).sort()).toEqual(['over-budget', 'reserved']);
    await served.close();
  });

  it('does not start with limits that cannot be meant', async () => {
    const ledger = await open();
    await expect(
      serve(ledger, {
        prepare: async (opened) =>
          void (await opened.setBudget({ keyId: null, app: null, perMonthNanoUsd: -1, perMonthTokens: null })),
      }),
    ).rejects.toMatchObject({ code: 'invalid' });
    await ledger.close();
  });

  it('puts the limits of a key in place before its first request, once', async () => {
    const asked: string[] = [];
    const { served } = await serve(await open(), {
      async prepareKey(key, ledger) {
        asked.push(key.name);
        await ledger.setBudget({ keyId: key.id, app: null, perMonthNanoUsd: 10, perMonthTokens: null });
      },
    });
    const { record, secret } = await served.createKey({ name: 'late' });
    const [one, two] = await Promise.all([served.identify(secret), served.identify(secret)]);
    expect([one?.id, two?.id]).toEqual([record.id, record.id]);
    expect(await served.identify('unknown')).toBeNull();
    expect(asked).toEqual(['late']);
    expect((await served.reserve(reservation('a', { keyId: record.id }))).type).toBe('over-budget');
    await served.close();
  });

  it('does not let a key in whose limits could not be put in place', async () => {
    const { served } = await serve(await open(), { prepareKey: (key, ledger) => ledger.revokeKey(`${key.id}x`) });
    const { secret } = await served.createKey({ name: 'late' });
    for (const _ of [1, 2]) await expect(served.identify(secret)).rejects.toMatchObject({ code: 'key-unknown' });
    await served.close();
  });

  it('books and gives back what an outage kept it from, and waits for that when it closes', async () => {
    const { served } = await serve(await open(), { prepare: async (ledger) => void (await allBudget(ledger)) });
    await served.reserve(reservation('a', { nanoUsd: 50 }));
    await served.reserve(reservation('b', { nanoUsd: 50 }));
    goAway();
    const settled = served.settle(settlement('a', { nanoUsd: 40 }));
    const released = served.release('b');
    await expect(served.reserve(reservation('c'))).rejects.toMatchObject({ code: 'unavailable' });
    const closing = served.close();
    await wait(150);
    comeBack();
    await Promise.all([settled, released, closing]);
    const ledger = await open();
    expect(await ledger.budgets()).toMatchObject([{ spentNanoUsd: 40, reservedNanoUsd: 0 }]);
    await ledger.close();
  });

  it('says what it could not book when it must close before the database is back', async () => {
    const { served } = await serve(await open(), { drainMs: 50 });
    await served.reserve(reservation('a'));
    goAway();
    const settled = served.settle(settlement('a')).catch((error: unknown) => error);
    await served.close();
    expect(await settled).toMatchObject({ code: 'closed' });
  });

  it('gives back what a crashed server had reserved', async () => {
    const ledger = await open();
    await allBudget(ledger);
    await ledger.reserve(reservation('a', { nanoUsd: 150, expiresMs: 1 }));
    const { served } = await serve(ledger);
    while ((await served.budgets())[0]?.reservedNanoUsd !== 0) await wait(5);
    await served.close();
  });
});
