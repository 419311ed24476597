import { expect, test } from 'vitest';
import { ticksOf } from './process-time.js';

test('reads user and system time past a name with spaces and parentheses', () => {
  expect(ticksOf('7 (a) b (c)) S 1 7 7 0 -1 4194304 500 0 2 0 123 45 0 0 20 0 11 0 99 1000 200')).toBe(168);
});
