// The parts that said sums are made of: numbers, amounts of money, fractions, percentages and the words for operators.
// It does not put them together.

import type { Rng } from '../rng.js';
import { drawNumber, numberWords, sayNumber } from './number-words.js';
import type { Filler } from './template.js';

/** A said sum, its expression over + - * / ^ % ( ) sqrt(), and what that comes to. */
export interface Expression extends Filler {
  readonly value: number;
}

/** How each operator is said. */
export const OPERATORS = {
  '+': ['plus', 'plus', '+', '+', 'and', 'added to'],
  '-': ['minus', 'minus', '-', '-', 'take away', 'less'],
  '*': ['times', 'times', 'x', '*', 'multiplied by', 'by', 'x'],
  '/': ['divided by', 'divided by', '/', 'over', '÷'],
} as const;
export type Operator = keyof typeof OPERATORS;

const FRACTION_NAMES: Readonly<Record<number, string>> = {
  2: 'half',
  3: 'third',
  4: 'quarter',
  5: 'fifth',
  6: 'sixth',
  7: 'seventh',
  8: 'eighth',
  9: 'ninth',
  10: 'tenth',
  16: 'sixteenth',
};

/** `left operator right`. */
export function compute(left: number, operator: Operator, right: number): number {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : left / right;
}

/** A whole number, a decimal or (rarely) an amount of money; canonical always plain digits. */
export function operand(rng: Rng, options: { most?: number; money?: boolean } = {}): Expression {
  const roll = rng.next();
  if (roll < 0.07 && options.most === undefined) {
    const text = `${rng.between(0, 200)}.${rng.between(1, 99)}`;
    const value = Number(text);
    const said = rng.chance(0.2) ? text.replace('.', ' point ') : text;
    return { surface: said, canonical: text, value };
  }
  const n = options.most === undefined ? drawNumber(rng) : rng.between(2, options.most);
  const said = sayNumber(n, rng);
  if (options.money === true && rng.chance(0.35)) {
    const digits = /^\d/.test(said.surface);
    const surface =
      digits && rng.chance(0.6)
        ? `$${said.surface}`
        : `${said.surface} ${rng.pick(['dollars', 'dollars', 'bucks', 'euros'])}`;
    return { surface, canonical: said.canonical, value: n };
  }
  return { ...said, value: n };
}

/** "3/4", "two thirds", "a half". */
export function fraction(rng: Rng): Expression {
  const below = Number(rng.pick(Object.keys(FRACTION_NAMES)));
  const above = rng.between(1, below - 1);
  const name = FRACTION_NAMES[below]!;
  const many = below === 2 ? 'halves' : `${name}s`;
  const forms = [`${above}/${below}`, `${above}/${below}`];
  forms.push(
    above === 1
      ? rng.pick([`one ${name}`, `a ${name}`, `1 ${name}`])
      : rng.pick([`${numberWords(above)} ${many}`, `${above} ${many}`]),
  );
  return { surface: rng.pick(forms), canonical: `${above}/${below}`, value: above / below };
}

/** "15%", "fifteen percent"; its value is the share, 0.15. */
export function percent(rng: Rng): Expression {
  const n = rng.chance(0.6) ? rng.between(1, 20) * 5 : rng.between(1, rng.chance(0.9) ? 99 : 200);
  const said = sayNumber(n, rng).surface;
  const surface = /^\d/.test(said)
    ? rng.pick([`${said}%`, `${said}%`, `${said} percent`, `${said} per cent`])
    : `${said} percent`;
  return { surface, canonical: `${n}%`, value: n / 100 };
}
