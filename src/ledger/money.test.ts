/** Dollars as people write them, exact to the nanodollar both ways. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addExactly, formatUsd, parseUsd } from './money.js';

describe('parseUsd and formatUsd', () => {
  it.each([
    ['50', 50_000_000_000, '50.00'],
    ['0.1', 100_000_000, '0.10'],
    ['12.345', 12_345_000_000, '12.345'],
    ['0.000000001', 1, '0.000000001'],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER, '9007199.254740991'],
    ['0', 0, '0.00'],
  ])('%s is %d nanodollars, shown as %s', (text, nanoUsd, shown) => {
    expect(parseUsd(text)).toBe(nanoUsd);
    expect(formatUsd(nanoUsd)).toBe(shown);
  });

  it.each(['', '-1', '1.', '.5', '1e3', '1,5', '0.0000000001', '9007199.254740992', '99999999999999999', ' 1'])(
    'refuses "%s" rather than round or guess',
    (text) => {
      expect(parseUsd(text)).toBeNull();
    },
  );

  it('reads back what it shows', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (nanoUsd) => {
        expect(parseUsd(formatUsd(nanoUsd))).toBe(nanoUsd);
      }),
    );
  });
});

describe('addExactly', () => {
  it('refuses sums that numbers cannot hold', () => {
    expect(addExactly(Number.MAX_SAFE_INTEGER - 1, 1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => addExactly(Number.MAX_SAFE_INTEGER, 1)).toThrow(expect.objectContaining({ code: 'overflow' }));
    expect(() => addExactly(1e300, 0)).toThrow(expect.objectContaining({ code: 'overflow' }));
  });
});
