import { expect, it } from 'vitest';
import { createLruCache } from './lru-cache.js';

it('keeps what was used last, no more than it may, and nothing that failed', () => {
  const cache = createLruCache<number>({ maxEntries: 2, maxKeyCharacters: 3 });
  let made = 0;
  const get = (key: string): number => cache.getOrCreate(key, () => ++made);
  expect([get('a'), get('b'), get('a'), get('c'), get('a'), get('b')]).toEqual([1, 2, 1, 3, 1, 4]);
  expect(cache.size).toBe(2);
  expect([get('long'), get('long')]).toEqual([5, 6]);
  expect(() =>
    cache.getOrCreate('x', () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(get('x')).toBe(7);
});
