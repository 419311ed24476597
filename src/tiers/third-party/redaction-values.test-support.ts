/**
 * Makers of valid personal values and of the noise around them, for property tests. Every value is made up; check digits
 * are computed by brute force, not by the code under test.
 */
import fc from 'fast-check';

const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((list) => list.join(''));

const pick = (alphabet: string, length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length }).map((list) => list.join(''));

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const base62 = `${lower}${upper}0123456789`;

/** Luhn by its words: from the right, every second digit doubled. */
const luhnSum = (number: string): number => {
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    let digit = Number(number[number.length - 1 - index]);
    if (index % 2 === 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum;
};
const withLuhn = (head: string): string => {
  for (const digit of '0123456789') if (luhnSum(head + digit) % 10 === 0) return head + digit;
  throw new Error('no digit fits');
};

const email = fc
  .tuple(
    pick(lower, 5),
    fc.constantFrom('', '.jones', '+news', '_x', "-o'neil"),
    fc.constantFrom('example.com', 'mail.example.co.uk', 'ex-ample.org', 'EXAMPLE.io'),
  )
  .map(([name, more, domain]) => `${name}${more}@${domain}`);

const card = fc
  .tuple(fc.constantFrom('4', '51', '2221', '6011', '3528'), digits(15), fc.constantFrom('', ' ', '-'))
  .map(([prefix, rest, separator]) => {
    const number = withLuhn((prefix + rest).slice(0, 15));
    return number.match(/.{4}/g)!.join(separator);
  });

const iban = fc.tuple(digits(18), fc.boolean()).map(([account, spaced]) => {
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  const whole = `DE${String(check).padStart(2, '0')}${account}`;
  return spaced ? whole.replace(/.{4}(?=.)/g, '$& ') : whole;
});

const phone = fc
  .oneof(
    digits(7).map((number) => `+49 30 ${number}`),
    digits(7).map((number) => `+4915${number}`),
    fc.tuple(fc.integer({ min: 212, max: 989 }), digits(4)).map(([area, line]) => `(${area}) 555-${line}`),
    digits(8).map((number) => `020 7${number.slice(0, 3)} ${number.slice(3, 7)}`),
  )
  .filter((number) => !/\(\d11\)/.test(number));

const ssn = fc
  .tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 10, max: 99 }), fc.integer({ min: 1000, max: 9999 }))
  .map((parts) => parts.join('-'));

const key = fc.oneof(
  pick(base62, 36).map((body) => `ghp_${body}`),
  pick(base62, 40).map((body) => `sk-ant-api03-${body}`),
  pick('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 15).map((body) => `AKIA7${body}`),
  pick(base62, 10).map((body) => `password=${body}7x`),
  fc
    .tuple(pick(base62, 20), pick(base62, 30), pick(base62, 30))
    .map(([header, payload, signature]) => `eyJ${header}.eyJ${payload}.${signature}`),
);

const ip = fc
  .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((octets) => octets.join('.'));

const name = fc.constantFrom('Ada Lovelace', 'ada lovelace', 'ADA  LOVELACE', 'Renée Noël', 'Renee Noel', '田中太郎');

/** The terms that `name` draws from. */
export const listedNames = ['Ada Lovelace', 'Renée Noël', '田中太郎'];

/** What must not go out: the part of a value that is the secret. */
const secretPart = (value: string): string => value.replace(/^password=/, '');

export interface MadeValue {
  readonly text: string;
  readonly secret: string;
}

export const madeValue: fc.Arbitrary<MadeValue> = fc
  .oneof(email, card, iban, phone, ssn, key, ip, name)
  .map((text) => ({ text, secret: secretPart(text) }));

/** Words, signs and look-alikes of placeholders that go around values. */
export const noise: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'the invoice',
    'of Monday',
    '你好',
    '😀',
    'naïve',
    '[EMAIL_1]',
    'EMAIL_2',
    '[email_3]',
    '[CARD_1_2]',
    'NAME_1',
    '[',
    ']',
    '[[',
    '\\[',
    '\\_',
    '"',
    '"[',
    "'",
    '{"a": [1, 2]}',
    '```js\nconst x = 1;\n```',
    'v1.2.3',
    '42',
    '3.14',
    '%',
    '%5B',
    '&amp;',
    '\n',
    '\t',
    '- ',
    '**bold**',
    'https://example.org/path?q=1',
    'e83c5163316f89bfbde7d9ab23ca2e25604af290',
    '123e4567-e89b-12d3-a456-426614174000',
    '\\u00e9',
    'C:\\new\\table',
  ),
  fc.string({ maxLength: 12, unit: fc.constantFrom(...'abcXYZ ,.;:!?()[]{}"\\/_-\n') }),
);

/** Texts in which values stand apart from what is around them, with the values that are in them. */
export const textWithValues = fc
  .array(
    fc.tuple(
      noise,
      fc.constantFrom(' ', '\n', ', ', ' ("', '; <'),
      madeValue,
      fc.constantFrom(' ', '\n', '. ', '") ', '>; '),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((pieces) => ({
    text: pieces.map(([before, open, { text }, close]) => `${before}${open}${text}${close}`).join(''),
    secrets: pieces.map(([, , { secret }]) => secret),
  }));

/** A text cut anywhere. */
export const cut = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set(cuts.map((at) => at % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
};
