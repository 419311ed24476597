/** Rate limits that come with a request: of its key, its app and everybody, exact over several servers, the tightest shown. */
import { describe, expect, it } from 'vitest';
import { onBothDatabases } from './databases.test-support.js';
import type { Ledger, RateLimit } from './ledger.js';
import { reservation, settlement, startMs } from './requests.test-support.js';

const limit = (of: RateLimit['of'], requestsPerMinute: number | null, tokensPerMinute: number | null = null) => ({
  of,
  requestsPerMinute,
  tokensPerMinute,
});

onBothDatabases((database) => {
  let nowMs = startMs;
  const open = async (): Promise<Ledger> => database.open({ now: () => nowMs });

  describe('rate limits of a request', () => {
    it('hold for its key, its app and everybody, each by itself', async () => {
      nowMs = startMs;
      const ledger = await open();
      const rateLimits = [limit('key', 2), limit('app', 3), limit('all', 4)];
      let ids = 0;
      const ask = async (keyId: string | null, app: string | null) => {
        const outcome = await ledger.reserve(reservation(`r${ids++}`, { keyId, app, rateLimits }));
        return outcome.type === 'rate-limited' ? outcome.limit : outcome.type;
      };
      expect(await ask('key_1', 'web')).toBe('reserved');
      expect(await ask('key_1', 'web')).toBe('reserved');
      expect(await ask('key_1', 'web')).toBe(2);
      expect(await ask('key_2', 'web')).toBe('reserved');
      expect(await ask('key_2', 'web')).toBe(3);
      expect(await ask('key_2', 'batch')).toBe('reserved');
      expect(await ask(null, null)).toBe(4);
      nowMs += 60_000;
      expect(await ask(null, null)).toBe('reserved');
    });

    it('tell where the tightest of them stands, for requests and for tokens', async () => {
      nowMs = startMs;
      const ledger = await open();
      const { record } = await ledger.createKey({ name: 'One', requestsPerMinute: 5, tokensPerMinute: 1000 });
      const rateLimits = [limit('all', 3, 5000), limit('app', 3, 40)];
      const mine = { keyId: record.id, app: 'web', rateLimits };
      await ledger.reserve(reservation('other', { rateLimits }));
      expect(await ledger.reserve(reservation('a', { ...mine, tokens: 30 }))).toEqual({
        type: 'reserved',
        requests: { limit: 3, remaining: 1, resetMs: 60_000 },
        tokens: { limit: 40, remaining: 10, resetMs: 60_000 },
      });
      // Where it refuses, the limit that makes wait longest says so.
      nowMs += 10_000;
      expect(await ledger.reserve(reservation('b', { ...mine, tokens: 11 }))).toMatchObject({
        type: 'rate-limited',
        what: 'tokens',
        limit: 40,
        retryAfterMs: 50_000,
      });
      await ledger.settle(settlement('a', { tokens: 5, receipt: { keyId: record.id, app: 'web' } }));
      expect((await ledger.reserve(reservation('b', { ...mine, tokens: 11 }))).type).toBe('reserved');
    });

    it('hold exactly when their first requests come to several servers at once', async () => {
      nowMs = startMs;
      const servers = [await open(), await open(), await open()];
      const rateLimits = [limit('all', 20), limit('app', 50)];
      const outcomes = await Promise.all(
        Array.from({ length: 90 }, (_, index) =>
          servers[index % 3]!.reserve(reservation(`r${index}`, { app: index % 2 === 0 ? 'web' : null, rateLimits })),
        ),
      );
      expect(outcomes.filter(({ type }) => type === 'reserved')).toHaveLength(20);
    });

    it('are given back with a release, in every window', async () => {
      nowMs = startMs;
      const ledger = await open();
      const rateLimits = [limit('app', 1), limit('all', 1)];
      await ledger.reserve(reservation('a', { app: 'web', rateLimits }));
      expect((await ledger.reserve(reservation('b', { app: 'web', rateLimits }))).type).toBe('rate-limited');
      await ledger.release('a');
      expect((await ledger.reserve(reservation('b', { app: 'web', rateLimits }))).type).toBe('reserved');
    });

    it('must be whole numbers from 1', async () => {
      const ledger = await open();
      for (const requestsPerMinute of [0, -1, 1.5, Number.NaN])
        await expect(
          ledger.reserve(reservation('a', { rateLimits: [limit('all', requestsPerMinute)] })),
        ).rejects.toMatchObject({ code: 'invalid' });
    });
  });
});
