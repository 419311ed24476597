/**
 * Text that goes on up to a mark: free text inside a grammar, such as a chain of thought or an argument's value.
 */
import type { Automaton, Edge } from './automaton.js';
import { ruleOfAutomaton } from './automaton-grammar.js';
import { anyCodePoint, type CodePointRange, normalizeRanges, subtractRanges } from './code-points.js';
import type { GrammarRules } from './gbnf.js';

/** A rule of any text that ends with `mark` and does not hold it before. */
export const untilRule = (rules: GrammarRules, mark: string): string => {
  const known = names.get(rules)?.get(mark);
  if (known !== undefined) return known;
  const name = ruleOfAutomaton(rules, automatonUntil(mark), { name: 'until', spelling: 'raw', close: '' });
  names.set(rules, (names.get(rules) ?? new Map<string, string>()).set(mark, name));
  return name;
};

const names = new WeakMap<GrammarRules, Map<string, string>>();

/** State n has just read the first n characters of the mark (Knuth, Morris and Pratt). */
const automatonUntil = (mark: string): Automaton => {
  const points = [...mark].map((character) => character.codePointAt(0) ?? 0);
  const alphabet = [...new Set(points)];
  const nextOf = (state: number, point: number): number => {
    const read = [...points.slice(0, state), point];
    for (let length = Math.min(read.length, points.length); length > 0; length--)
      if (points.slice(0, length).every((value, index) => value === read[read.length - length + index])) return length;
    return 0;
  };
  const other = subtractRanges(anyCodePoint, normalizeRanges(alphabet.map((point): CodePointRange => [point, point])));
  const edges = points.map((_, state): Edge[] =>
    [
      ...alphabet.map((point): Edge => [point, point, nextOf(state, point)]),
      ...other.map(([from, to]): Edge => [from, to, 0]),
    ].sort((a, b) => a[0] - b[0]),
  );
  return { edges: [...edges, []], accepting: [...points.map(() => false), true] };
};
