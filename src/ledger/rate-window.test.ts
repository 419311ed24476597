/** The sliding minute: never more than the limit in any 60 seconds, and no longer a wait than needed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  currentSlots,
  formatSlots,
  giveBackRate,
  parseSlots,
  type RateSlot,
  rateState,
  takeRate,
  waitForMs,
  windowMs,
} from './rate-window.js';

const t0 = 1_770_000_000_250;
const limit = 5;
const question = (nowMs: number, amount = 1) => ({ limit, kind: 'requests', amount, nowMs }) as const;

/** Requests at these distances in time; returns when each was admitted. */
const admitted = (gapsMs: readonly number[]): number[] => {
  let slots: readonly RateSlot[] = [];
  let nowMs = t0;
  const times: number[] = [];
  for (const gapMs of gapsMs) {
    nowMs += gapMs;
    if (waitForMs(slots, question(nowMs)) > 0) continue;
    slots = takeRate(slots, { nowMs, tokens: 7 });
    times.push(nowMs);
  }
  return times;
};

describe('the window', () => {
  it('never admits more than the limit in any 60 seconds, whenever they begin', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(30), fc.nat(2_000), fc.nat(70_000)), { maxLength: 200 }), (gaps) => {
        const times = admitted(gaps);
        for (const start of times)
          expect(times.filter((time) => time >= start && time < start + windowMs).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('admits after exactly the wait that it names, and not a millisecond before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: limit }),
        (steps, amount) => {
          let slots: readonly RateSlot[] = [];
          let nowMs = t0;
          for (const [gapMs, count] of steps) {
            nowMs += gapMs;
            for (let index = 0; index < count && waitForMs(slots, question(nowMs)) === 0; index++)
              slots = takeRate(slots, { nowMs, tokens: 0 });
          }
          const wait = waitForMs(slots, question(nowMs, amount));
          expect(waitForMs(slots, question(nowMs + wait, amount))).toBe(0);
          if (wait > 0) expect(waitForMs(slots, question(nowMs + wait - 1, amount))).toBe(1);
        },
      ),
    );
  });

  it('keeps one slot for each second, so that it stays small', () => {
    let slots: readonly RateSlot[] = [];
    for (let nowMs = t0; nowMs < t0 + 200_000; nowMs += 100) slots = takeRate(slots, { nowMs, tokens: 1 });
    expect(slots.length).toBeLessThanOrEqual(61);
    expect(parseSlots(formatSlots(slots))).toEqual(slots);
  });

  it('never fits what is larger than the limit', () => {
    expect(waitForMs([], question(t0, limit + 1))).toBe(windowMs);
  });

  it('says what is left, and when all of it is back', () => {
    const slots = takeRate(takeRate([], { nowMs: t0, tokens: 0 }), { nowMs: t0 + 30_000, tokens: 0 });
    const at = (nowMs: number) => rateState(slots, { limit, kind: 'requests', nowMs });
    expect(at(t0 + 30_000)).toEqual({ limit, remaining: 3, resetMs: 60_000 });
    expect(at(t0 + 70_000)).toEqual({ limit, remaining: 4, resetMs: 20_000 });
    expect(at(t0 + 90_000)).toEqual({ limit, remaining: 5, resetMs: 0 });
    expect(rateState(slots, { limit, kind: 'tokens', nowMs: t0 + 30_000 })).toMatchObject({ remaining: 5, resetMs: 0 });
  });

  it('takes what is of the future to be of now, all of it and no more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(59_000), { maxLength: 20 }), fc.nat(100_000), (offsets, backMs) => {
        const slots = offsets
          .toSorted((a, b) => a - b)
          .reduce<RateSlot[]>((before, offset) => takeRate(before, { nowMs: t0 + offset, tokens: 3 }), []);
        const latest = t0 + Math.max(0, ...offsets);
        const current = currentSlots(slots, latest - backMs);
        const sum = (list: readonly RateSlot[], kind: 'requests' | 'tokens') =>
          list.reduce((total, slot) => total + slot[kind], 0);
        expect(sum(current, 'requests')).toBe(offsets.length);
        expect(sum(current, 'tokens')).toBe(offsets.length * 3);
        expect(current.every(({ ms }) => ms <= latest - backMs)).toBe(true);
        expect(currentSlots(current, latest - backMs + windowMs)).toEqual([]);
      }),
    );
  });

  it('gives back from the second of the request, once, and never below nothing', () => {
    const slots = takeRate(takeRate([], { nowMs: t0, tokens: 10 }), { nowMs: t0 + 2_000, tokens: 10 });
    expect(giveBackRate(slots, { ms: t0, requests: 1, tokens: 4 })).toEqual([
      { ms: t0, requests: 0, tokens: 6 },
      { ms: t0 + 2_000, requests: 1, tokens: 10 },
    ]);
    expect(giveBackRate(slots, { ms: t0, requests: 9, tokens: 99 })[0]).toEqual({ ms: t0, requests: 0, tokens: 0 });
    expect(giveBackRate(slots, { ms: t0, requests: 0, tokens: -5 })[0]).toMatchObject({ tokens: 15 });
    expect(giveBackRate(slots, { ms: t0 + 9_000, requests: 1, tokens: 1 })).toEqual(slots);
  });
});
