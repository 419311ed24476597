/**
 * Parses GBNF text into rules of alternatives, expanding repetition into rules as llama.cpp does.
 *
 * For the tests (see gbnf-matcher.test-support.ts). Throws a plain Error with the place where the text stops being a grammar.
 */
import { type CodePointRange, complementRanges, normalizeRanges } from './code-points.js';

export type Element =
  | { readonly type: 'class'; readonly ranges: readonly CodePointRange[] }
  | { readonly type: 'rule'; readonly rule: number };
export type Alternative = readonly Element[];

export interface ParsedGrammar {
  /** Alternatives of each rule, by number. */
  readonly rules: readonly (readonly Alternative[])[];
  readonly root: number;
  /** Fewest characters that each rule can yield. */
  readonly costs: readonly number[];
}

const maxRepeat = 2000;

export const parseGbnf = (source: string): ParsedGrammar => {
  const rules: (Alternative[] | undefined)[] = [];
  const numbers = new Map<string, number>();
  let at = 0;

  const fail = (message: string): never => {
    throw new Error(`GBNF: ${message} at ${JSON.stringify(source.slice(at, at + 40))}`);
  };
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, rules.push(undefined) - 1);
    return rules.length - 1;
  };
  const fresh = (alternatives: Alternative[]): number => rules.push(alternatives) - 1;
  const space = (newlines: boolean): void => {
    const pattern = newlines ? /(?:[ \t\r\n]|#[^\r\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y;
    pattern.lastIndex = at;
    at += pattern.exec(source)?.[0].length ?? 0;
  };
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const character = (): number => {
    const escaped = take(/\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[trn\\"[\]-])/y);
    if (escaped !== null) {
      if ('xuU'.includes(escaped[1]!)) return Number.parseInt(escaped.slice(2), 16);
      return ({ t: 9, r: 13, n: 10 } as Record<string, number>)[escaped[1]!] ?? escaped.charCodeAt(1);
    }
    if (source[at] === '\\') fail('unknown escape');
    const codePoint = source.codePointAt(at);
    if (codePoint === undefined) return fail('unexpected end');
    at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  };
  const charClass = (): Element => {
    const negated = source[at] === '^';
    if (negated) at++;
    const ranges: CodePointRange[] = [];
    while (source[at] !== ']') {
      const from = character();
      if (source[at] === '-' && source[at + 1] !== ']') {
        at++;
        ranges.push([from, character()]);
      } else ranges.push([from, from]);
    }
    at++;
    const normalized = normalizeRanges(ranges);
    return { type: 'class', ranges: negated ? complementRanges(normalized) : normalized };
  };

  const repeated = (unit: Alternative, counts: { min: number; max: number; unitRules: number }): Element[] => {
    const { min, max, unitRules } = counts;
    const total = max !== Number.POSITIVE_INFINITY && max > 0 ? max : Math.max(min, 1);
    if (unitRules * total >= maxRepeat)
      fail(`repetition of ${total} times ${unitRules} rules exceeds llama.cpp's limit`);
    const elements = Array.from({ length: min }, () => unit).flat();
    if (max === Number.POSITIVE_INFINITY) {
      const loop = fresh([]);
      rules[loop] = [[...unit, { type: 'rule', rule: loop }], []];
      elements.push({ type: 'rule', rule: loop });
    } else {
      let rest: number | null = null;
      for (let optional = min; optional < max; optional++)
        rest = fresh([rest === null ? unit : [...unit, { type: 'rule', rule: rest }], []]);
      if (rest !== null) elements.push({ type: 'rule', rule: rest });
    }
    return elements;
  };

  const sequence = (nested: boolean): Alternative => {
    const elements: Element[] = [];
    let unit: Alternative | null = null;
    let unitRules = 1;
    const add = (next: Alternative, rulesInUnit = 1): void => {
      if (unit !== null) elements.push(...unit);
      unit = next;
      unitRules = rulesInUnit;
    };
    for (;;) {
      const next = source[at];
      if (next === '"') {
        at++;
        const text: Element[] = [];
        while (source[at] !== '"') {
          const codePoint = character();
          text.push({ type: 'class', ranges: [[codePoint, codePoint]] });
        }
        at++;
        add(text);
      } else if (next === '[') {
        at++;
        add([charClass()]);
      } else if (next === '.') {
        at++;
        add([{ type: 'class', ranges: complementRanges([]) }]);
      } else if (next === '(') {
        at++;
        space(true);
        const before = rules.length;
        const rule = fresh([]);
        rules[rule] = alternatives(true);
        if (source[at] !== ')') fail('expecting )');
        at++;
        add([{ type: 'rule', rule }], rules.length - before);
      } else if (next !== undefined && '*+?{'.includes(next)) {
        if (unit === null) return fail('nothing to repeat');
        at++;
        let [min, max] = next === '*' ? [0, Infinity] : next === '+' ? [1, Infinity] : [0, 1];
        if (next === '{') {
          const counts = /^([0-9]+)(?:(,)([0-9]*))?\}$/.exec(take(/[0-9,]*\}/y) ?? '');
          if (counts === null) return fail('bad repetition');
          min = Number(counts[1]);
          max = counts[2] === undefined ? min : counts[3] === '' ? Infinity : Number(counts[3]);
          if (min > maxRepeat || (max !== Infinity && max > maxRepeat)) fail('repetition count too high');
        }
        elements.push(...repeated(unit, { min, max, unitRules }));
        unit = [];
      } else {
        const name = take(/[A-Za-z0-9-]+/y);
        if (name === null) break;
        add([{ type: 'rule', rule: numberOf(name) }]);
      }
      space(nested);
    }
    return unit === null ? elements : [...elements, ...(unit as Alternative)];
  };

  const alternatives = (nested: boolean): Alternative[] => {
    const result = [sequence(nested)];
    while (source[at] === '|') {
      at++;
      space(true);
      result.push(sequence(nested));
    }
    return result;
  };

  space(true);
  while (at < source.length) {
    const name = take(/[A-Za-z0-9-]+/y) ?? fail('expecting a rule name');
    const number = numberOf(name);
    space(false);
    if (take(/::=/y) === null) fail('expecting ::=');
    space(true);
    rules[number] = alternatives(false);
    if (at < source.length && take(/\r?\n/y) === null) fail('expecting a new line');
    space(true);
  }
  const root = numbers.get('root');
  if (root === undefined) throw new Error('GBNF: no root rule');
  for (const [name, number] of numbers)
    if (rules[number] === undefined) throw new Error(`GBNF: undefined rule ${name}`);
  const complete = rules as Alternative[][];
  refuseLeftRecursion(complete, numbers);
  return { rules: complete, root, costs: shortestYields(complete) };
};

/** llama.cpp's own check sees emptiness one level deep only; this one is exact. */
const refuseLeftRecursion = (
  rules: readonly (readonly Alternative[])[],
  numbers: ReadonlyMap<string, number>,
): void => {
  const empty = shortestYields(rules).map((cost) => cost === 0);
  const state = new Uint8Array(rules.length);
  const visit = (rule: number): void => {
    state[rule] = 1;
    for (const alternative of rules[rule]!)
      for (const element of alternative) {
        if (element.type === 'class') break;
        if (state[element.rule] === 1) {
          const name = [...numbers].find(([, number]) => number === element.rule)?.[0] ?? `#${element.rule}`;
          throw new Error(`GBNF: left recursion in rule ${name}`);
        }
        if (state[element.rule] === 0) visit(element.rule);
        if (!empty[element.rule]) break;
      }
    state[rule] = 2;
  };
  for (let rule = 0; rule < rules.length; rule++) if (state[rule] === 0) visit(rule);
};

const shortestYields = (rules: readonly (readonly Alternative[])[]): number[] => {
  const costs = rules.map(() => Number.POSITIVE_INFINITY);
  // Rules mostly refer to later ones, so the way back settles nearly all in one pass.
  for (let changed = true; changed; ) {
    changed = false;
    for (let rule = rules.length - 1; rule >= 0; rule--)
      for (const alternative of rules[rule]!) {
        let cost = 0;
        for (const element of alternative) cost += element.type === 'class' ? 1 : costs[element.rule]!;
        if (cost < costs[rule]!) {
          costs[rule] = cost;
          changed = true;
        }
      }
  }
  return costs;
};
