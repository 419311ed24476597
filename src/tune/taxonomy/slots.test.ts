// Generated slots mean what their canonical values say: read back here by code that shares nothing with the generators.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../rng.js';
import { numberWords, ordinalDigits, ordinalWords, sayNumber } from './number-words.js';
import { bareClockForms, clockCanonical, clockForms } from './slot-clock.js';
import { drawBareDay, drawDay, drawRepeatedDay, drawWhen } from './slot-days.js';
import { drawDuration, drawDurationAdjective } from './slot-duration.js';
import { drawExpression, drawInfix } from './slot-expression.js';
import { drawExpressionOrder } from './slot-expression-order.js';
import { createDraw, cyclicSlots, parseSlotValue, type SlotList } from './slots.js';

const seeds = fc.integer({ min: 0, max: 1e9 });
const WORDS = new Map(Array.from({ length: 100 }, (_, n) => [numberWords(n), n] as const));
const numberOf = (text: string): number =>
  /^\d+$/.test(text) ? Number(text) : (WORDS.get(text.replace('-', ' ')) ?? Number.NaN);

/** Minute of the day of a said clock time, by the conventions for a missing am or pm. */
function readClock(said: string): number {
  if (/\b(?:noon|mid ?day)/.test(said)) return 720;
  if (said.includes('midnight')) return 0;
  const half = /(?: ?([ap])\.?\s?m\.?| (?:in the|this) (morning|afternoon|evening)| (tonight|at night))$/.exec(said);
  const face = half === null ? said : said.slice(0, half.index);
  const minute = readFace(face.replace(/ ?o'?clock$/, ''));
  const hour = Math.floor(minute / 60);
  if (half === null || hour > 12) return minute;
  const onFace = minute % 720;
  if (half[1] === 'a' || half[2] === 'morning') return onFace;
  if (half[3] !== undefined && hour === 12) return onFace;
  return onFace + 720;
}

/** The face of the clock; 12 stays 12. */
function readFace(face: string): number {
  const digits = /^(\d{1,2})(?:[:. ]?(\d\d))?$/.exec(face);
  if (digits) return Number(digits[1]) * 60 + Number(digits[2] ?? 0);
  const relative = /^(?:a )?(half|quarter|[a-z0-9 -]+?)(?: minutes)? (past|after|to|till|of) (\w+)$/.exec(face);
  if (relative) {
    const minutes = relative[1] === 'half' ? 30 : relative[1] === 'quarter' ? 15 : numberOf(relative[1]!);
    const hour = numberOf(relative[3]!);
    if (relative[2] === 'past' || relative[2] === 'after') return hour * 60 + minutes;
    return (hour === 1 ? 12 : hour - 1) * 60 + 60 - minutes;
  }
  if (face.startsWith('half ')) return numberOf(face.slice(5)) * 60 + 30;
  const [hour, ...rest] = face.split(' ');
  const minute = rest.length === 0 ? 0 : numberOf(rest.join(' ').replace(/^oh /, ''));
  return numberOf(hour!) * 60 + minute;
}

describe('clock', () => {
  it('gives every surface form of all 1440 minutes its minute', () => {
    for (let minute = 0; minute < 1440; minute++) {
      const forms = clockForms(minute);
      expect(forms.length).toBeGreaterThan(5);
      const wrong = forms.filter((form) => readClock(form) !== minute);
      expect({ minute: clockCanonical(minute), wrong }).toEqual({ minute: clockCanonical(minute), wrong: [] });
    }
  });

  it('reads a bare form within its half of the day', () => {
    for (let minute = 0; minute < 1440; minute++) {
      for (const form of bareClockForms(minute))
        expect(readFace(form.replace(/ ?o'?clock$/, '')) % 720).toBe(minute % 720);
    }
  });
});

describe('numbers', () => {
  it('says ordinals', () => {
    expect([1, 2, 3, 11, 12, 21, 30].map(ordinalDigits)).toEqual(['1st', '2nd', '3rd', '11th', '12th', '21st', '30th']);
    expect([1, 5, 12, 20, 31].map(ordinalWords)).toEqual(['first', 'fifth', 'twelfth', 'twentieth', 'thirty first']);
  });

  it('says digits or words of the number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), seeds, (n, seed) => {
        const { surface, canonical } = sayNumber(n, createRng(seed));
        expect(canonical).toBe(String(n));
        expect(readNumber(surface)).toBe(n);
      }),
    );
  });
});

function readNumber(said: string): number {
  let total = 0;
  let part = 0;
  for (const word of said.replaceAll(',', '').split(/[ -]/)) {
    if (word === 'and') continue;
    if (word === 'hundred') part = (part || 1) * 100;
    else if (word === 'thousand' || word === 'million') {
      total += (part || 1) * (word === 'thousand' ? 1000 : 1_000_000);
      part = 0;
    } else part += word === 'a' ? 1 : numberOf(word);
  }
  return total + part;
}

describe('durations', () => {
  const UNIT = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 } as const;
  it('are canonical in digits and unit words that come to the same length', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, adjective) => {
        const { canonical, seconds } = (adjective ? drawDurationAdjective : drawDuration)(createRng(seed));
        const parts = [...canonical.matchAll(/(\d+) (second|minute|hour|day|week)(s?)/g)];
        expect(parts.map(([part]) => part).join(' ')).toBe(canonical);
        expect(parts.every(([, n, , s]) => (s === 's') === (n !== '1'))).toBe(true);
        expect(parts.reduce((sum, [, n, unit]) => sum + Number(n) * UNIT[unit as keyof typeof UNIT], 0)).toBe(seconds);
      }),
    );
  });

  it('holds in the surface the numbers of the canonical form', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { surface, canonical } = drawDuration(createRng(seed));
        const plain = /^(\d+) [a-z]+$/.exec(surface);
        if (plain) expect(canonical.startsWith(`${plain[1]} `)).toBe(true);
      }),
    );
  });
});

describe('days', () => {
  it('copy what was said, without a leading on, at or for', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(drawDay, drawBareDay, drawRepeatedDay, drawWhen), (seed, draw) => {
        const { surface, canonical } = draw(createRng(seed));
        expect(surface.endsWith(canonical)).toBe(true);
        if (surface !== canonical)
          expect(['on ', 'at ', 'for ']).toContain(surface.slice(0, surface.length - canonical.length));
      }),
    );
  });
});

/** Arithmetic with + - * / ^ % ( ) sqrt(). */
function evaluate(source: string): number {
  const tokens = source.match(/\d+(?:\.\d+)?|sqrt|[-+*/^%()]/g) ?? [];
  expect(tokens.join('')).toBe(source.replaceAll(' ', ''));
  let at = 0;
  const sum = (): number => {
    let left = product();
    while (tokens[at] === '+' || tokens[at] === '-') left = tokens[at++] === '+' ? left + product() : left - product();
    return left;
  };
  const product = (): number => {
    let left = power();
    while (tokens[at] === '*' || tokens[at] === '/') left = tokens[at++] === '*' ? left * power() : left / power();
    return left;
  };
  const power = (): number => {
    const base = percent();
    if (tokens[at] !== '^') return base;
    at++;
    return base ** power();
  };
  const percent = (): number => {
    const value = atom();
    if (tokens[at] !== '%') return value;
    at++;
    return value / 100;
  };
  const atom = (): number => {
    const token = tokens[at++];
    if (token === 'sqrt') return Math.sqrt(atom());
    if (token !== '(') return Number(token);
    const value = sum();
    expect(tokens[at++]).toBe(')');
    return value;
  };
  const value = sum();
  expect(at).toBe(tokens.length);
  return value;
}

describe('expressions', () => {
  it('come to what the operands come to', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(drawExpression, drawInfix, drawExpressionOrder), (seed, draw) => {
        const { surface, canonical, value } = draw(createRng(seed));
        const got = evaluate(canonical);
        expect(Math.abs(got - value), `${surface} -> ${canonical}`).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(value)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('listed slots', () => {
  const list = (...values: string[]): SlotList => ({
    values: values.map((value) => parseSlotValue(value)),
    uniform: true,
  });

  it('pass on, repeat or copy values', () => {
    const slots = new Map([
      ['relation', list('mom')],
      ['person', list('[my|] {relation} => {relation}')],
      ['alias', list('{person}')],
      ['span', list('on {number} to {number} => {number}-{number}')],
      ['title', list("{person}'s birthday")],
    ]);
    const draw = createDraw(slots, createRng(3));
    expect(draw('alias').canonical).toBe('mom');
    const span = draw('span');
    expect(span.canonical).toMatch(/^\d+-\d+$/);
    expect(span.canonical.split('-')[0]).not.toBe(span.canonical.split('-')[1]);
    const title = draw('title');
    expect(title.canonical).toBe(title.surface);
  });

  it('draw a group once for a template', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const draw = createDraw(new Map(), createRng(seed));
        expect(draw('units.from')).toBe(draw('units.from'));
        expect(draw('units.one').canonical).not.toBe(draw('units.to_one').canonical);
      }),
    );
  });

  it('are refused where a canonical value could not be known', () => {
    expect(() => parseSlotValue('a => b => c')).toThrow('more than one "=>"');
    expect(() => parseSlotValue('x => {y}')).toThrow('{y} is not on the surface side');
    expect(() => parseSlotValue('x => [a|b]')).toThrow('a canonical value has no [a|b]');
    expect(
      cyclicSlots(
        new Map([
          ['a', list('{b}')],
          ['b', list('x', '{a}')],
          ['c', list('{a}')],
        ]),
      ),
    ).toEqual(['a', 'b']);
  });
});
