/** Months end at midnight UTC, whatever was asked before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, dayName, monthOf, previousMonthStartMs } from './month.js';

/** From 1971, so that there is a month before, to the last four-digit year. */
const times = fc.integer({ min: 366 * dayMs, max: Date.UTC(10_000, 0) - 1 });

describe('months', () => {
  it('are those of the calendar in UTC, in any order of asking', () => {
    expect(monthOf(Date.UTC(2026, 3, 1) - 1)).toBe('2026-03');
    expect(monthOf(Date.UTC(2026, 3, 1))).toBe('2026-04');
    expect(monthOf(0)).toBe('1970-01');
    fc.assert(
      fc.property(times, (timeMs) => {
        expect(monthOf(timeMs)).toBe(new Date(timeMs).toISOString().slice(0, 7));
        expect(dayName(Math.floor(timeMs / dayMs))).toBe(new Date(timeMs).toISOString().slice(0, 10));
      }),
    );
  });

  it('have one before them, over the turn of the year too', () => {
    expect(new Date(previousMonthStartMs(Date.UTC(2026, 0, 31))).toISOString()).toBe('2025-12-01T00:00:00.000Z');
    fc.assert(
      fc.property(times, (timeMs) => {
        const startMs = previousMonthStartMs(timeMs);
        expect(monthOf(startMs) < monthOf(timeMs)).toBe(true);
        expect(monthOf(startMs - 1) < monthOf(startMs)).toBe(true);
        expect(monthOf(startMs + 31 * dayMs) >= monthOf(startMs)).toBe(true);
      }),
    );
  });
});
