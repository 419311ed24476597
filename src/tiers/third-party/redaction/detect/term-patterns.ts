/**
 * The user's regular expressions, as deterministic automata: one step for each character, so that no pattern can be slow,
 * and matches of limited length, so that looking for all of them cannot be either.
 *
 * A pattern matches whole words of the folded text, case as written; `\b` at its ends says what holds anyway, `^` and `$`
 * say nothing. What is not regular (back references, lookaround, `\b` inside) is refused when the rules are read.
 */
import type { Automaton, Edge } from '../../../device/grammar/automaton.js';
import { automatonOfPattern } from '../../../device/grammar/pattern-automaton.js';
import { parsePattern } from '../../../device/grammar/pattern-syntax.js';
import { isWordBoundary } from './characters.js';
import type { Detector, Finding, ScanText } from './scan-text.js';

/** Characters of the longest match. */
export const maxPatternMatch = 200;
const asciiSize = 128;

interface Matcher {
  readonly kind: string;
  readonly automaton: Automaton;
  /** Targets by state and ASCII code; -1 where there is none. */
  readonly ascii: Int16Array;
}

/** Throws PatternError for what the syntax does not know or what needs too many states. */
const compile = ({ kind, source }: { readonly kind: string; readonly source: string }): Matcher => {
  const automaton = automatonOfPattern(parsePattern(source.replace(/^\\b/, '').replace(/\\b$/, '')), {
    anchored: true,
  });
  const ascii = new Int16Array(automaton.edges.length * asciiSize).fill(-1);
  automaton.edges.forEach((edges, state) => {
    for (const [from, to, target] of edges)
      if (from < asciiSize)
        ascii.fill(target, state * asciiSize + from, state * asciiSize + Math.min(to, asciiSize - 1) + 1);
  });
  return { kind, automaton, ascii };
};

const targetOf = (edges: readonly Edge[], point: number): number => {
  let [low, high] = [0, edges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to, target] = edges[middle]!;
    if (point < from) high = middle - 1;
    else if (point > to) low = middle + 1;
    else return target;
  }
  return -1;
};

/** End of the longest match that begins at `at` and ends a word; `at` where there is none. */
const matchEnd = ({ automaton, ascii }: Matcher, { text, meter }: ScanText, at: number): number => {
  let state = 0;
  let end = at;
  let position = at;
  for (let count = 0; count < maxPatternMatch && position < text.length; count++) {
    const point = text.codePointAt(position)!;
    meter.steps++;
    state = point < asciiSize ? ascii[state * asciiSize + point]! : targetOf(automaton.edges[state]!, point);
    if (state < 0) break;
    position += point > 0xffff ? 2 : 1;
    if (automaton.accepting[state] && isWordBoundary(text, position)) end = position;
  }
  return end;
};

export const createPatternDetector = (
  patterns: readonly { readonly kind: string; readonly source: string }[],
): Detector => {
  const matchers = patterns.map(compile);
  return (scan) =>
    matchers.flatMap((matcher) => {
      const findings: Finding[] = [];
      for (let at = 0; at < scan.text.length; at++) {
        if (!isWordBoundary(scan.text, at)) continue;
        const end = matchEnd(matcher, scan, at);
        if (end === at) continue;
        findings.push({ kind: matcher.kind, start: at, end });
        at = end - 1;
      }
      return findings;
    });
};
