/** What is remembered of keys: not for long, not too much, and no failure. */
import { describe, expect, it } from 'vitest';
import { createKeyCache } from './key-cache.js';
import type { KeyRecord } from './ledger.js';

const record = { id: 'key_1' } as KeyRecord;

describe('createKeyCache', () => {
  it('asks once for callers of the same hash, also when none is found', async () => {
    const cache = createKeyCache({ ttlMs: 60_000, most: 10 });
    let asked = 0;
    const find = async () => {
      asked++;
      return null;
    };
    await Promise.all([cache.get('a', find), cache.get('a', find)]);
    expect(await cache.get('a', find)).toBeNull();
    expect(asked).toBe(1);
    cache.clear();
    await cache.get('a', find);
    expect(asked).toBe(2);
  });

  it('asks again after a while', async () => {
    const cache = createKeyCache({ ttlMs: 0, most: 10 });
    expect(await cache.get('a', async () => record)).toBe(record);
    expect(await cache.get('a', async () => null)).toBeNull();
  });

  it('forgets the oldest when there are too many', async () => {
    const cache = createKeyCache({ ttlMs: 60_000, most: 2 });
    for (const hash of ['a', 'b', 'c']) await cache.get(hash, async () => record);
    expect(await cache.get('c', async () => null)).toBe(record);
    expect(await cache.get('a', async () => null)).toBeNull();
  });

  it('does not remember that the ledger was away', async () => {
    const cache = createKeyCache({ ttlMs: 60_000, most: 2 });
    const away = cache.get('a', async () => {
      throw new Error('away');
    });
    await expect(away).rejects.toThrow('away');
    expect(await cache.get('a', async () => record)).toBe(record);
  });
});
