/**
 * Writes an automaton as grammar rules, one rule per state, either as the text itself or as the inside of a JSON string.
 *
 * In a JSON string each character has one spelling: quotes, backslashes and control characters escaped the way
 * JSON.stringify does it, all else as it is. Only where any character may stand are other escapes taken too.
 */
import { type Automaton, minimize } from './automaton.js';
import { type CodePointRange, intersectRanges, normalizeRanges, subtractRanges } from './code-points.js';
import { charClass, type GrammarRules, literal } from './gbnf.js';
import { jsonCharRule } from './json-values.js';

/** Code points that JSON cannot hold as they are. */
const escaped: readonly CodePointRange[] = [
  [0x00, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];
const escapedCount = 34;
const anyCount = 0x110000 - 0x800;

const countOf = (ranges: readonly CodePointRange[]): number =>
  ranges.reduce((count, [from, to]) => count + to - from + 1, 0);

const pointsOf = (ranges: readonly CodePointRange[]): number[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));

/** Ways to write one character out of `ranges`, as GBNF alternatives. */
const spellings = (rules: GrammarRules, ranges: readonly CodePointRange[], spelling: 'raw' | 'json'): string[] => {
  if (spelling === 'raw') return [charClass(ranges)];
  if (countOf(ranges) === anyCount) return [jsonCharRule(rules)];
  const plain = subtractRanges(ranges, escaped);
  const special = intersectRanges(ranges, escaped);
  const alternatives = plain.length === 0 ? [] : [charClass(plain)];
  if (countOf(special) === escapedCount)
    return [...alternatives, rules.add('escape', `"\\\\" ( ["\\\\bfnrt] | "u00" [01] [0-9a-f] )`)];
  return [
    ...alternatives,
    ...pointsOf(special).map((point) => literal(JSON.stringify(String.fromCharCode(point)).slice(1, -1))),
  ];
};

/**
 * A rule of exactly the texts that the automaton accepts, each followed by `close` (GBNF, may be empty); the automaton
 * must accept at least one.
 */
export const ruleOfAutomaton = (
  rules: GrammarRules,
  texts: Automaton,
  options: { readonly name: string; readonly spelling: 'raw' | 'json'; readonly close: string },
): string => {
  const automaton = minimize(texts);
  const sourcesCount = automaton.edges.map(() => 0);
  for (const list of automaton.edges)
    for (const target of new Set(list.map((edge) => edge[2]))) sourcesCount[target]!++;

  const steps = automaton.edges.map((list) => {
    const byTarget = new Map<number, CodePointRange[]>();
    for (const [from, to, target] of list) byTarget.set(target, [...(byTarget.get(target) ?? []), [from, to]]);
    return [...byTarget].flatMap(([target, ranges]) =>
      spellings(rules, normalizeRanges(ranges), options.spelling).map((text) => ({ text, target })),
    );
  });
  const isLink = (state: number): boolean =>
    state !== 0 && sourcesCount[state] === 1 && steps[state]!.length === 1 && !automaton.accepting[state];

  const names = automaton.edges.map((_, state) =>
    state !== 0 && isLink(state) ? null : rules.reserve(state === 0 ? options.name : `${options.name}-s`),
  );
  const closeText = options.close === '' ? '""' : options.close;
  names.forEach((name, state) => {
    if (name === null) return;
    const alternatives = automaton.accepting[state] ? [closeText] : [];
    for (const step of steps[state]!) {
      const parts = [step.text];
      let { target } = step;
      while (names[target] === null) {
        const link: { readonly text: string; readonly target: number } = steps[target]![0]!;
        parts.push(link.text);
        target = link.target;
      }
      parts.push(names[target]!);
      alternatives.push(parts.join(' '));
    }
    rules.define(name, alternatives.join(' | '));
  });
  return names[0]!;
};
