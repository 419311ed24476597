import { expect, test } from 'vitest';
import { keptFor } from './kept-for.js';

test('makes its value anew only after its time', () => {
  let nowMs = 0;
  let made = 0;
  const value = keptFor(
    100,
    () => ++made,
    () => nowMs,
  );
  expect([value(), value()]).toEqual([1, 1]);
  nowMs = 99;
  expect(value()).toBe(1);
  nowMs = 100;
  expect([value(), value()]).toEqual([2, 2]);
});
