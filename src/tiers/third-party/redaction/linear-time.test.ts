/** Twice the text is twice the work, counted in steps: a prompt made to be slow would stop the server for everybody. */
import { describe, expect, it } from 'vitest';
import { createRedactor } from './redactor.js';

const meter = { steps: 0 };
const redactor = createRedactor(
  {
    terms: [
      { kind: 'name', words: ['ada lovelace', 'a a a a a a a a b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaab'] },
      { kind: 'place', patterns: ['(a|aa)*b', '(?:a?){20}b', '[a-z ]*x', '(a|b)*a(a|b){4}c'] },
    ],
    capitalizedNames: true,
  },
  { meter },
);

const stepsFor = (content: string): number => {
  meter.steps = 0;
  redactor.redact({ model: 'm', messages: [{ role: 'user', content }] });
  return meter.steps;
};

const units = [
  'a',
  'a ',
  'aa b',
  'Ada ',
  'A',
  'é',
  'a\u0301',
  '\u200b',
  '\ufdfa',
  '你',
  '😀',
  ' ',
  '\n',
  'a@',
  'a@b.',
  'a.b@c.de ',
  '"@',
  '"a"@b',
  '@',
  '1',
  '1 ',
  '+1 ',
  '12-',
  '0 1 ',
  '01 ',
  '4111 ',
  '4111',
  '1.',
  '1.1.1.',
  '1:',
  '::',
  'f:',
  'f',
  '555-',
  '(415) ',
  'GB29',
  'GB29 ',
  'AB12 ',
  'X1',
  'tel 1',
  'bsn ',
  'eyJ',
  'eyJa.',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA\n',
  '-----BEGIN ',
  '://',
  '://a:b',
  '://a:b@',
  'bearer ',
  'sk-',
  'sk-a1',
  'sk-a1b2c3d4e5f6g7h8i9j0k ',
  'aA1',
  'aA1/',
  'aA1bB2cC3dD4eE5fF6gG7 ',
  'password',
  'password=',
  'password="',
  'password is a1 ',
  'token: ',
  'token=abcd1234 ',
  'pin=1234',
  '%25',
  '%',
  '\\',
  '\\\\',
  '\\u005cu005c',
  '&amp;',
  '&#38;',
  '%5C',
  '"',
  '[',
  '{"a":',
  '{"a":"b"},',
  '[EMAIL_',
  '[EMAIL_1]',
  '\\_',
];

describe('the work of redaction', () => {
  it.each(units)('grows as %j is repeated, and no faster', (unit) => {
    const count = Math.ceil(10_000 / unit.length);
    const [once, twice] = [stepsFor(unit.repeat(count)), stepsFor(unit.repeat(2 * count))];
    expect(twice / once).toBeLessThan(2.2);
    expect(once).toBeLessThan(unit.length * count * 300);
  });

  it('grows with the number of different values, and no faster', () => {
    const values = (count: number): string =>
      Array.from(
        { length: count },
        (_, index) => `user${index}@example.com +4915${String(index).padStart(7, '0')}`,
      ).join(' ');
    const [once, twice] = [stepsFor(values(300)), stepsFor(values(600))];
    expect(twice / once).toBeLessThan(2.3);
  });
});

describe('a restorer', () => {
  it('never holds more than a placeholder is long', () => {
    const redaction = redactor.redact({ model: 'm', messages: [{ role: 'user', content: 'ada@example.com' }] });
    for (const piece of ['[EMAIL_', '[', '\\[EMAIL\\', 'EMAIL', '%5BE', '"']) {
      const restorer = redaction.restorer('arguments');
      let given = 0;
      for (let index = 1; index <= 500; index++) {
        given += restorer.push(piece).length;
        expect(index * piece.length - given).toBeLessThan(40);
      }
    }
  });
});
