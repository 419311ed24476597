/**
 * Finite automata over code points: patterns, lengths and sets of texts, and what they have in common.
 *
 * Deterministic, so that a grammar made of one never has two readings of the same text. Knows nothing of grammars.
 */
import { anyCodePoint, type CodePointRange, subtractRanges } from './code-points.js';
import { PatternError } from './pattern-syntax.js';

/** Code points `from` to `to` lead to state `target`. */
export type Edge = readonly [from: number, to: number, target: number];

/** State 0 is the start; edges of a state are sorted and do not overlap; a missing edge refuses. */
export interface Automaton {
  readonly edges: readonly (readonly Edge[])[];
  readonly accepting: readonly boolean[];
}

export const maxAutomatonStates = 4000;

export const tooLarge = (): PatternError =>
  new PatternError(`is too large: it needs more than ${maxAutomatonStates} states; bound its repetitions lower`);

/** Exactly these texts. */
export const automatonOfTexts = (texts: readonly string[]): Automaton => {
  const children: Map<number, number>[] = [new Map()];
  const accepting = [false];
  for (const text of texts) {
    let at = 0;
    for (const character of text) {
      const point = character.codePointAt(0) ?? 0;
      let next = children[at]!.get(point);
      if (next === undefined) {
        next = children.push(new Map()) - 1;
        accepting.push(false);
        children[at]!.set(point, next);
      }
      at = next;
    }
    accepting[at] = true;
  }
  const edges = children.map((map) =>
    [...map].sort((a, b) => a[0] - b[0]).map(([point, target]): Edge => [point, point, target]),
  );
  return { edges, accepting };
};

/** All texts of `min` to `max` code points. */
export const automatonOfLength = (min: number, max: number): Automaton => {
  const last = max === Number.POSITIVE_INFINITY ? min : max;
  if (last >= maxAutomatonStates) throw tooLarge();
  const edges: Edge[][] = [];
  const accepting: boolean[] = [];
  for (let length = 0; length <= last; length++) {
    const target = length < last ? length + 1 : max === Number.POSITIVE_INFINITY ? last : null;
    edges.push(target === null ? [] : anyCodePoint.map(([from, to]): Edge => [from, to, target]));
    accepting.push(length >= min);
  }
  return { edges, accepting };
};

/** Every text that the automaton refuses. */
export const complement = (automaton: Automaton): Automaton => {
  const dead = automaton.edges.length;
  const edges = [...automaton.edges, []].map((list): Edge[] => {
    const missing = subtractRanges(
      anyCodePoint,
      list.map(([from, to]): CodePointRange => [from, to]),
    );
    return [...list, ...missing.map(([from, to]): Edge => [from, to, dead])].sort((a, b) => a[0] - b[0]);
  });
  return { edges, accepting: [...automaton.accepting, false].map((accepts) => !accepts) };
};

/** Every text that both accept; without dead ends, but not minimal. */
export const intersect = (a: Automaton, b: Automaton): Automaton => {
  const numbers = new Map<number, number>();
  const pairs: (readonly [number, number])[] = [];
  const numberOf = (stateA: number, stateB: number): number => {
    const key = stateA * b.edges.length + stateB;
    let number = numbers.get(key);
    if (number === undefined) {
      if (pairs.length >= maxAutomatonStates) throw tooLarge();
      number = pairs.push([stateA, stateB]) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  numberOf(0, 0);
  const edges: Edge[][] = [];
  const accepting: boolean[] = [];
  for (let number = 0; number < pairs.length; number++) {
    const [stateA, stateB] = pairs[number]!;
    const [edgesA, edgesB] = [a.edges[stateA]!, b.edges[stateB]!];
    const list: Edge[] = [];
    for (let i = 0, j = 0; i < edgesA.length && j < edgesB.length; ) {
      const [fromA, toA, targetA] = edgesA[i]!;
      const [fromB, toB, targetB] = edgesB[j]!;
      const from = Math.max(fromA, fromB);
      const to = Math.min(toA, toB);
      if (from <= to) list.push([from, to, numberOf(targetA, targetB)]);
      if (toA < toB) i++;
      else j++;
    }
    edges.push(list);
    accepting.push(a.accepting[stateA]! && b.accepting[stateB]!);
  }
  return dropDeadStates({ edges, accepting });
};

/** True where no text is accepted; the automaton must be without dead ends, as all here are but complements. */
export const acceptsNothing = (automaton: Automaton): boolean =>
  automaton.edges.length === 1 && automaton.accepting[0] === false;

const maxMinimizedStates = 1500;

/** Drops states that lead nowhere and, up to 1,500 states, joins those that accept the same. */
export const minimize = (automaton: Automaton): Automaton => {
  const trimmed = dropDeadStates(automaton);
  if (trimmed.edges.length > maxMinimizedStates) return trimmed;
  let classes: number[] = trimmed.accepting.map((accepts) => (accepts ? 1 : 0));
  for (let count = 0; ; ) {
    const numbers = new Map<string, number>();
    const next = trimmed.edges.map((list, state) => {
      const key = `${classes[state]}:${joinEdges(list, classes).join(';')}`;
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      return known;
    });
    classes = next;
    if (numbers.size === count) break;
    count = numbers.size;
  }
  const start = classes[0]!;
  const renumber = (number: number): number => (number === start ? 0 : number < start ? number + 1 : number);
  const edges: Edge[][] = [];
  const accepting: boolean[] = [];
  const final = classes.map(renumber);
  trimmed.edges.forEach((list, state) => {
    edges[final[state]!] = joinEdges(list, final);
    accepting[final[state]!] = trimmed.accepting[state]!;
  });
  return { edges, accepting };
};

const joinEdges = (list: readonly Edge[], classes: readonly number[]): Edge[] => {
  const joined: [number, number, number][] = [];
  for (const [from, to, target] of list) {
    const last = joined.at(-1);
    if (last !== undefined && last[2] === classes[target] && last[1] + 1 === from) last[1] = to;
    else joined.push([from, to, classes[target]!]);
  }
  return joined;
};

/** Without the states that are never reached or lead nowhere. */
export const dropDeadStates = (automaton: Automaton): Automaton => {
  const sources: number[][] = automaton.edges.map(() => []);
  automaton.edges.forEach((list, state) => {
    for (const [, , target] of list) sources[target]!.push(state);
  });
  const live = new Set<number>(automaton.accepting.flatMap((accepts, state) => (accepts ? [state] : [])));
  const pending = [...live];
  for (let state = pending.pop(); state !== undefined; state = pending.pop())
    for (const source of sources[state]!)
      if (!live.has(source)) {
        live.add(source);
        pending.push(source);
      }
  live.add(0);
  const reached = [0];
  const numbers = new Map([[0, 0]]);
  for (let index = 0; index < reached.length; index++)
    for (const [, , target] of automaton.edges[reached[index]!]!)
      if (live.has(target) && !numbers.has(target)) {
        numbers.set(target, reached.length);
        reached.push(target);
      }
  return {
    edges: reached.map((state) =>
      automaton.edges[state]!.flatMap(([from, to, target]): Edge[] =>
        live.has(target) ? [[from, to, numbers.get(target)!]] : [],
      ),
    ),
    accepting: reached.map((state) => automaton.accepting[state]!),
  };
};
