import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRow, median, spreadOf } from './statistics.js';

const figure = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

describe('median', () => {
  it('is the middle of an odd count and the mean of the two middle ones of an even count', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('does not depend on the order, and lies within the spread', () => {
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 30 }), (values) => {
        const { median: middle, min, max } = spreadOf(values);
        expect(median([...values].reverse())).toBe(middle);
        expect(middle).toBeGreaterThanOrEqual(min);
        expect(middle).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe('createRow', () => {
  const target = { on: 'ratio', bound: 'at-least', value: 0.95 } as const;

  it('takes the ratio round by round, so that what slows a whole round down cancels', () => {
    const row = createRow({
      what: 'w',
      unit: 'tokens/s',
      ours: { name: 'a', values: [98, 49, 9.8] },
      other: { name: 'b', values: [100, 50, 10] },
      target,
    });
    expect(row.ratio).toEqual({ median: 0.98, min: 0.98, max: 0.98 });
    expect(row.reached).toBe(true);
  });

  it('judges a bound on our median without the other side', () => {
    const judge = (value: number) =>
      createRow({
        what: 'w',
        unit: 'MB',
        ours: { name: 'a', values: [value] },
        target: { on: 'median', bound: 'at-most', value: 120 },
      }).reached;
    expect(judge(120)).toBe(true);
    expect(judge(120.1)).toBe(false);
  });

  it('judges what was measured, not what it was rounded to', () => {
    const row = createRow({
      what: 'w',
      unit: 'tokens/s',
      ours: { name: 'a', values: [0.949999] },
      other: { name: 'b', values: [1] },
      target,
    });
    expect(row.ratio?.median).toBe(0.95);
    expect(row.reached).toBe(false);
  });

  it('says nothing of a ratio target when only our side ran', () => {
    const row = createRow({ what: 'w', unit: 'tokens/s', ours: { name: 'a', values: [1] }, target });
    expect(row.ratio).toBeNull();
    expect(row.reached).toBeNull();
  });

  it('refuses figures that are no pairs, and figures that cannot be', () => {
    const ours = { name: 'a', values: [1, 2] };
    const make = (values: number[]) => createRow({ what: 'w', unit: 'ms', ours, other: { name: 'b', values } });
    expect(() => make([1])).toThrow('b has 1 figures of 2');
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => make([1, bad])).toThrow(`b measured ${bad} ms`);
    expect(() => createRow({ what: 'w', unit: 'ms', ours: { name: 'a', values: [] } })).toThrow('0 figures');
  });
});
