import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const waitOf = (value: string) => retryAfterMs({ 'retry-after': value }, nowMs);

describe('retryAfterMs', () => {
  it('reads seconds', () => {
    expect(waitOf('0')).toBe(0);
    expect(waitOf('7')).toBe(7000);
    expect(waitOf(' 1.5 ')).toBe(1500);
  });

  it('reads dates against the clock it is given, and never below zero', () => {
    expect(waitOf('Sun, 01 Mar 2026 12:00:30 GMT')).toBe(30_000);
    expect(waitOf('Sun, 01 Mar 2026 11:00:00 GMT')).toBe(0);
  });

  it('prefers the milliseconds that some providers send beside it', () => {
    expect(retryAfterMs({ 'retry-after': '3', 'retry-after-ms': '2750' }, nowMs)).toBe(2750);
  });

  it('takes the first of several', () => {
    expect(retryAfterMs({ 'retry-after': ['4', '9'] }, nowMs)).toBe(4000);
  });

  it('says nothing where nothing sensible is said', () => {
    expect(retryAfterMs({}, nowMs)).toBeUndefined();
    for (const value of ['', 'soon', '-5', '1e9', '0x10', 'Someday, maybe']) expect(waitOf(value)).toBeUndefined();
  });

  it('gives undefined or a whole number of milliseconds up to a day for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const ms = waitOf(value);
          if (ms === undefined) return;
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(86_400_000);
        },
      ),
    );
  });
});
