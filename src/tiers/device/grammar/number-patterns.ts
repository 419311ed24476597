/**
 * Numbers within bounds, and multiples of a number, as automata over their decimal text.
 *
 * Texts are plain decimal notation without exponent: `-12.5`. Knows nothing of schemas or grammars.
 */
import { type Automaton, type Edge, intersect } from './automaton.js';
import { automatonOfPattern } from './pattern-automaton.js';
import { PatternError, parsePattern } from './pattern-syntax.js';

export interface NumberBounds {
  readonly integer: boolean;
  readonly minimum?: Bound;
  readonly maximum?: Bound;
  readonly multiplesOf: readonly number[];
}

export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

const maxIntegerDigits = 21;
const maxFractionDigits = 16;
const maxMultipleOf = 500;

/** All numbers within the bounds; throws PatternError where that takes too many states. */
export const automatonOfNumbers = (bounds: NumberBounds): Automaton => {
  const largest = Math.max(0, ...bounds.multiplesOf.map((multiple) => decimalOf(multiple).numerator));
  const bounded = bounds.minimum !== undefined && bounds.maximum !== undefined;
  const integerDigits =
    largest === 0 || bounded ? maxIntegerDigits : Math.max(6, Math.min(maxIntegerDigits, Math.floor(300 / largest)));
  const fraction = bounds.integer ? '' : `(\\.\\d{1,${maxFractionDigits}})?`;
  const parts = [`-?(0|[1-9]\\d{0,${integerDigits - 1}})${fraction}`];
  if (bounds.minimum !== undefined) parts.push(atLeast(bounds.minimum));
  if (bounds.maximum !== undefined) parts.push(atMost(bounds.maximum));
  const ranges = parts.map((part) => automatonOfPattern(parsePattern(part), { anchored: true }));
  return [...ranges, ...bounds.multiplesOf.map(automatonOfMultiples)].reduce(intersect);
};

interface Decimal {
  readonly negative: boolean;
  readonly integer: string;
  /** Without trailing zeros. */
  readonly fraction: string;
  /** All digits as one number. */
  readonly numerator: number;
}

/** The exact decimal text that a number prints as. */
const decimalOf = (value: number): Decimal => {
  const [mantissa, exponentText = '0'] = Math.abs(value).toString().split('e');
  const [whole, decimals = ''] = mantissa!.split('.');
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > 40) throw new PatternError(`has the bound ${value}, beyond 40 digits`);
  const digits = whole! + decimals;
  const point = whole!.length + exponent;
  const padded = point <= 0 ? digits.padStart(digits.length - point + 1, '0') : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const fraction = padded.slice(at).replace(/0+$/, '');
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  return { negative: value < 0, integer, fraction, numerator: Number(integer + fraction) };
};

const anyMagnitude = `\\d+(\\.\\d+)?`;
const anyPositive = `(0*[1-9]\\d*(\\.\\d+)?|\\d+\\.0*[1-9]\\d*)`;

const atLeast = ({ value, exclusive }: Bound): string => {
  if (value < 0) return `(${anyMagnitude}|-(${magnitudeAtMost(decimalOf(value), exclusive)}))`;
  return value === 0 && exclusive ? anyPositive : magnitudeAtLeast(decimalOf(value), exclusive);
};

const atMost = ({ value, exclusive }: Bound): string => {
  if (value < 0) return `-(${magnitudeAtLeast(decimalOf(value), exclusive)})`;
  if (value === 0) return exclusive ? `-${anyPositive}` : `(-${anyMagnitude}|0(\\.0+)?)`;
  return `(-${anyMagnitude}|${magnitudeAtMost(decimalOf(value), exclusive)})`;
};

const digit = (from: number, to: number): string | null =>
  from > to ? null : from === to ? `${from}` : `[${from}-${to}]`;
const choice = (options: readonly (string | null)[]): string =>
  `(${options.filter((option) => option !== null).join('|')})`;

const magnitudeAtLeast = ({ integer, fraction }: Decimal, exclusive: boolean): string =>
  choice([
    `${integerAbove(integer)}(\\.\\d+)?`,
    `${integer}${fraction === '' && !exclusive ? '(\\.\\d+)?' : `\\.${fractionAtLeast(fraction, exclusive)}`}`,
  ]);

const magnitudeAtMost = ({ integer, fraction }: Decimal, exclusive: boolean): string =>
  choice([
    integer === '0' ? null : `${integerBelow(integer)}(\\.\\d+)?`,
    fraction === ''
      ? exclusive
        ? null
        : `${integer}(\\.0+)?`
      : `${integer}(\\.${fractionAtMost(fraction, exclusive)})?`,
  ]);

/** Integer texts without leading zeros above this one. */
const integerAbove = (integer: string): string => {
  const options: (string | null)[] = [`[1-9]\\d{${integer.length},}`];
  for (let index = 0; index < integer.length; index++) {
    const above = digit(Number(integer[index]) + 1, 9);
    if (above !== null) options.push(`${integer.slice(0, index)}${above}\\d{${integer.length - index - 1}}`);
  }
  return choice(options);
};

/** Integer texts without leading zeros below this one, which is not 0. */
const integerBelow = (integer: string): string => {
  const options: (string | null)[] = [];
  if (integer.length > 1) options.push(`[1-9]\\d{0,${integer.length - 2}}`, '0');
  for (let index = 0; index < integer.length; index++) {
    const lowest = index === 0 && integer.length > 1 ? 1 : 0;
    const below = digit(lowest, Number(integer[index]) - 1);
    if (below !== null) options.push(`${integer.slice(0, index)}${below}\\d{${integer.length - index - 1}}`);
  }
  return choice(options);
};

const fractionAtLeast = (fraction: string, exclusive: boolean): string => {
  if (fraction === '') return exclusive ? '0*[1-9]\\d*' : '\\d*';
  const first = Number(fraction[0]);
  const above = digit(first + 1, 9);
  return choice([above === null ? null : `${above}\\d*`, `${first}${fractionAtLeast(fraction.slice(1), exclusive)}`]);
};

/** `fraction` is not empty and ends in no zero. */
const fractionAtMost = (fraction: string, exclusive: boolean): string => {
  const first = Number(fraction[0]);
  const below = digit(0, first - 1);
  const rest = fraction.slice(1);
  const same = rest !== '' ? `${first}${fractionAtMost(rest, exclusive)}?` : exclusive ? null : `${first}0*`;
  return choice([below === null ? null : `${below}\\d*`, same]);
};

const zero = 0x30;

/** Texts whose value divides by `multiple` without rest; leading zeros are not looked at. */
const automatonOfMultiples = (multiple: number): Automaton => {
  const { numerator, fraction } = decimalOf(multiple);
  if (!(multiple > 0) || numerator > maxMultipleOf || fraction.length > 6)
    throw new PatternError(`has multipleOf ${multiple}; supported are positive ones of up to ${maxMultipleOf} steps`);
  const places = fraction.length;
  // A state is the number of decimals read (-1: before the point) and the rest of the division so far.
  const edges: Edge[][] = [[]];
  const accepting = [false];
  const stateOf = (decimals: number, rest: number): number => 2 + (decimals + 1) * numerator + rest;
  const read = (decimals: number, rest: number): Edge[] =>
    Array.from({ length: 10 }, (_, value): Edge => {
      return [zero + value, zero + value, stateOf(decimals, (rest * 10 + value) % numerator)];
    });
  edges[0] = [[0x2d, 0x2d, 1], ...read(-1, 0)];
  edges[1] = read(-1, 0);
  accepting[1] = false;
  for (let decimals = -1; decimals <= places; decimals++)
    for (let rest = 0; rest < numerator; rest++) {
      const missing = places - Math.max(decimals, 0);
      accepting.push((rest * 10 ** missing) % numerator === 0 && decimals !== 0);
      const point: Edge[] = decimals === -1 && places > 0 ? [[0x2e, 0x2e, stateOf(0, rest)]] : [];
      const digits = decimals === -1 ? read(-1, rest) : decimals < places ? read(decimals + 1, rest) : [];
      edges.push([...point, ...digits]);
    }
  return { edges, accepting };
};
