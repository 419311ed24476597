/** Reserving, settling and releasing: what a budget holds, what is refused, and what happens late or twice. */
import { describe, expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import type { BudgetState, Ledger } from './ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

const noBudget = { keyId: null, app: null, perMonthNanoUsd: null, perMonthTokens: null };
const sums = ({ spentNanoUsd, reservedNanoUsd, spentTokens, reservedTokens }: BudgetState) => [
  spentNanoUsd,
  reservedNanoUsd,
  spentTokens,
  reservedTokens,
];
/** Spent and reserved nanodollars, spent and reserved tokens, of the budget of this id. */
const sumsOf = async (ledger: Ledger, id: string): Promise<number[]> =>
  sums((await ledger.budgets()).find((budget) => budget.id === id)!);

onBothDatabases((database) => {
  let nowMs = startMs;
  const open = async (): Promise<Ledger> => {
    nowMs = startMs;
    return database.open({ now: () => nowMs });
  };

  describe('reserve', () => {
    it('refuses the request that would pass the budget, and takes nothing for it', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 250 });
      expect((await ledger.reserve(reservation('a'))).type).toBe('reserved');
      expect((await ledger.reserve(reservation('b'))).type).toBe('reserved');
      expect(await ledger.reserve(reservation('c', { nanoUsd: 51 }))).toMatchObject({
        type: 'over-budget',
        what: 'usd',
        budget: { id, month: '2026-03', perMonthNanoUsd: 250, spentNanoUsd: 0, reservedNanoUsd: 200 },
      });
      expect((await ledger.reserve(reservation('d', { nanoUsd: 50 }))).type).toBe('reserved');
      expect(await sumsOf(ledger, id)).toEqual([0, 250, 0, 30]);
    });

    it('counts tokens like money', async () => {
      const ledger = await open();
      await ledger.setBudget({ ...noBudget, perMonthTokens: 15 });
      await ledger.reserve(reservation('a', { tokens: 10 }));
      expect(await ledger.reserve(reservation('b', { tokens: 6 }))).toMatchObject({
        type: 'over-budget',
        what: 'tokens',
      });
      expect((await ledger.reserve(reservation('c', { tokens: 5 }))).type).toBe('reserved');
    });

    it('takes from the budgets of key, app and everything, or from none of them', async () => {
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One', app: 'web' });
      const key = await ledger.setBudget({ ...noBudget, keyId: record.id, perMonthNanoUsd: 1000 });
      const app = await ledger.setBudget({ ...noBudget, app: 'web', perMonthNanoUsd: 500 });
      const all = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 800 });
      const others = await ledger.setBudget({ ...noBudget, app: 'other', perMonthNanoUsd: 1 });
      const mine = { keyId: record.id, app: 'web' };
      await ledger.reserve(reservation('a', { ...mine, nanoUsd: 400 }));
      expect(await ledger.reserve(reservation('b', { ...mine, nanoUsd: 200 }))).toMatchObject({
        type: 'over-budget',
        budget: { id: app.id },
      });
      // Of the key alone, then of neither.
      await ledger.reserve(reservation('c', { keyId: record.id, nanoUsd: 200 }));
      await ledger.reserve(reservation('d', { nanoUsd: 100 }));
      expect(await sumsOf(ledger, key.id)).toEqual([0, 600, 0, 20]);
      expect(await sumsOf(ledger, app.id)).toEqual([0, 400, 0, 10]);
      expect(await sumsOf(ledger, all.id)).toEqual([0, 700, 0, 30]);
      expect(await sumsOf(ledger, others.id)).toEqual([0, 0, 0, 0]);
    });

    it('admits the same reservation once however often it is asked for, and refuses another under its id', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 150 });
      const same = await Promise.all([ledger.reserve(reservation('a')), ledger.reserve(reservation('a'))]);
      expect([...same, await ledger.reserve(reservation('a'))].map(({ type }) => type)).toEqual(
        Array(3).fill('reserved'),
      );
      await expect(ledger.reserve(reservation('a', { nanoUsd: 1 }))).rejects.toMatchObject({ code: 'conflict' });
      expect(await sumsOf(ledger, id)).toEqual([0, 100, 0, 10]);
    });

    it('leaves the others of a batch alone when it refuses one of them', async () => {
      const ledger = await open();
      await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 300 });
      const results = await Promise.allSettled([
        ledger.reserve(reservation('a')),
        ledger.reserve(reservation('a', { nanoUsd: 7 })),
        ledger.reserve(reservation('b', { nanoUsd: 300 })),
        ledger.reserve(reservation('c')),
        ledger.settle(settlement('d', { receipt: { model: 'm', redactions: { email: Number.NaN } } })),
        ledger.reserve(reservation('e')),
      ]);
      expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))).toMatchObject([
        { type: 'reserved' },
        { code: 'conflict' },
        { type: 'over-budget' },
        { type: 'reserved' },
        { code: 'invalid' },
        { type: 'reserved' },
      ]);
    });

    it('admits everything where there is no budget', async () => {
      const ledger = await open();
      expect(await ledger.reserve(reservation('a', { nanoUsd: Number.MAX_SAFE_INTEGER }))).toEqual({
        type: 'reserved',
        requests: null,
        tokens: null,
      });
    });

    it('refuses sums that would no longer be exact', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthTokens: 1000 });
      await ledger.reserve(reservation('a', { nanoUsd: Number.MAX_SAFE_INTEGER }));
      await expect(ledger.reserve(reservation('b', { nanoUsd: 1 }))).rejects.toMatchObject({ code: 'overflow' });
      expect(await sumsOf(ledger, id)).toEqual([0, Number.MAX_SAFE_INTEGER, 0, 10]);
    });

    it.each([
      ['a negative amount', { nanoUsd: -1 }],
      ['half a nanodollar', { nanoUsd: 0.5 }],
      ['more than can be counted', { tokens: 2 ** 53 }],
      ['no id', { id: '' }],
      ['an app that no database can hold', { app: 'a\0' }],
      ['no time', { expiresMs: Number.NaN }],
    ])('refuses %s', async (_, fields) => {
      const ledger = await open();
      await expect(ledger.reserve(reservation('a', fields))).rejects.toMatchObject({ code: 'invalid' });
    });
  });

  describe('settle', () => {
    it('books what was spent and gives the rest back', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a'));
      await ledger.reserve(reservation('b'));
      await ledger.settle(settlement('a', { nanoUsd: 30, tokens: 4 }));
      expect(await sumsOf(ledger, id)).toEqual([30, 100, 4, 10]);
    });

    it('books more than was reserved where more was spent, also past the budget, which then admits nothing', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 100 });
      await ledger.reserve(reservation('a'));
      await ledger.settle(settlement('a', { nanoUsd: 130, tokens: 12 }));
      expect(await sumsOf(ledger, id)).toEqual([130, 0, 12, 0]);
      expect(await ledger.reserve(reservation('b', { nanoUsd: 0 }))).toMatchObject({ type: 'over-budget' });
    });

    it('books once however often it is asked to, with one receipt', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a'));
      await Promise.all([ledger.settle(settlement('a')), ledger.settle(settlement('a'))]);
      await ledger.settle(settlement('a'));
      await expect(ledger.settle(settlement('a', { nanoUsd: 99 }))).rejects.toMatchObject({ code: 'conflict' });
      expect(await sumsOf(ledger, id)).toEqual([100, 0, 10, 0]);
      expect(await ledger.receipts({ limit: 10 })).toMatchObject([{ body: settlement('a').receipt }]);
    });

    it('books without a reservation what was spent after the reaper gave it back', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a'));
      expect(await ledger.reap(startMs + 60_000)).toBe(1);
      expect(await sumsOf(ledger, id)).toEqual([0, 0, 0, 0]);
      await ledger.settle(settlement('a'));
      expect(await sumsOf(ledger, id)).toEqual([100, 0, 10, 0]);
    });

    it('refuses a receipt that says another cost or owner than what is booked, and leaves the reservation', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a', { app: 'web' }));
      for (const receipt of [{ app: 'web', costNanoUsd: 1 }, { app: 'other' }, { app: null }])
        await expect(ledger.settle(settlement('a', { receipt }))).rejects.toMatchObject({ code: 'invalid' });
      expect(await sumsOf(ledger, id)).toEqual([0, 100, 0, 10]);
      await ledger.settle(settlement('a', { receipt: { app: 'web' } }));
      expect(await sumsOf(ledger, id)).toEqual([100, 0, 10, 0]);
    });
  });

  describe('release and reap', () => {
    it('give a reservation back whole, once', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a'));
      await ledger.reserve(reservation('b', { expiresMs: startMs + 1 }));
      await Promise.all([ledger.release('a'), ledger.release('a'), ledger.release('none')]);
      expect(await sumsOf(ledger, id)).toEqual([0, 100, 0, 10]);
      expect(await ledger.reap(startMs)).toBe(0);
      expect(await ledger.reap(startMs + 1)).toBe(1);
      expect(await ledger.reap(startMs + 1)).toBe(0);
      expect(await sumsOf(ledger, id)).toEqual([0, 0, 0, 0]);
    });

    it('reaps any number, also when several servers reap at once', async () => {
      const [ledger, other] = [await open(), await open()];
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 100_000 });
      await Promise.all(Array.from({ length: 450 }, (_, index) => ledger.reserve(reservation(`r${index}`))));
      await ledger.reserve(reservation('later', { expiresMs: startMs + 70_000 }));
      const reaped = await Promise.all([ledger.reap(startMs + 60_000), other.reap(startMs + 60_000)]);
      expect(reaped[0]! + reaped[1]! + (await ledger.reap(startMs + 60_000))).toBe(450);
      expect(await sumsOf(ledger, id)).toEqual([0, 100, 0, 10]);
    });
  });

  describe('budgets', () => {
    it('begin with what their month has seen so far', async () => {
      const ledger = await open();
      await ledger.reserve(reservation('a', { app: 'web' }));
      await ledger.reserve(reservation('b', { app: 'web', nanoUsd: 40, tokens: 3 }));
      await ledger.reserve(reservation('c'));
      await ledger.settle(settlement('a', { receipt: { app: 'web' } }));
      const app = await ledger.setBudget({ ...noBudget, app: 'web', perMonthNanoUsd: 150 });
      const all = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 150 });
      expect(await sumsOf(ledger, app.id)).toEqual([100, 40, 10, 3]);
      expect(await sumsOf(ledger, all.id)).toEqual([100, 140, 10, 13]);
      expect(await ledger.reserve(reservation('d', { app: 'web', nanoUsd: 11 }))).toMatchObject({
        type: 'over-budget',
        budget: { id: app.id },
      });
      await ledger.settle(settlement('b', { nanoUsd: 20, tokens: 2, receipt: { app: 'web' } }));
      expect(await sumsOf(ledger, app.id)).toEqual([120, 0, 12, 0]);
    });

    it('are replaced with their sums kept, removed with them, and begin right when set again', async () => {
      const ledger = await open();
      const first = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      await ledger.reserve(reservation('a'));
      await ledger.settle(settlement('a'));
      const second = await ledger.setBudget({ ...noBudget, perMonthTokens: 500 });
      expect(second).toEqual({ ...noBudget, id: first.id, perMonthTokens: 500 });
      expect(await sumsOf(ledger, first.id)).toEqual([100, 0, 10, 0]);
      await ledger.removeBudget(first.id);
      expect(await ledger.budgets()).toEqual([]);
      await expect(ledger.removeBudget(first.id)).rejects.toMatchObject({ code: 'budget-unknown' });
      await ledger.settle(settlement('b', { nanoUsd: 5, tokens: 1 }));
      const third = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 1000 });
      expect(await sumsOf(ledger, third.id)).toEqual([105, 0, 11, 0]);
    });

    it('refuse what cannot be meant', async () => {
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One' });
      const refused = [
        noBudget,
        { ...noBudget, perMonthNanoUsd: -1 },
        { ...noBudget, perMonthTokens: 0.5 },
        { ...noBudget, app: '', perMonthTokens: 1 },
        { ...noBudget, keyId: record.id, app: 'web', perMonthTokens: 1 },
      ];
      for (const budget of refused) await expect(ledger.setBudget(budget)).rejects.toMatchObject({ code: 'invalid' });
      await expect(ledger.setBudget({ ...noBudget, keyId: 'key_x', perMonthTokens: 1 })).rejects.toMatchObject({
        code: 'key-unknown',
      });
    });
  });

  describe('months', () => {
    it('begin anew at midnight UTC, and a request is booked in the month that admitted it', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 100 });
      nowMs = Date.UTC(2026, 3, 1) - 1;
      await ledger.reserve(reservation('march', { expiresMs: nowMs + 60_000 }));
      nowMs += 1;
      expect((await ledger.reserve(reservation('april', { expiresMs: nowMs + 60_000 }))).type).toBe('reserved');
      await ledger.settle(settlement('march', { nanoUsd: 90, receipt: { startedMs: nowMs, endedMs: nowMs + 5 } }));
      expect(await sumsOf(ledger, id)).toEqual([0, 100, 0, 10]);
      nowMs -= 1;
      expect(await sumsOf(ledger, id)).toEqual([90, 0, 10, 0]);
    });

    it('keep their sums when the clock jumps back or a year ahead and returns', async () => {
      const ledger = await open();
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 100 });
      await ledger.reserve(reservation('a'));
      await ledger.settle(settlement('a'));
      for (const away of [Date.UTC(2025, 0, 1), Date.UTC(2027, 2, 15)]) {
        nowMs = away;
        expect(await sumsOf(ledger, id)).toEqual([0, 0, 0, 0]);
        await ledger.reserve(reservation(`at ${away}`, { nanoUsd: 60 }));
        nowMs = startMs;
        expect(await ledger.reserve(reservation('b', { nanoUsd: 1 }))).toMatchObject({ type: 'over-budget' });
        await ledger.settle(settlement(`at ${away}`, { nanoUsd: 60 }));
        expect(await sumsOf(ledger, id)).toEqual([100, 0, 10, 0]);
        nowMs = away;
        expect(await sumsOf(ledger, id)).toEqual([60, 0, 10, 0]);
        nowMs = startMs;
      }
    });
  });

  describe('rate limits', () => {
    it('admit so many requests a minute on all servers together, and say what is left and when', async () => {
      const [ledger, other] = [await open(), await database.open({ now: () => nowMs })];
      const { record } = await ledger.createKey({ name: 'One', requestsPerMinute: 3 });
      const ask = (server: Ledger, id: string) => server.reserve(reservation(id, { keyId: record.id }));
      expect(await ask(ledger, 'a')).toEqual({
        type: 'reserved',
        requests: { limit: 3, remaining: 2, resetMs: 60_000 },
        tokens: null,
      });
      nowMs += 20_000;
      await ask(other, 'b');
      expect(await ask(ledger, 'c')).toMatchObject({ requests: { remaining: 0, resetMs: 60_000 } });
      nowMs += 10_000;
      expect(await ask(other, 'd')).toEqual({
        type: 'rate-limited',
        what: 'requests',
        limit: 3,
        requests: { limit: 3, remaining: 0, resetMs: 50_000 },
        tokens: null,
        retryAfterMs: 30_000,
      });
      nowMs += 30_000;
      expect(await ask(ledger, 'd')).toMatchObject({ type: 'reserved', requests: { remaining: 0 } });
      expect(await ask(ledger, 'e')).toMatchObject({ type: 'rate-limited', retryAfterMs: 20_000 });
    });

    it('hold exactly when requests come to several servers at once', async () => {
      const servers = [
        await open(),
        await database.open({ now: () => nowMs }),
        await database.open({ now: () => nowMs }),
      ];
      const { record } = await servers[0]!.createKey({ name: 'One', requestsPerMinute: 50, tokensPerMinute: 400 });
      const outcomes = await Promise.all(
        Array.from({ length: 150 }, (_, index) =>
          servers[index % 3]!.reserve(reservation(`r${index}`, { keyId: record.id, tokens: index < 75 ? 0 : 10 })),
        ),
      );
      const admitted = outcomes.filter(({ type }) => type === 'reserved');
      expect(admitted).toHaveLength(50);
      // Each admission saw what all others had taken.
      const left = admitted.map((outcome) => (outcome.type === 'reserved' ? outcome.requests!.remaining : -1));
      expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    it('count the worst case of tokens, then what it was', async () => {
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One', tokensPerMinute: 100 });
      const mine = { keyId: record.id };
      await ledger.reserve(reservation('a', { ...mine, tokens: 80 }));
      expect(await ledger.reserve(reservation('b', { ...mine, tokens: 30 }))).toMatchObject({
        type: 'rate-limited',
        what: 'tokens',
        tokens: { limit: 100, remaining: 20 },
        retryAfterMs: 60_000,
      });
      await ledger.settle(settlement('a', { tokens: 50, receipt: mine }));
      expect(await ledger.reserve(reservation('b', { ...mine, tokens: 30 }))).toMatchObject({
        type: 'reserved',
        tokens: { remaining: 20 },
      });
      await ledger.release('b');
      expect(await ledger.reserve(reservation('c', { ...mine, tokens: 50 }))).toMatchObject({
        tokens: { remaining: 0 },
      });
      expect(await ledger.reserve(reservation('d', { ...mine, tokens: 101 }))).toMatchObject({ type: 'rate-limited' });
    });

    it('do not count what a budget refused, nor does a budget what they refused', async () => {
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One', requestsPerMinute: 1 });
      const { id } = await ledger.setBudget({ ...noBudget, perMonthNanoUsd: 100 });
      const ask = (name: string, nanoUsd: number) => ledger.reserve(reservation(name, { keyId: record.id, nanoUsd }));
      expect((await ask('a', 101)).type).toBe('over-budget');
      expect((await ask('b', 60)).type).toBe('reserved');
      expect((await ask('c', 1)).type).toBe('rate-limited');
      expect(await sumsOf(ledger, id)).toEqual([0, 60, 0, 10]);
    });

    it('let a key in again within a minute after the clock jumped back', async () => {
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One', requestsPerMinute: 1 });
      const ask = (id: string) => ledger.reserve(reservation(id, { keyId: record.id }));
      await ask('a');
      nowMs -= 3_600_000;
      expect(await ask('b')).toMatchObject({ type: 'rate-limited', retryAfterMs: 60_000 });
      nowMs += 59_999;
      expect(await ask('c')).toMatchObject({ type: 'rate-limited', retryAfterMs: 1 });
      nowMs += 1;
      expect(await ask('c')).toMatchObject({ type: 'reserved' });
    });
  });
});
