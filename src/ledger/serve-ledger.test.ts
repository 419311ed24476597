/** A ledger that is served from: its limits hold before the first request, outages lose nothing, closing waits for what is open. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** Nobody can make another one meanwhile. */
const goAway = () => {
  renameSync(dirname(path), join(folder, 'away'));
  writeFileSync(dirname(path), '');
};
const comeBack = () => {
  rmSync(dirname(path));
  renameSync(join(folder, 'away'), dirname(path));
};
const open = () => openLedger({ url: path, now: () => startMs, busyMs: 100 });
const allBudget = (ledger: Ledger) =>
  ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 150, perMonthTokens: null });

const serve = async (ledger: Ledger, options: Partial<ServeLedgerOptions> = {}) => {
  const told: string[] = [];
  const served = await serveLedger(ledger, {
    spoolFolder: join(folder, 'unbooked'),
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

  it('leaves what it could not book to the next server when it must close before the database is back', async () => {
    const first = await serve(await open(), { drainMs: 50, prepare: async (ledger) => void (await allBudget(ledger)) });
    for (const id of ['a', 'b']) await first.served.reserve(reservation(id, { nanoUsd: 50 }));
    goAway();
    const settled = Promise.allSettled(['a', 'b'].map((id) => first.served.settle(settlement(id, { nanoUsd: 30 }))));
    await first.served.close();
    for (const one of await settled) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    expect(readdirSync(join(folder, 'unbooked'))).toHaveLength(2);
    // What is torn, or meant for something else, is left alone.
    writeFileSync(join(folder, 'unbooked', 'torn.settlement.json'), '{"reservationId":"x"');
    // It comes while the database is still away, and books when that is back; two at once book each once.
    const next = [await serve(await open()), await serve(await open())];
    comeBack();
    while (readdirSync(join(folder, 'unbooked')).length > 1) await wait(5);
    for (const { served, told } of next) {
      await served.close();
      expect(told).toEqual([]);
    }
    const ledger = await open();
    expect(await ledger.budgets()).toMatchObject([{ spentNanoUsd: 60, reservedNanoUsd: 0 }]);
    expect(await ledger.receipts({ limit: 10 })).toHaveLength(2);
    await ledger.close();
  });

  it('tells of what an earlier server left that cannot be booked, and goes on', async () => {
    const { served: first } = await serve(await open(), { drainMs: 50 });
    await first.reserve(reservation('a'));
    goAway();
    const lost = first.settle(settlement('a')).catch(() => {});
    await first.close();
    await lost;
    comeBack();
    const [name] = readdirSync(join(folder, 'unbooked'));
    const path = join(folder, 'unbooked', name!);
    const left = JSON.parse(readFileSync(path, 'utf8')) as ReturnType<typeof settlement>;
    writeFileSync(path, JSON.stringify({ ...left, nanoUsd: -5 }));
    const { served, told } = await serve(await open());
    while (told.length === 0) await wait(5);
    expect(told).toEqual([expect.stringMatching(/nanoUsd must be a whole number/)]);
    expect((await served.reserve(reservation('b'))).type).toBe('reserved');
    await served.close();
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
