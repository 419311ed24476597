import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan, parseJsonBody } from './json-body.js';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map((entry) => depthOf(entry)))
    : 0;

describe('nestsDeeperThan', () => {
  it('agrees with the depth of the parsed value, brackets and escapes in strings included', () => {
    const tricky = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a', 'é', '\n') });
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        tricky,
        fc.integer(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(tricky, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 8 }), (json, limit) => {
        expect(nestsDeeperThan(Buffer.from(JSON.stringify(json)), limit)).toBe(depthOf(json) > limit);
      }),
    );
  });

  it('does not read past an open string', () => {
    expect(nestsDeeperThan(Buffer.from('"\\'), 1)).toBe(false);
    expect(nestsDeeperThan(Buffer.from('"[[[['), 1)).toBe(false);
  });
});

describe('parseJsonBody', () => {
  it('gives the value of good JSON', () => {
    expect(parseJsonBody(Buffer.from('{"a":["é"]}'), 5)).toEqual({ a: ['é'] });
  });

  it.each([
    ['', /empty/],
    ['{', /JSON/],
    ['[[[]]]', /nested too deep.*at most 2/],
  ])('refuses %j', (text, message) => {
    expect(() => parseJsonBody(Buffer.from(text), 2)).toThrow(message);
  });
});
