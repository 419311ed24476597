import { describe, expect, it } from 'vitest';
import { rateLimitsFor } from './rate-limits-for.js';

const limit = (key: string | null, app: string | null, requestsPerMinute: number) => ({
  key,
  app,
  requestsPerMinute,
  tokensPerMinute: null,
});
const limits = [limit('app-one', null, 1), limit(null, 'web', 2), limit(null, null, 3), limit('key_7', null, 4)];

describe('rateLimitsFor', () => {
  it('finds those of the key (by name or id), of the app and of everything', () => {
    const held = (request: Parameters<typeof rateLimitsFor>[1]) =>
      rateLimitsFor(limits, request).map(({ of, requestsPerMinute }) => [of, requestsPerMinute]);
    expect(held({})).toEqual([['all', 3]]);
    expect(held({ key: { id: 'key_1', name: 'app-one' }, app: 'web' })).toEqual([
      ['key', 1],
      ['app', 2],
      ['all', 3],
    ]);
    expect(held({ key: { id: 'key_7', name: 'other' }, app: null })).toEqual([
      ['all', 3],
      ['key', 4],
    ]);
    expect(held({ key: { id: 'key_1', name: 'web' } })).toEqual([['all', 3]]);
  });
});
