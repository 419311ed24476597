/**
 * Writes llama.cpp grammars (GBNF): named rules, literals, character classes and repetition.
 *
 * Keeps to what the grammar parser of llama.cpp takes: rule names of letters, digits and dashes, repetition counts
 * below 2,000, no nested groups under a counted repetition. Knows nothing of JSON, schemas or tools.
 */
import { TierError } from '../../tier-error.js';
import type { CodePointRange } from './code-points.js';

/** A grammar that is being written; rule bodies are GBNF text. */
export interface GrammarRules {
  /** Adds a rule and returns its name; the same body under the same base name is one rule. */
  add(baseName: string, body: string): string;
  /** A name for a rule that is defined later, for rules that refer to themselves. */
  reserve(baseName: string): string;
  define(name: string, body: string): void;
  /** The whole grammar with `body` as its `root` rule; only rules that it reaches are written. */
  toGbnf(body: string): string;
}

export interface GrammarLimits {
  readonly maxRules: number;
  readonly maxCharacters: number;
}

export const defaultGrammarLimits: GrammarLimits = { maxRules: 30_000, maxCharacters: 2_000_000 };

/** Counted repetitions up to here are left to llama.cpp, which refuses 2,000 and more. */
const maxNativeRepeat = 1000;
const maxNameCharacters = 48;

export const createGrammarRules = (limits: GrammarLimits = defaultGrammarLimits): GrammarRules => {
  const bodies = new Map<string, string | null>();
  const nameOfRule = new Map<string, string>();
  const lastSuffix = new Map<string, number>();
  let characters = 0;

  const freeName = (baseName: string): string => {
    const cleaned = baseName.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
    const base = cleaned.slice(0, maxNameCharacters) || 'rule';
    if (!bodies.has(base) && base !== 'root') return base;
    for (let suffix = lastSuffix.get(base) ?? 2; ; suffix++) {
      if (bodies.has(`${base}-${suffix}`)) continue;
      lastSuffix.set(base, suffix + 1);
      return `${base}-${suffix}`;
    }
  };

  const reserve = (baseName: string): string => {
    if (bodies.size >= limits.maxRules)
      throw new TierError('invalid-schema', `Cannot write the grammar: it needs more than ${limits.maxRules} rules`);
    const name = freeName(baseName);
    bodies.set(name, null);
    return name;
  };

  const define = (name: string, body: string): void => {
    characters += name.length + body.length + 6;
    if (characters > limits.maxCharacters)
      throw new TierError(
        'invalid-schema',
        `Cannot write the grammar: it needs more than ${limits.maxCharacters} characters`,
      );
    bodies.set(name, body);
  };

  return {
    reserve,
    define,
    add(baseName, body) {
      const key = `${baseName}\n${body}`;
      const known = nameOfRule.get(key);
      if (known !== undefined) return known;
      const name = reserve(baseName);
      define(name, body);
      nameOfRule.set(key, name);
      return name;
    },
    toGbnf(body) {
      const lines = [`root ::= ${body}`];
      const seen = new Set<string>();
      const pending = ruleNamesIn(body).reverse();
      for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
        const rule = bodies.get(name);
        if (rule === undefined || rule === null || seen.has(name)) continue;
        seen.add(name);
        lines.push(`${name} ::= ${rule}`);
        pending.push(...ruleNamesIn(rule).reverse());
      }
      return `${lines.join('\n')}\n`;
    },
  };
};

const tokenPattern = /"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{[0-9, ]*\}|!?<[^>]*>|([A-Za-z0-9-]+)/gs;

/** Names of the rules that a rule body refers to, in order. */
export const ruleNamesIn = (body: string): string[] =>
  [...body.matchAll(tokenPattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]));

const hexEscape = (codePoint: number): string =>
  codePoint <= 0xff
    ? `\\x${codePoint.toString(16).padStart(2, '0').toUpperCase()}`
    : codePoint <= 0xffff
      ? `\\u${codePoint.toString(16).padStart(4, '0').toUpperCase()}`
      : `\\U${codePoint.toString(16).padStart(8, '0').toUpperCase()}`;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
const isPlain = (codePoint: number): boolean =>
  (codePoint >= 0x20 && codePoint < 0x7f) || (codePoint > 0xa0 && codePoint < 0xd800);

/** A GBNF string literal of exactly this text. */
export const literal = (text: string): string => {
  let escaped = '';
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    escaped += named[character] ?? (character === '"' ? '\\"' : isPlain(codePoint) ? character : hexEscape(codePoint));
  }
  return `"${escaped}"`;
};

const classCharacter = (codePoint: number): string => {
  const character = String.fromCodePoint(codePoint);
  if (named[character] !== undefined) return named[character];
  if ('[]-^"'.includes(character)) return hexEscape(codePoint);
  return isPlain(codePoint) && codePoint < 0x7f ? character : hexEscape(codePoint);
};

/** A GBNF character class of these code points (sorted, not overlapping, at least one). */
export const charClass = (ranges: readonly CodePointRange[]): string =>
  `[${ranges
    .map(([from, to]) =>
      from === to ? classCharacter(from) : `${classCharacter(from)}${to === from + 1 ? '' : '-'}${classCharacter(to)}`,
    )
    .join('')}]`;

/**
 * `unit` (a rule name, character class or literal of one character) between `min` and `max` times, for any counts:
 * above what llama.cpp repeats itself, blocks of doubling size are composed.
 */
export const repeat = (
  rules: GrammarRules,
  unit: string,
  counts: { readonly min: number; readonly max: number; readonly name?: string },
): string => {
  const { min, max } = counts;
  const name = counts.name ?? 'repeat';
  const parts: string[] = [];
  if (min > 0) parts.push(exactly(rules, unit, { count: min, name }));
  if (max === Number.POSITIVE_INFINITY) parts.push(`${unit}*`);
  else if (max > min) parts.push(atMost(rules, unit, { count: max - min, name, known: new Map() }));
  return parts.length === 0 ? '""' : parts.join(' ');
};

interface Count {
  readonly count: number;
  readonly name: string;
}

const exactly = (rules: GrammarRules, unit: string, { count, name }: Count): string => {
  if (count <= maxNativeRepeat) return count === 1 ? unit : `${unit}{${count}}`;
  const half = Math.floor(count / 2);
  const block = rules.add(`${name}-exactly`, exactly(rules, unit, { count: half, name }));
  return `${block} ${block}${count % 2 === 1 ? ` ${unit}` : ''}`;
};

/** `known` holds what was written for smaller counts: both halves come to the same ones, again and again. */
const atMost = (
  rules: GrammarRules,
  unit: string,
  { count, name, known }: Count & { readonly known: Map<number, string> },
): string => {
  if (count <= maxNativeRepeat) return count === 1 ? `${unit}?` : `${unit}{0,${count}}`;
  const before = known.get(count);
  if (before !== undefined) return before;
  const half = Math.ceil(count / 2);
  const few = rules.add(`${name}-few`, atMost(rules, unit, { count: half - 1, name, known }));
  const block = exactly(rules, unit, { count: half, name });
  const rest = rules.add(`${name}-more`, atMost(rules, unit, { count: count - half, name, known }));
  const body = rules.add(`${name}-most`, `${few} | ${block} ${rest}`);
  known.set(count, body);
  return body;
};
