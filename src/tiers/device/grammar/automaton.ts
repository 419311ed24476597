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
  const count = trimmed.edges.length;
  if (count > maxMinimizedStates) return trimmed;
  const { targets, symbols } = tableOf(trimmed);
  let classes = Int32Array.from(trimmed.accepting, Number);
  for (let classCount = 0; ; ) {
    const refined = refine(classes, targets, symbols);
    classes = refined.classes;
    if (refined.count === classCount) break;
    classCount = refined.count;
  }
  // The class of the start is 0, since refining numbers classes in the order of their first states.
  const edges: Edge[][] = [];
  const accepting: boolean[] = [];
  trimmed.edges.forEach((list, state) => {
    const number = classes[state]!;
    edges[number] ??= joinEdges(list, classes);
    accepting[number] = trimmed.accepting[state]!;
  });
  return { edges, accepting };
};

/** The transitions as a table: the ranges of all edges cut into symbols that no edge parts. */
const tableOf = ({ edges }: Automaton): { readonly targets: Int32Array; readonly symbols: number } => {
  const starts = [...new Set(edges.flatMap((list) => list.flatMap(([from, to]) => [from, to + 1])))].sort(
    (a, b) => a - b,
  );
  const symbolAt = new Map(starts.map((start, symbol) => [start, symbol]));
  const symbols = starts.length;
  const targets = new Int32Array(edges.length * symbols).fill(-1);
  edges.forEach((list, state) => {
    for (const [from, to, target] of list)
      targets.fill(target, state * symbols + symbolAt.get(from)!, state * symbols + symbolAt.get(to + 1)!);
  });
  return { targets, symbols };
};

/** One round of Moore's algorithm: states stay together that are, and whose targets are, in the same classes. */
const refine = (
  classes: Int32Array<ArrayBuffer>,
  targets: Int32Array,
  symbols: number,
): { readonly classes: Int32Array<ArrayBuffer>; readonly count: number } => {
  const refined = new Int32Array(classes.length);
  const firstStates: number[] = [];
  const byHash = new Map<number, number[]>();
  const classAt = (state: number, symbol: number): number => {
    const target = targets[state * symbols + symbol]!;
    return target < 0 ? -1 : classes[target]!;
  };
  const isSame = (a: number, b: number): boolean => {
    if (classes[a] !== classes[b]) return false;
    for (let symbol = 0; symbol < symbols; symbol++) if (classAt(a, symbol) !== classAt(b, symbol)) return false;
    return true;
  };
  for (let state = 0; state < classes.length; state++) {
    let hash = classes[state]!;
    for (let symbol = 0; symbol < symbols; symbol++) hash = Math.imul(hash ^ classAt(state, symbol), 16777619);
    const candidates = byHash.get(hash) ?? [];
    byHash.set(hash, candidates);
    let number = candidates.find((candidate) => isSame(firstStates[candidate]!, state));
    if (number === undefined) {
      number = firstStates.push(state) - 1;
      candidates.push(number);
    }
    refined[state] = number;
  }
  return { classes: refined, count: firstStates.length };
};

const joinEdges = (list: readonly Edge[], classes: Int32Array): Edge[] => {
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
