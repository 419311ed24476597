import { describe, expect, it } from 'vitest';
import { rateLimitHeaders, writeDuration } from './rate-limit-headers.js';

describe('writeDuration', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [0.2, '1ms'],
    [12, '12ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [8640, '8.64s'],
    [60_000, '1m0s'],
    [360_000, '6m0s'],
    [3_600_000, '1h0m0s'],
    [3_661_001, '1h1m1.001s'],
  ])('%d ms is %s, as OpenAI and Go write it', (ms, text) => {
    expect(writeDuration(ms)).toBe(text);
  });
});

describe('rateLimitHeaders', () => {
  it('names what is limited and nothing else', () => {
    expect(rateLimitHeaders({ requests: { limit: 60, remaining: 59, resetMs: 1000 }, tokens: null })).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
    });
    expect(rateLimitHeaders({ requests: null, tokens: null })).toEqual({});
  });
});
