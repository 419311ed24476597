import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Automaton,
  acceptsNothing,
  automatonOfLength,
  automatonOfTexts,
  complement,
  intersect,
  minimize,
} from './automaton.js';
import { automatonOfNumbers } from './number-patterns.js';
import { automatonOfPattern } from './pattern-automaton.js';
import { PatternError, parsePattern } from './pattern-syntax.js';
import { runAutomaton } from './schema-values.js';
import { automatonOfFormat } from './string-formats.js';

const automaton = (pattern: string): Automaton => automatonOfPattern(parsePattern(pattern));

describe('patterns as automata', () => {
  const patterns = [
    '^[a-c]+$',
    'b',
    '^a',
    'c$',
    '^(a|b)*c?$',
    '^a{2,3}$',
    '^a{2}b{1,}$',
    '(^a|b$)',
    '^$',
    '',
    'a|^$',
    '^[^a]$',
    '^\\w+@\\d$',
    '^(?:ab|a)(?:c|bcd)$',
    '^.*a.b?$',
    '^(a?){3}b*?$',
    '^[\\d\\-ab]+$',
    '^(a|(b|(c)))$',
    '^a(?<x>b)c$',
    '^\\u0061\\x62$',
    '\\p{Lu}',
    '^[a\\]b-]$',
    '^\\.\\$"\\\\$',
  ];
  it.each(patterns)('%s accepts what JavaScript matches', (pattern) => {
    const mine = automaton(pattern);
    const theirs = new RegExp(pattern, 'u');
    const alphabet = fc.constantFrom('a', 'b', 'c', 'd', '1', '@', '-', ']', '.', '$', '"', '\\', 'É', '\n', '😀');
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 7 }), (text) => {
        expect(runAutomaton(mine, text)).toBe(theirs.test(text));
      }),
      { numRuns: 300 },
    );
  });

  it.each(['a\\b', '(?=a)b', '(?<!a)b', '(a)\\1', '(?<n>a)\\k<n>', '(', '[b-a]', '^.{0,100000}$'])(
    'refuses %s',
    (pattern) => expect(() => automaton(pattern)).toThrow(PatternError),
  );

  it('intersection, complement and minimization agree with logic', () => {
    const [a, b] = [automaton('^a*b?$'), automaton('b')];
    const both = intersect(a, b);
    const neither = minimize(intersect(complement(a), complement(b)));
    for (const text of ['', 'a', 'b', 'ab', 'ba', 'aab', 'c', 'bb', 'aba']) {
      const [inA, inB] = [/^a*b?$/.test(text), /b/.test(text)];
      expect(runAutomaton(both, text)).toBe(inA && inB);
      expect(runAutomaton(neither, text)).toBe(!inA && !inB);
    }
    expect(acceptsNothing(intersect(automaton('^a$'), automaton('^b$')))).toBe(true);
    expect(acceptsNothing(intersect(automaton('^a*$'), automatonOfLength(3, 3)))).toBe(false);
    expect(runAutomaton(automatonOfTexts(['x', 'xy', 'é']), 'xy')).toBe(true);
  });
});

describe('numbers as automata', () => {
  const bound = fc.oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.integer({ min: -30_000, max: 30_000 }).map((value) => value / 100),
    fc.constantFrom(0, 1e6, -1e6, 1e15, 0.001, 1e-7),
  );
  it('accept exactly the decimal texts within the bounds', () => {
    fc.assert(
      fc.property(
        bound,
        bound,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (first, second, minExclusive, maxExclusive, integer) => {
          const [low, high] = first < second ? [first, second] : [second, first];
          const range = automatonOfNumbers({
            integer,
            multiplesOf: [],
            minimum: { value: low, exclusive: minExclusive },
            maximum: { value: high, exclusive: maxExclusive },
          });
          const near = [low, high].flatMap((value) =>
            [-100, -10, -1, -0.5, -0.01, 0, 0.01, 0.5, 1, 10, 100].map((step) => value + step),
          );
          for (const raw of [...near, 0, (low + high) / 2]) {
            const value = integer ? Math.trunc(raw) : Number(raw.toFixed(10));
            const text = integer ? BigInt(value).toString() : value.toFixed(10).replace(/\.?0+$/, '');
            const fits =
              (minExclusive ? Number(text) > low : Number(text) >= low) &&
              (maxExclusive ? Number(text) < high : Number(text) <= high);
            expect([text, runAutomaton(range, text)]).toEqual([text, fits]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [7, ['0', '7', '14', '-21', '700000'], ['1', '8', '15', '7.0', '07']],
    [0.25, ['0', '1', '0.25', '1.5', '-3.75'], ['0.3', '1.125', '.25']],
    [0.01, ['0.01', '12.34', '5'], ['0.001', '1.']],
  ] as const)('multiples of %s', (multiple, inside, outside) => {
    const multiples = automatonOfNumbers({ integer: Number.isInteger(multiple), multiplesOf: [multiple] });
    for (const text of inside) expect([text, runAutomaton(multiples, text)]).toEqual([text, true]);
    for (const text of outside) expect([text, runAutomaton(multiples, text)]).toEqual([text, false]);
  });
});

describe('formats', () => {
  it.each([
    ['date', ['2024-02-29', '2023-12-31', '2000-02-29'], ['2023-02-29', '1900-02-29', '2024-13-01', '2024-04-31']],
    ['time', ['23:59:59Z', '00:00:00.123+02:00'], ['24:00:00Z', '12:00:00', '12:00Z']],
    ['date-time', ['2024-02-29T12:00:00Z'], ['2024-02-30T12:00:00Z', '2024-02-29 12:00:00Z']],
    ['email', ['a.b+c@x-y.example.org'], ['a@b', '@x.org', 'a b@x.org', 'a..b@x.org']],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000']],
    ['ipv4', ['0.0.0.0', '255.10.1.99'], ['256.1.1.1', '1.1.1', '01.1.1.1']],
    ['ipv6', ['::', '::1', 'fe80::1:2', '1:2:3:4:5:6:7:8', '1::8'], [':', '1:2:3', '1::2::3', '12345::']],
    ['duration', ['P1D', 'PT5M', 'P1Y2M3DT4H5M6S', 'P2W'], ['P', 'PT', '1D', 'P1S']],
    ['hostname', ['a', 'a-b.example'], ['-a', 'a.', 'a..b']],
    ['uri', ['https://example.org/a?b=c#d', 'mailto:a@b.c', 'http://[::1]:80/'], ['example.org', '://x', 'http://a b']],
  ] as const)('%s', (format, inside, outside) => {
    const texts = automatonOfFormat(format)!;
    for (const text of inside) expect([text, runAutomaton(texts, text)]).toEqual([text, true]);
    for (const text of outside) expect([text, runAutomaton(texts, text)]).toEqual([text, false]);
  });
});
