/**
 * Parses the regular part of JavaScript's regular expressions: classes, groups, alternatives, repetition, anchors.
 *
 * What is not regular or needs context (back references, lookaround, word boundaries) is refused by name. Matching is by
 * code point, as with the `u` flag. Knows nothing of automata or grammars.
 */
import { type CodePointRange, complementRanges, normalizeRanges } from './code-points.js';

export type Pattern =
  | { readonly type: 'class'; readonly ranges: readonly CodePointRange[] }
  | { readonly type: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly type: 'choice'; readonly options: readonly Pattern[] }
  | { readonly type: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number }
  | { readonly type: 'start' | 'end' };

/** Why a pattern cannot be used; the message ends a sentence that begins with the pattern. */
export class PatternError extends Error {}

const digits: readonly CodePointRange[] = [[0x30, 0x39]];
const word = normalizeRanges([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
const spaces = normalizeRanges(
  [0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]
    .map((point): CodePointRange => [point, point])
    .concat([
      [0x09, 0x0d],
      [0x2000, 0x200a],
    ]),
);
const notLineEnd = complementRanges(
  normalizeRanges([
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ]),
);

const classEscapes: Readonly<Record<string, readonly CodePointRange[]>> = {
  d: digits,
  D: complementRanges(digits),
  w: word,
  W: complementRanges(word),
  s: spaces,
  S: complementRanges(spaces),
};
const controlEscapes: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const maxNesting = 100;
const propertyRanges = new Map<string, readonly CodePointRange[]>();

const rangesOfProperty = (source: string): readonly CodePointRange[] => {
  const known = propertyRanges.get(source);
  if (known !== undefined) return known;
  const runs = new RegExp(`(?:${source})+`, 'gu');
  const ranges: CodePointRange[] = [];
  for (let from = 0; from <= 0x10ffff; from += propertyChunk) {
    const points = Array.from({ length: propertyChunk }, (_, index) => from + index);
    for (const run of String.fromCodePoint(...points.filter(isScalar)).matchAll(runs)) {
      const first = run[0].codePointAt(0) ?? 0;
      ranges.push([first, first + [...run[0]].length - 1]);
    }
  }
  const joined = normalizeRanges(ranges);
  propertyRanges.set(source, joined);
  return joined;
};

const propertyChunk = 0x800;
const isScalar = (point: number): boolean => point < 0xd800 || point > 0xdfff;

/** The syntax tree of a pattern; throws PatternError. */
export const parsePattern = (source: string): Pattern => {
  try {
    new RegExp(source, 'u');
  } catch {
    try {
      new RegExp(source);
    } catch (error) {
      throw new PatternError(`is no regular expression (${(error as Error).message})`);
    }
  }
  let at = 0;
  let nesting = 0;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) at += found[0].length;
    return found;
  };
  const single = (point: number): CodePointRange[] => normalizeRanges([[point, point]]);
  const point = (): number => {
    const value = source.codePointAt(at) ?? 0;
    at += value > 0xffff ? 2 : 1;
    return value;
  };

  /** After the backslash; `inClass` changes what \b means. */
  const escapeSequence = (inClass: boolean): readonly CodePointRange[] => {
    const property = take(/[pP]\{[^}]*\}/y);
    if (property !== null) return rangesOfProperty(`\\${property[0]}`);
    const pair = take(/u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/y);
    if (pair !== null)
      return single(String.fromCharCode(Number.parseInt(pair[1]!, 16), Number.parseInt(pair[2]!, 16)).codePointAt(0)!);
    const hex = take(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}/y);
    if (hex !== null) return single(Number.parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16));
    const control = take(/c([a-zA-Z])/y);
    if (control !== null) return single(control[1]!.charCodeAt(0) % 32);
    const letter = source[at] ?? '';
    if (inClass && letter === 'b') {
      at++;
      return single(8);
    }
    if (letter === 'b' || letter === 'B') throw new PatternError('uses a word boundary, which no grammar can hold');
    if (/[1-9k]/.test(letter)) throw new PatternError('uses a back reference, which no grammar can hold');
    const ranges = classEscapes[letter];
    if (ranges !== undefined) {
      at++;
      return ranges;
    }
    const value = controlEscapes[letter];
    if (value !== undefined) {
      at++;
      return single(value);
    }
    return single(point());
  };

  const charClass = (): Pattern => {
    const negated = take(/\^/y) !== null;
    const ranges: CodePointRange[] = [];
    const member = (): readonly CodePointRange[] => (take(/\\/y) === null ? single(point()) : escapeSequence(true));
    while (source[at] !== ']') {
      const from = member();
      if (source[at] === '-' && source[at + 1] !== ']') {
        const dash = at++;
        const to = member();
        if (isPoint(from) && isPoint(to)) {
          ranges.push([from[0]![0], to[0]![0]]);
          continue;
        }
        at = dash + 1;
        ranges.push(...from, [0x2d, 0x2d]);
        continue;
      }
      ranges.push(...from);
    }
    at++;
    const normalized = normalizeRanges(ranges);
    return { type: 'class', ranges: negated ? complementRanges(normalized) : normalized };
  };

  const group = (): Pattern => {
    if (take(/\?(?:<?[=!])/y) !== null) throw new PatternError('uses lookaround, which is not supported');
    if (take(/\?(?::|<[^>]*>)/y) === null && source[at] === '?')
      throw new PatternError('uses a group with flags, which is not supported');
    if (++nesting > maxNesting) throw new PatternError(`nests more than ${maxNesting} groups`);
    const inner = choice();
    nesting--;
    at++;
    return inner;
  };

  const atom = (): Pattern => {
    const character = source[at];
    if (character === '\\') {
      at++;
      return { type: 'class', ranges: escapeSequence(false) };
    }
    if (character === '[' || character === '(' || character === '.' || character === '^' || character === '$') {
      at++;
      if (character === '[') return charClass();
      if (character === '(') return group();
      if (character === '.') return { type: 'class', ranges: notLineEnd };
      return { type: character === '^' ? 'start' : 'end' };
    }
    return { type: 'class', ranges: single(point()) };
  };

  const quantified = (): Pattern => {
    const part = atom();
    const quantifier = take(/(?:([*+?])|\{([0-9]+)(?:(,)([0-9]*))?\})\??/y);
    if (quantifier === null) return part;
    const [, sign, from, comma, to] = quantifier;
    const min = sign === undefined ? Number(from) : sign === '+' ? 1 : 0;
    const open = sign === '*' || sign === '+' || (comma !== undefined && to === '');
    const max = open ? Number.POSITIVE_INFINITY : sign === '?' ? 1 : comma === undefined ? min : Number(to);
    return { type: 'repeat', part, min, max };
  };

  const choice = (): Pattern => {
    const options: Pattern[] = [];
    let parts: Pattern[] = [];
    const close = (): Pattern => (parts.length === 1 ? parts[0]! : { type: 'sequence', parts });
    while (at < source.length && source[at] !== ')') {
      if (source[at] === '|') {
        at++;
        options.push(close());
        parts = [];
      } else parts.push(quantified());
    }
    options.push(close());
    return options.length === 1 ? options[0]! : { type: 'choice', options };
  };

  return choice();
};

const isPoint = (ranges: readonly CodePointRange[]): boolean => ranges.length === 1 && ranges[0]![0] === ranges[0]![1];
