// Sums as people say them with the expression a calculator reads: "30% off 279" is "279 - 30% * 279".
// Each draw also carries its value, worked out from the operands and not from the text, for checking. Not a calculator.

import type { Rng } from '../rng.js';
import { ordinalDigits, ordinalWords, sayNumber } from './number-words.js';
import { compute, type Expression, fraction, OPERATORS, type Operator, operand, percent } from './slot-operand.js';

// "7 x 7", "20+5", "560 divided by three".
function infix(rng: Rng): Expression {
  const operator = rng.pickWeighted(['+', '-', '*', '/'] as const, (o) => ({ '+': 3, '-': 2, '*': 4, '/': 2.5 })[o]);
  const [left, right] = [operand(rng), operand(rng)];
  const word = rng.pick(OPERATORS[operator]);
  const symbol = word === 'x' || !/[a-z]/.test(word);
  const digits = /^\d[\d.,]*$/.test(left.surface) && /^\d/.test(right.surface);
  const spaced = !symbol || !digits || rng.chance(word === 'x' ? 0.85 : 0.7);
  return {
    surface: spaced ? `${left.surface} ${word} ${right.surface}` : `${left.surface}${word}${right.surface}`,
    canonical: `${left.canonical} ${operator} ${right.canonical}`,
    value: compute(left.value, operator, right.value),
  };
}

// Three to five operands in a row, with the usual precedence, now and then with "all times n" around them.
function chain(rng: Rng): Expression {
  const additive = rng.chance(0.7);
  const operators: readonly Operator[] = additive ? ['+', '-', '+'] : ['*'];
  const first = operand(rng);
  let { surface, canonical, value } = first;
  const oneWord = rng.pick(OPERATORS[operators[0]!]);
  for (let i = rng.pickWeighted([1, 2, 3], (n) => 1 / n); i >= 0; i--) {
    const operator = rng.pick(operators);
    const right = operand(rng);
    const word = operator === operators[0] ? oneWord : rng.pick(OPERATORS[operator]);
    surface += ` ${word} ${right.surface}`;
    canonical += ` ${operator} ${right.canonical}`;
    value = compute(value, operator, right.value);
  }
  return { surface, canonical, value };
}

// "78 times 81 minus 5", "(3 + 4) times 5", "2 plus 3 all times 4".
function mixed(rng: Rng): Expression {
  const [a, b, c] = [operand(rng), operand(rng), operand(rng, { most: 50 })];
  const low = rng.pick(['+', '-'] as const);
  const [lowWord, highWord] = [rng.pick(OPERATORS[low].slice(0, 3)), rng.pick(OPERATORS['*'].slice(0, 4))];
  const sum = compute(a.value, low, b.value);
  const roll = rng.next();
  if (roll < 0.6) {
    return {
      surface: `${a.surface} ${highWord} ${b.surface} ${lowWord} ${c.surface}`,
      canonical: `${a.canonical} * ${b.canonical} ${low} ${c.canonical}`,
      value: compute(a.value * b.value, low, c.value),
    };
  }
  const inner = `${a.surface} ${lowWord} ${b.surface}`;
  const surface = roll < 0.8 ? `(${inner}) ${highWord} ${c.surface}` : `${inner} all ${highWord} ${c.surface}`;
  return { surface, canonical: `(${a.canonical} ${low} ${b.canonical}) * ${c.canonical}`, value: sum * c.value };
}

function percentOf(rng: Rng): Expression {
  const [share, whole] = [percent(rng), operand(rng, { money: true })];
  const roll = rng.next();
  if (roll < 0.62) {
    const surface = `${share.surface} of ${whole.surface}`;
    return { surface, canonical: `${share.canonical} * ${whole.canonical}`, value: share.value * whole.value };
  }
  if (roll < 0.82) {
    const surface = rng.pick([
      `${share.surface} off ${whole.surface}`,
      `${share.surface} off of ${whole.surface}`,
      `${whole.surface} minus ${share.surface}`,
      `${whole.surface} with ${share.surface} off`,
      `${whole.surface} less ${share.surface}`,
    ]);
    return {
      surface,
      canonical: `${whole.canonical} - ${share.canonical} * ${whole.canonical}`,
      value: whole.value - share.value * whole.value,
    };
  }
  if (roll < 0.88) {
    const surface = rng.pick([
      `${whole.surface} plus ${share.surface}`,
      `${whole.surface} plus ${share.surface} tax`,
      `${whole.surface} with ${share.surface} tax`,
    ]);
    return {
      surface,
      canonical: `${whole.canonical} + ${share.canonical} * ${whole.canonical}`,
      value: whole.value + share.value * whole.value,
    };
  }
  const article = rng.pick(['a ', '']);
  const surface = rng.pick([
    `${article}${share.surface} tip on ${whole.surface}`,
    `${article}${share.surface} tip for ${whole.surface}`,
    `${article}${share.surface} tip on a ${whole.surface} bill`,
  ]);
  return { surface, canonical: `${share.canonical} * ${whole.canonical}`, value: share.value * whole.value };
}

function fractionOf(rng: Rng): Expression {
  const part = fraction(rng);
  if (rng.chance(0.45)) {
    const other = fraction(rng);
    const operator = rng.pick(['+', '-', '*', '*', '/'] as const);
    const word = operator === '*' && rng.chance(0.25) ? 'of' : rng.pick(OPERATORS[operator]);
    const value = compute(part.value, operator, other.value);
    // A fraction after "/" needs its own brackets to stay one number.
    const right = operator === '/' ? `(${other.canonical})` : other.canonical;
    return {
      surface: `${part.surface} ${word} ${other.surface}`,
      canonical: `${part.canonical} ${operator} ${right}`,
      value,
    };
  }
  const whole = operand(rng, { money: true });
  return {
    surface: `${part.surface} of ${whole.surface}`,
    canonical: `${part.canonical} * ${whole.canonical}`,
    value: part.value * whole.value,
  };
}

function rootOrPower(rng: Rng): Expression {
  const base = operand(rng);
  const roll = rng.next();
  if (roll < 0.5) {
    const surface = rng.pick([
      `the square root of ${base.surface}`,
      `square root of ${base.surface}`,
      `root ${base.surface}`,
      `sqrt ${base.surface}`,
      `sqrt(${base.canonical})`,
      `the sq root of ${base.surface}`,
    ]);
    return { surface, canonical: `sqrt(${base.canonical})`, value: Math.sqrt(base.value) };
  }
  const low = operand(rng, { most: 40 });
  if (roll < 0.75) {
    const power = rng.chance(0.7) ? 2 : 3;
    const surface = rng.pick(
      power === 2
        ? [`${low.surface} squared`, `the square of ${low.surface}`]
        : [`${low.surface} cubed`, `the cube of ${low.surface}`],
    );
    return { surface, canonical: `${low.canonical} ^ ${power}`, value: low.value ** power };
  }
  const power = rng.between(2, 12);
  const nth = rng.pick([ordinalDigits(power), ordinalWords(power)]);
  const surface = rng.pick([
    `${low.surface} to the ${nth} power`,
    `${low.surface} to the ${nth}`,
    `${low.surface} to the power of ${sayNumber(power, rng).surface}`,
    `${low.surface} ^ ${power}`,
    `${low.surface}^${power}`,
  ]);
  return { surface, canonical: `${low.canonical} ^ ${power}`, value: low.value ** power };
}

// "the sum of 3 and 5", "half of 80", "the average of 2, 5 and 9".
function named(rng: Rng): Expression {
  const [a, b, c] = [operand(rng), operand(rng), operand(rng)];
  const times = (n: number, words: string[]): Expression => ({
    surface: `${rng.pick(words)} ${a.surface}`,
    canonical: `${n} * ${a.canonical}`,
    value: n * a.value,
  });
  const two = (operator: Operator, words: string[], link = 'and'): Expression => ({
    surface: `the ${rng.pick(words)} ${a.surface} ${link} ${b.surface}`,
    canonical: `${a.canonical} ${operator} ${b.canonical}`,
    value: compute(a.value, operator, b.value),
  });
  const roll = rng.int(8);
  if (roll === 0) return two('+', ['sum of', 'total of'], rng.pick(['and', 'plus', '+']));
  if (roll === 1) return two('*', ['product of']);
  if (roll === 2) return two('-', ['difference between', 'difference of']);
  if (roll === 3) return two('/', ['quotient of']);
  if (roll === 4) return times(2, ['double', 'twice', 'two times']);
  if (roll === 5)
    return {
      surface: rng.pick([`half of ${a.surface}`, `one half of ${a.surface}`]),
      canonical: `1/2 * ${a.canonical}`,
      value: a.value / 2,
    };
  if (roll === 6) return times(3, ['triple', 'three times']);
  return {
    surface: rng.pick([
      `the average of ${a.surface}, ${b.surface} and ${c.surface}`,
      `the mean of ${a.surface}, ${b.surface} and ${c.surface}`,
    ]),
    canonical: `(${a.canonical} + ${b.canonical} + ${c.canonical}) / 3`,
    value: (a.value + b.value + c.value) / 3,
  };
}

/** A sum as a noun: what "what is" and "calculate" may stand before. */
export function drawExpression(rng: Rng): Expression {
  const kind = rng.pickWeighted(
    [infix, percentOf, rootOrPower, chain, fractionOf, mixed, named],
    (draw) =>
      new Map([
        [infix, 9],
        [percentOf, 4],
        [rootOrPower, 3],
        [chain, 1.6],
        [fractionOf, 1.6],
        [mixed, 1.2],
        [named, 1.5],
      ]).get(draw)!,
  );
  return kind(rng);
}

/** Operators between numbers only: what "does ... equal" may stand around. */
export function drawInfix(rng: Rng): Expression {
  const roll = rng.next();
  return roll < 0.7 ? infix(rng) : roll < 0.85 ? chain(rng) : mixed(rng);
}
