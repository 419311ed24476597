/** A reservation that must cover more: takes the difference or nothing, once, and settles as if it had been so from the start. */
import { describe, expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import type { Ledger } from './ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

onBothDatabases((database) => {
  const open = () => database.open({ now: () => startMs });
  const budget = (ledger: Ledger, perMonthNanoUsd: number | null, perMonthTokens: number | null = null) =>
    ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd, perMonthTokens });
  const reserved = async (ledger: Ledger) => {
    const [state] = await ledger.budgets();
    return [state!.reservedNanoUsd, state!.reservedTokens];
  };

  describe('raise', () => {
    it('takes what is more, and nothing the second time', async () => {
      const ledger = await open();
      await budget(ledger, 250);
      await ledger.reserve(reservation('a', { nanoUsd: 100, tokens: 10 }));
      for (const _ of [1, 2]) {
        expect(await ledger.raise(reservation('a', { nanoUsd: 250, tokens: 25 }))).toEqual({ type: 'reserved' });
        expect(await reserved(ledger)).toEqual([250, 25]);
      }
      await ledger.settle(settlement('a', { nanoUsd: 220, tokens: 21 }));
      expect(await ledger.budgets()).toMatchObject([
        { spentNanoUsd: 220, spentTokens: 21, reservedNanoUsd: 0, reservedTokens: 0 },
      ]);
    });

    it('leaves the reservation as it is where a budget has no room', async () => {
      const ledger = await open();
      await budget(ledger, 250, 30);
      await ledger.reserve(reservation('a', { nanoUsd: 100, tokens: 10 }));
      expect(await ledger.raise(reservation('a', { nanoUsd: 251, tokens: 10 }))).toMatchObject({
        type: 'over-budget',
        what: 'usd',
        budget: { reservedNanoUsd: 100 },
      });
      expect(await ledger.raise(reservation('a', { nanoUsd: 100, tokens: 31 }))).toMatchObject({
        type: 'over-budget',
        what: 'tokens',
      });
      expect(await reserved(ledger)).toEqual([100, 10]);
      await ledger.release('a');
      expect(await reserved(ledger)).toEqual([0, 0]);
    });

    it('never lowers one, and is no way into that of somebody else', async () => {
      const ledger = await open();
      await budget(ledger, 250);
      await ledger.reserve(reservation('a', { nanoUsd: 100, tokens: 10 }));
      expect(await ledger.raise(reservation('a', { nanoUsd: 50, tokens: 20 }))).toEqual({ type: 'reserved' });
      expect(await reserved(ledger)).toEqual([100, 20]);
      await expect(ledger.raise(reservation('a', { app: 'web', nanoUsd: 200 }))).rejects.toMatchObject({
        code: 'conflict',
      });
    });

    it('makes one anew that was reaped meanwhile', async () => {
      const ledger = await open();
      await budget(ledger, 250);
      await ledger.reserve(reservation('a', { expiresMs: startMs }));
      expect(await ledger.reap(startMs)).toBe(1);
      expect(await ledger.raise(reservation('a', { nanoUsd: 200 }))).toEqual({ type: 'reserved' });
      expect(await reserved(ledger)).toEqual([200, 10]);
    });

    it('counts its tokens in the rate windows and is refused by none', async () => {
      const ledger = await open();
      const rateLimits = [{ of: 'all', requestsPerMinute: 5, tokensPerMinute: 100 } as const];
      await ledger.reserve(reservation('a', { tokens: 60, rateLimits }));
      expect(await ledger.raise(reservation('a', { tokens: 120 }))).toEqual({ type: 'reserved' });
      expect(await ledger.reserve(reservation('b', { tokens: 1, rateLimits }))).toMatchObject({
        type: 'rate-limited',
        requests: { remaining: 4 },
        tokens: { remaining: 0 },
      });
      await ledger.settle(settlement('a', { tokens: 70 }));
      expect(await ledger.reserve(reservation('b', { tokens: 1, rateLimits }))).toMatchObject({
        type: 'reserved',
        tokens: { remaining: 29 },
      });
    });

    it('gives each of many at once its part of what is left, on any server', async () => {
      const servers = [await open(), await open()];
      await budget(servers[0]!, 1000);
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          servers[index % 2]!.reserve(reservation(`r${index}`, { nanoUsd: 60 })),
        ),
      );
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) => servers[index % 2]!.raise(reservation(`r${index}`, { nanoUsd: 120 }))),
      );
      expect(outcomes.filter(({ type }) => type === 'reserved')).toHaveLength(6);
      expect(await reserved(servers[0]!)).toEqual([960, 100]);
    });
  });
});
