/** What would break: a far endpoint taken for a slow one, a stale figure that never moves, figures that are no numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answersSoon,
  emptySpeed,
  halfLifeMs,
  meanServiceMsOf,
  observeRun,
  type SpeedEstimate,
  speedOf,
} from './speed-estimate.js';

const run = ({
  prompt,
  tokens = 101,
  overheadMs = 200,
  perToken = 0.5,
  tpotMs = 20,
  queueMs = 0,
}: {
  prompt: number;
  tokens?: number;
  overheadMs?: number;
  perToken?: number;
  tpotMs?: number;
  queueMs?: number;
}) => {
  const ttftMs = queueMs + overheadMs + prompt * perToken;
  return {
    promptTokens: prompt,
    cachedTokens: 0,
    completionTokens: tokens,
    queueMs,
    ttftMs,
    totalMs: ttftMs + (tokens - 1) * tpotMs,
  };
};

const observe = (
  runs: readonly ReturnType<typeof run>[],
  from: SpeedEstimate = emptySpeed,
  startMs = 0,
): SpeedEstimate => runs.reduce((estimate, one, index) => observeRun(estimate, one, startMs + index * 100), from);

describe('speed estimate', () => {
  it('tells the way there from the speed of reading', () => {
    const speed = speedOf(observe([10, 4_000, 500, 2_000, 9_000].map((prompt) => run({ prompt }))))!;
    expect(speed.prefillTokensPerSecond).toBeCloseTo(2_000, -1);
    expect(speed.overheadMs).toBeCloseTo(200, 0);
    expect(speed.decodeTokensPerSecond).toBeCloseTo(50, 6);
  });

  it('does not take the round trip of short prompts for slow reading', () => {
    const speed = speedOf(observe([20, 20, 21, 20].map((prompt) => run({ prompt }))))!;
    const predictedMs = speed.overheadMs! + (10_000 * 1000) / speed.prefillTokensPerSecond;
    expect(predictedMs).toBeLessThan(1_000);
  });

  it('leaves the queue out, counts cached prompt tokens as read, and takes the mean of the service time', () => {
    const queued = observe([100, 3_000].map((prompt) => run({ prompt, queueMs: 5_000 })));
    const direct = observe([100, 3_000].map((prompt) => run({ prompt })));
    expect(speedOf(queued)!.prefillTokensPerSecond).toBeCloseTo(speedOf(direct)!.prefillTokensPerSecond, 6);
    expect(meanServiceMsOf(direct)).toBeGreaterThan(2_000);
    const cached = observeRun(emptySpeed, { ...run({ prompt: 100 }), cachedTokens: 100 }, 0);
    expect(speedOf(cached)!.overheadMs).toBe(250);
  });

  it('follows a machine that got slower, and keeps its value when nothing comes', () => {
    const before = observe(Array.from({ length: 50 }, () => run({ prompt: 100 })));
    expect(speedOf({ ...before })!.decodeTokensPerSecond).toBeCloseTo(50, 6);
    const after = observe(
      Array.from({ length: 10 }, () => run({ prompt: 100, tpotMs: 100 })),
      before,
      20 * halfLifeMs,
    );
    expect(speedOf(after)!.decodeTokensPerSecond).toBeCloseTo(10, 1);
  });

  it('learns how long answers in one piece took, and nothing of their first token', () => {
    const seen = observeRun(emptySpeed, run({ prompt: 100 }), 0);
    const { totalMs } = run({ prompt: 100 });
    const whole = { ...run({ prompt: 100 }), ttftMs: 9_000, totalMs: 3 * totalMs, whole: true };
    const after = observeRun(seen, whole, 0);
    expect(speedOf(after)).toEqual(speedOf(seen));
    expect(meanServiceMsOf(after)).toBeCloseTo(2 * totalMs);
    // Long after the last streamed one, two that came shortly after each other count the same.
    const [slow, fast] = [1_000, 100].map((ms) => ({ ...whole, totalMs: ms }));
    const late = observeRun(observeRun(seen, slow!, 20 * halfLifeMs), fast!, 20 * halfLifeMs);
    expect(meanServiceMsOf(late)).toBeCloseTo(550, 0);
  });

  it('expects an answer soon where its whole length fits into half of its time', () => {
    const answer = { promptTokens: 100, maxTokens: 101, withinMs: 8_000 };
    expect(answersSoon(emptySpeed, answer)).toBe(false);
    // 250 ms to the first token, 20 ms for each further one: 2.3 s.
    const seen = observeRun(emptySpeed, run({ prompt: 100 }), 0);
    expect(answersSoon(seen, answer)).toBe(true);
    expect(answersSoon(seen, { ...answer, maxTokens: 300 })).toBe(false);
    expect(answersSoon(seen, { ...answer, withinMs: 4_000 })).toBe(false);
    // Others came late though they are short.
    const late = Array.from({ length: 20 }).reduce<SpeedEstimate>(
      (estimate) => observeRun(estimate, { ...run({ prompt: 100 }), totalMs: 6_000, whole: true }, 0),
      seen,
    );
    expect(answersSoon(late, answer)).toBe(false);
    // One token says nothing of decoding.
    expect(answersSoon(observeRun(emptySpeed, run({ prompt: 100, tokens: 1 }), 0), answer)).toBe(false);
  });

  it('says nothing before the first run, and nothing of decoding before the first answer', () => {
    expect(speedOf(emptySpeed)).toBeNull();
    expect(meanServiceMsOf(emptySpeed)).toBeNull();
    expect(speedOf(observe([run({ prompt: 5, tokens: 1 })]))!.decodeTokensPerSecond).toBe(0);
  });

  it('stays finite and not negative, whatever is reported and however the clock jumps', () => {
    const figure = fc.oneof(fc.nat(1e6), fc.double({ noNaN: false }));
    const reported = fc.record({
      promptTokens: figure,
      cachedTokens: figure,
      completionTokens: figure,
      queueMs: figure,
      ttftMs: figure,
      totalMs: figure,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(reported, fc.integer({ min: 0, max: 1e9 })), { maxLength: 20 }), (runs) => {
        const estimate = runs.reduce((sum, [one, nowMs]) => observeRun(sum, one, nowMs), emptySpeed);
        const speed = speedOf(estimate);
        if (speed === null) return;
        for (const value of [...Object.values(speed), meanServiceMsOf(estimate)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(value)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
