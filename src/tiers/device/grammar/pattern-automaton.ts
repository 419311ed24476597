/**
 * From a pattern's syntax tree to its automaton: first one that guesses (Thompson's construction), then the subsets of
 * its states.
 *
 * Anchors are jumps that only the start or the end of the text allows. Knows nothing of grammars.
 */
import { type Automaton, type Edge, maxAutomatonStates, minimize, tooLarge } from './automaton.js';
import { anyCodePoint, type CodePointRange } from './code-points.js';
import type { Pattern } from './pattern-syntax.js';

const maxNfaStates = 50_000;

interface Nfa {
  readonly jumps: number[][];
  readonly assertions: { readonly kind: 'start' | 'end'; readonly target: number }[][];
  readonly steps: { readonly ranges: readonly CodePointRange[]; readonly target: number }[][];
}

const buildNfa = (pattern: Pattern, anchored: boolean): { readonly nfa: Nfa; readonly accept: number } => {
  const nfa: Nfa = { jumps: [], assertions: [], steps: [] };
  const state = (): number => {
    if (nfa.jumps.length >= maxNfaStates) throw tooLarge();
    nfa.assertions.push([]);
    nfa.steps.push([]);
    return nfa.jumps.push([]) - 1;
  };
  const build = (node: Pattern, from: number): number => {
    switch (node.type) {
      case 'class': {
        const to = state();
        nfa.steps[from]!.push({ ranges: node.ranges, target: to });
        return to;
      }
      case 'sequence':
        return node.parts.reduce((at, part) => build(part, at), from);
      case 'choice': {
        const to = state();
        for (const option of node.options) {
          const entry = state();
          nfa.jumps[from]!.push(entry);
          nfa.jumps[build(option, entry)]!.push(to);
        }
        return to;
      }
      case 'repeat': {
        let at = from;
        for (let count = 0; count < node.min; count++) at = build(node.part, at);
        const to = state();
        if (node.max === Number.POSITIVE_INFINITY) {
          const loop = state();
          nfa.jumps[at]!.push(loop);
          nfa.jumps[build(node.part, loop)]!.push(loop);
          nfa.jumps[loop]!.push(to);
          return to;
        }
        for (let count = node.min; count < node.max; count++) {
          nfa.jumps[at]!.push(to);
          at = build(node.part, at);
        }
        nfa.jumps[at]!.push(to);
        return to;
      }
      case 'start':
      case 'end': {
        const to = state();
        nfa.assertions[from]!.push({ kind: node.type, target: to });
        return to;
      }
      default:
        return node satisfies never;
    }
  };
  const anything: Pattern = {
    type: 'repeat',
    part: { type: 'class', ranges: anyCodePoint },
    min: 0,
    max: Number.POSITIVE_INFINITY,
  };
  const whole: Pattern = anchored ? pattern : { type: 'sequence', parts: [anything, pattern, anything] };
  return { nfa, accept: build(whole, state()) };
};

const closure = (
  nfa: Nfa,
  states: readonly number[],
  at: { readonly start: boolean; readonly end: boolean },
): number[] => {
  const seen = new Set(states);
  const pending = [...states];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const follow = [
      ...nfa.jumps[state]!,
      ...nfa.assertions[state]!.filter(({ kind }) => at[kind]).map(({ target }) => target),
    ];
    for (const target of follow)
      if (!seen.has(target)) {
        seen.add(target);
        pending.push(target);
      }
  }
  return [...seen].sort((a, b) => a - b);
};

/**
 * The automaton of a pattern. As in JSON Schema a pattern matches anywhere in the text unless it is anchored itself;
 * `anchored` makes it match the whole text.
 */
export const automatonOfPattern = (pattern: Pattern, options: { readonly anchored?: boolean } = {}): Automaton => {
  const { nfa, accept } = buildNfa(pattern, options.anchored ?? false);
  const numbers = new Map<string, number>();
  const sets: number[][] = [];
  const numberOf = (set: number[]): number => {
    // The start state is a state of its own: only there does ^ hold.
    const key = sets.length === 0 ? 'start' : set.join(',');
    let number = numbers.get(key);
    if (number === undefined) {
      if (sets.length >= maxAutomatonStates) throw tooLarge();
      number = sets.push(set) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  numberOf(closure(nfa, [0], { start: true, end: false }));
  const edges: Edge[][] = [];
  const accepting: boolean[] = [];
  for (let number = 0; number < sets.length; number++) {
    const set = sets[number]!;
    accepting.push(closure(nfa, set, { start: number === 0, end: true }).includes(accept));
    edges.push(
      sweep(set.flatMap((state) => nfa.steps[state]!)).map(([from, to, targets]): Edge => {
        return [from, to, numberOf(closure(nfa, targets, { start: false, end: false }))];
      }),
    );
  }
  return minimize({ edges, accepting });
};

/** Cuts overlapping steps into disjoint ranges, each with all the targets that it leads to. */
const sweep = (
  steps: readonly { readonly ranges: readonly CodePointRange[]; readonly target: number }[],
): [from: number, to: number, targets: number[]][] => {
  const events: { readonly at: number; readonly target: number; readonly enter: boolean }[] = [];
  for (const { ranges, target } of steps)
    for (const [from, to] of ranges)
      events.push({ at: from, target, enter: true }, { at: to + 1, target, enter: false });
  events.sort((a, b) => a.at - b.at);
  const open = new Map<number, number>();
  const result: [number, number, number[]][] = [];
  for (let index = 0; index < events.length; ) {
    const { at } = events[index]!;
    for (; index < events.length && events[index]!.at === at; index++) {
      const { target, enter } = events[index]!;
      const count = (open.get(target) ?? 0) + (enter ? 1 : -1);
      if (count === 0) open.delete(target);
      else open.set(target, count);
    }
    const next = events[index];
    if (open.size > 0 && next !== undefined) result.push([at, next.at - 1, [...open.keys()]]);
  }
  return result;
};
