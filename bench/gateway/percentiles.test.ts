import { expect, test } from 'vitest';
import { percentilesOf } from './percentiles.js';

test('percentiles are values that occurred, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentilesOf(hundred)).toEqual({ p50: 50, p99: 99 });
  expect(percentilesOf([7])).toEqual({ p50: 7, p99: 7 });
  expect(percentilesOf([2, 1])).toEqual({ p50: 1, p99: 2 });
});
