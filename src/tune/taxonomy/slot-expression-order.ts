// Sums as orders, "subtract 100 from 12", and pairs of numbers for sentences that word a sum in their own way.
// Not a calculator: it gives the expression that one would read.

import type { Rng } from '../rng.js';
import { numberWords } from './number-words.js';
import { compute, type Expression, type Operator, operand, percent } from './slot-operand.js';
import type { Filler } from './template.js';

/** A sum as an order: "add 5 and 6", "subtract 100 from 12", "divide ten by two". */
export function drawExpressionOrder(rng: Rng): Expression {
  const [a, b] = [operand(rng), operand(rng)];
  const [x, y] = [a.surface, b.surface];
  const binary = (surfaces: string[], operator: Operator, left = a, right = b): Expression => ({
    surface: rng.pick(surfaces),
    canonical: `${left.canonical} ${operator} ${right.canonical}`,
    value: compute(left.value, operator, right.value),
  });
  switch (rng.int(6)) {
    case 0:
      return binary(
        [
          `add ${x} and ${y}`,
          `add ${x} to ${y}`,
          `sum ${x} and ${y}`,
          `add up ${x} and ${y}`,
          `add ${x} + ${y}`,
          `add ${x} plus ${y}`,
        ],
        '+',
      );
    case 1:
      return binary(
        [`subtract ${x} from ${y}`, `take ${x} away from ${y}`, `take ${x} from ${y}`, `deduct ${x} from ${y}`],
        '-',
        b,
        a,
      );
    case 2:
      return binary(
        [`multiply ${x} by ${y}`, `multiply ${x} and ${y}`, `multiply ${x} times ${y}`, `times ${x} by ${y}`],
        '*',
      );
    case 3:
      return binary(
        [`divide ${x} by ${y}`, `divide ${x} into ${y} parts`, `split ${x} by ${y}`, `split ${x} ${y} ways`],
        '/',
      );
    case 4: {
      const c = operand(rng);
      const surface = rng.pick([`add ${x}, ${y} and ${c.surface}`, `add together ${x}, ${y} and ${c.surface}`]);
      return {
        surface,
        canonical: `${a.canonical} + ${b.canonical} + ${c.canonical}`,
        value: a.value + b.value + c.value,
      };
    }
    default: {
      const share = percent(rng);
      const surface = rng.pick([
        `take ${share.surface} off ${x}`,
        `take ${share.surface} off of ${x}`,
        `subtract ${share.surface} from ${x}`,
      ]);
      return {
        surface,
        canonical: `${a.canonical} - ${share.canonical} * ${a.canonical}`,
        value: a.value - share.value * a.value,
      };
    }
  }
}

const said = (text: string): Filler => ({ surface: text, canonical: text });
/** An argument that the sentence says in its own words: nothing of its own goes into the text. */
const unsaid = (canonical: string): Filler => ({ surface: '', canonical });

/** Two numbers, and a third one of at most 12 (`few`), for sentences of their own: "how many times does 8 go into 2000" with the unsaid `quotient` "2000 / 8". */
export function drawNumberPair(rng: Rng): Readonly<Record<(typeof PAIR_FIELDS)[number], Filler>> {
  const [a, b, few] = [operand(rng), operand(rng), operand(rng, { most: 12 })];
  return {
    first: a,
    second: b,
    few,
    sum: unsaid(`${a.canonical} + ${b.canonical}`),
    difference: unsaid(`${a.canonical} - ${b.canonical}`),
    product: unsaid(`${a.canonical} * ${b.canonical}`),
    quotient: unsaid(`${b.canonical} / ${a.canonical}`),
    percent: unsaid(`${a.canonical} / ${b.canonical} * 100`),
    per_few: unsaid(`${b.canonical} / ${few.canonical}`),
    times_few: unsaid(`${few.canonical} * ${b.canonical}`),
  };
}
export const PAIR_FIELDS = [
  'first',
  'second',
  'few',
  'sum',
  'difference',
  'product',
  'quotient',
  'percent',
  'per_few',
  'times_few',
] as const;

/** A percentage and an amount for sentences of their own; `of` is the part of it, `off` what is left. */
export function drawShare(rng: Rng): Readonly<Record<(typeof SHARE_FIELDS)[number], Filler>> {
  const n = rng.pick([10, 12, 15, 15, 18, 20, 20, 22, 25, 30, 35, 40, 50, 60, 75, 5, 8]);
  const share = rng.chance(0.6)
    ? { surface: rng.pick([`${n}%`, `${n} percent`, `${numberWords(n)} percent`]), canonical: `${n}%` }
    : percent(rng);
  const whole = operand(rng, { money: true });
  return {
    percent: said(share.surface),
    whole: said(whole.surface),
    of: unsaid(`${share.canonical} * ${whole.canonical}`),
    off: unsaid(`${whole.canonical} - ${share.canonical} * ${whole.canonical}`),
  };
}
export const SHARE_FIELDS = ['percent', 'whole', 'of', 'off'] as const;
