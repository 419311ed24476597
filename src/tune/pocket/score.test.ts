// The figures that the project publishes about its router: each must count what its name says, and nothing else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../taxonomy/row.js';
import { sameArguments } from './compare-arguments.js';
import { type Prediction, rate, score } from './score.js';

const row = (kind: string, tool: string | null, args: Record<string, string> | null = null): Row => ({
  text: kind,
  kind,
  tool,
  args,
});
const said = (tool: string | null, args: Record<string, string> | null = null, confidence = 1): Prediction => ({
  tool,
  args,
  confidence,
});

const rows: Row[] = [
  row('timer', 'set_timer', { duration: '5 minutes' }),
  row('timer', 'set_timer', { duration: '2 hours' }),
  row('timer', 'set_timer'),
  row('weather', 'get_weather', {}),
  row('translate', null),
  row('translate', null),
  row('oos', null),
];
const predictions: Prediction[] = [
  said('set_timer', { duration: '5 minutes' }),
  said('set_timer', { duration: '3 hours' }),
  said('set_alarm'),
  said(null),
  said(null),
  said('get_weather', {}),
  said(null),
];

describe('score', () => {
  const result = score(rows, { predictions });
  const counts = ({ right, total }: { right: number; total: number }): string => `${right}/${total}`;

  it('counts decisions over the rows that each figure names', () => {
    expect(counts(result.decisions)).toBe('4/7');
    expect(counts(result.deviceTools)).toBe('2/4');
    expect(counts(result.handOverKnown)).toBe('1/2');
    expect(counts(result.handOverOutOfScope)).toBe('1/1');
  });

  it('judges arguments only where they are known and the right tool was called', () => {
    expect(counts(result.args)).toBe('1/2');
    expect(result.perTool.map(({ tool, called, args }) => `${tool} ${counts(called)} ${counts(args)}`)).toEqual([
      'get_weather 0/1 0/0',
      'set_timer 2/3 1/2',
    ]);
  });

  it('lists wrong decisions by kind, the most frequent first', () => {
    const more = score([...rows, rows[5]!], { predictions: [...predictions, predictions[5]!], confusions: 2 });
    expect(more.confusions).toEqual([
      { kind: 'translate', expected: null, predicted: 'get_weather', count: 2, total: 3 },
      { kind: 'timer', expected: 'set_timer', predicted: 'set_alarm', count: 1, total: 3 },
    ]);
  });

  it('finds no calibration error in a confidence that is always met', () => {
    const coin = rows.slice(0, 2);
    const half = score(coin, { predictions: [said('set_timer', null, 0.5), said(null, null, 0.5)] }).calibration;
    expect(half).toMatchObject({ ece: 0, brier: 0.25 });
    const sure = score(coin, { predictions: [said('set_timer', null, 1), said(null, null, 1)] }).calibration;
    expect(sure).toMatchObject({ ece: 0.5, brier: 0.5 });
  });

  it('scores nothing as nothing', () => {
    expect(score([], { predictions: [] })).toMatchObject({
      decisions: { share: 0, low: 0, high: 1 },
      calibration: { ece: 0, brier: 0 },
    });
  });

  it('refuses predictions that do not belong to the rows', () => {
    expect(() => score(rows, { predictions: [] })).toThrow('7 rows, 0 predictions');
    expect(() => score([rows[0]!], { predictions: [said(null, null, Number.NaN)] })).toThrow(
      'confidence of prediction 0 needs 0 to 1, is NaN',
    );
  });
});

describe('rate', () => {
  it('is the Wilson interval', () => {
    // (0.8 + 1.92 / 10) / 1.384 -+ 1.96 * sqrt(0.16 / 10 + 3.84 / 400) / 1.384, worked out by hand.
    expect(rate(8, 10).low).toBeCloseTo(0.4902, 4);
    expect(rate(8, 10).high).toBeCloseTo(0.9433, 4);
  });

  it('holds the share, within 0 to 1', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (a, b) => {
        const { share, low, high } = rate(Math.min(a, b), Math.max(a, b));
        expect(0 <= low && low <= share && share <= high && high <= 1).toBe(true);
      }),
    );
  });
});

describe('sameArguments', () => {
  it.each([
    [{ to: 'my mom' }, { to: 'mom' }],
    [{ time: 'on friday at 5' }, { time: 'friday at 5' }],
    [{ expression: '7 * 8' }, { expression: '7x8' }],
    [{ list: 'to-do list' }, { list: 'todo' }],
    [{ item: 'figs', op: 'add' }, { item: 'figs' }],
    [{ place: 'eastern time zone' }, { place: 'eastern' }],
    [{ body: 'to call me' }, { body: 'call me' }],
    [{ text: 'i need to call bob' }, { text: 'call bob' }],
  ])('forgives %o and %o', (expected, actual) => {
    expect(sameArguments(expected, actual)).toBe(true);
    expect(sameArguments(actual, expected)).toBe(true);
  });

  it.each([
    [{ to: 'mom' }, { to: 'tom' }],
    [{ duration: '5 minutes' }, { duration: '50 minutes' }],
    [{ item: 'figs', op: 'remove' }, { item: 'figs' }],
    [{ time: '06:00' }, {}],
    [{}, { label: 'yoga' }],
    [{ device: 'lights in the den' }, { device: 'lights' }],
  ])('does not forgive %o and %o', (expected, actual) => {
    expect(sameArguments(expected, actual)).toBe(false);
  });
});
