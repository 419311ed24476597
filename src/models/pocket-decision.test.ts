/** The decision sums a tool's kinds, respects what is offered, and its confidence means what it says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Calibration, decideKind, fitConfidence, kindProbabilities, uncalibrated } from './pocket-decision.js';

const kinds = [
  { name: 'shopping_list', tool: 'show_list' },
  { name: 'todo_list', tool: 'show_list' },
  { name: 'alarm', tool: 'set_alarm' },
  { name: 'translate', tool: null },
  { name: 'oos', tool: null },
];
const decide = (
  logits: readonly number[],
  options: { offered?: string[]; forced?: boolean; calibration?: Calibration } = {},
) =>
  decideKind(logits, kinds, {
    calibration: options.calibration ?? uncalibrated,
    ...(options.offered === undefined ? {} : { offered: new Set(options.offered) }),
    ...(options.forced === undefined ? {} : { forced: options.forced }),
  });

describe('decideKind', () => {
  it('adds up the kinds of a tool before it compares', () => {
    // Each list kind has 0.3, the alarm 0.4.
    const logits = [0.3, 0.3, 0.4, 1e-9, 1e-9].map(Math.log);
    expect(decide(logits)).toMatchObject({ tool: 'show_list', kind: 'shopping_list' });
    expect(decide(logits).probability).toBeCloseTo(0.6, 6);
  });

  it('counts a tool that is not offered as a hand-over, and never calls it', () => {
    const logits = [0, 0, 9, 0, 0];
    expect(decide(logits, { offered: ['show_list'] })).toMatchObject({ tool: null });
    fc.assert(
      fc.property(fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 5, maxLength: 5 }), (values) => {
        const { tool, confidence } = decide(values, { offered: ['show_list'] });
        expect([null, 'show_list']).toContain(tool);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('hands over below the threshold unless a call is forced', () => {
    const logits = [0.1, 0.1, 0.3, 0.25, 0.25].map(Math.log);
    expect(decide(logits).tool).toBeNull();
    expect(decide(logits).probability).toBeCloseTo(0.5, 6);
    expect(decide(logits, { forced: true }).tool).toBe('set_alarm');
    expect(decide(logits, { calibration: { ...uncalibrated, threshold: 0.25 } }).tool).toBe('set_alarm');
  });

  it('gives probabilities that sum to 1 at any temperature', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (logits, temperature) => {
          expect(kindProbabilities(logits, temperature).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        },
      ),
    );
  });
});

describe('fitConfidence', () => {
  it('lowers the confidence of a model that is too sure', () => {
    // It says 0.99 and is right 8 times out of 10.
    const examples = Array.from({ length: 1000 }, (_, index) => ({ probability: 0.99, right: index % 10 < 8 }));
    const { slope, offset } = fitConfidence(examples);
    const fitted = 1 / (1 + Math.exp(-(slope * Math.log(0.99 / 0.01) + offset)));
    expect(fitted).toBeCloseTo(0.8, 1);
  });

  it('stays near what the model says when there is nothing to learn from', () => {
    expect(fitConfidence([])).toStrictEqual({ slope: 1, offset: 0 });
  });
});
