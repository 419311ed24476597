/**
 * Reads and runs GBNF the way llama.cpp does, for the tests: does a text match, how far does it get, and random texts
 * that a grammar yields.
 *
 * As strict as llama.cpp where that matters: undefined rules, left recursion and too high repetition counts throw. It
 * works on code points, not on a vocabulary; token literals (`<[7]>`) are refused.
 */
import { type Alternative, type Element, parseGbnf } from './gbnf-parser.test-support.js';

interface Stack {
  readonly element: Element;
  readonly alternative: Alternative;
  readonly index: number;
  readonly below: Stack | null;
  readonly id: number;
}

type Stacks = ReadonlyMap<number, Stack | null>;

export interface GbnfMatcher {
  /** True where the whole text is a text of the grammar. */
  matches(text: string): boolean;
  /** UTF-16 units that the grammar accepts before it would refuse the next character. */
  accepts(text: string): number;
  /** A text of the grammar; past `aimCharacters` it takes the shortest way to the end. `random` gives 0 to below 1. */
  generate(random: () => number, aimCharacters?: number): string;
}

const endOfGrammar = 0;

export const createGbnfMatcher = (gbnf: string): GbnfMatcher => {
  const grammar = parseGbnf(gbnf);
  const interned = new Map<string, Stack>();
  const alternativeIds = new Map<Alternative, number>();

  const push = (alternative: Alternative, index: number, below: Stack | null): Stack | null => {
    const element = alternative[index];
    if (element === undefined) return below;
    let alternativeId = alternativeIds.get(alternative);
    if (alternativeId === undefined) {
      alternativeId = alternativeIds.size + 1;
      alternativeIds.set(alternative, alternativeId);
    }
    const key = `${alternativeId}.${index}.${below?.id ?? endOfGrammar}`;
    let stack = interned.get(key);
    if (stack === undefined) {
      stack = { element, alternative, index, below, id: interned.size + 1 };
      interned.set(key, stack);
    }
    return stack;
  };

  const advance = (start: Stack | null, into: Map<number, Stack | null>): void => {
    const pending: (Stack | null)[] = [start];
    const seen = new Set<number>();
    while (pending.length > 0) {
      const stack = pending.pop() ?? null;
      const id = stack?.id ?? endOfGrammar;
      if (seen.has(id)) continue;
      seen.add(id);
      if (stack === null || stack.element.type === 'class') {
        into.set(id, stack);
        continue;
      }
      const rest = push(stack.alternative, stack.index + 1, stack.below);
      for (const alternative of grammar.rules[stack.element.rule] ?? []) pending.push(push(alternative, 0, rest));
    }
  };

  const initial = (): Stacks => {
    const stacks = new Map<number, Stack | null>();
    for (const alternative of grammar.rules[grammar.root] ?? []) advance(push(alternative, 0, null), stacks);
    return stacks;
  };

  const step = (stacks: Stacks, codePoint: number): Stacks => {
    const next = new Map<number, Stack | null>();
    for (const stack of stacks.values())
      if (stack?.element.type === 'class' && stack.element.ranges.some(([a, b]) => a <= codePoint && codePoint <= b))
        advance(push(stack.alternative, stack.index + 1, stack.below), next);
    return next;
  };

  const run = (text: string): { readonly consumed: number; readonly stacks: Stacks } => {
    let stacks = initial();
    let consumed = 0;
    for (const character of text) {
      const next = step(stacks, character.codePointAt(0) ?? 0);
      if (next.size === 0) break;
      stacks = next;
      consumed += character.length;
    }
    return { consumed, stacks };
  };

  const costOf = (stack: Stack | null): number => {
    let cost = 0;
    for (let at = stack; at !== null; at = at.below)
      for (const element of at.alternative.slice(at.index))
        cost += element.type === 'class' ? 1 : grammar.costs[element.rule]!;
    return cost;
  };

  return {
    matches(text) {
      const { consumed, stacks } = run(text);
      return consumed === text.length && stacks.has(endOfGrammar);
    },
    accepts: (text) => run(text).consumed,
    generate(random, aimCharacters = 60) {
      let stacks = initial();
      let text = '';
      for (let made = 0; ; made++) {
        const finish = stacks.has(endOfGrammar);
        let open = [...stacks.values()].filter((stack) => stack !== null);
        if (open.length === 0 || (finish && (made >= aimCharacters || random() < 0.3))) return text;
        if (made >= aimCharacters) open = [open.reduce((a, b) => (costOf(b) < costOf(a) ? b : a))];
        const stack = open[Math.floor(random() * open.length)]!;
        if (stack.element.type !== 'class') return text;
        const [from, to] = stack.element.ranges[Math.floor(random() * stack.element.ranges.length)]!;
        const codePoint = from + Math.floor(random() * Math.min(to - from + 1, 120));
        text += String.fromCodePoint(codePoint);
        stacks = step(stacks, codePoint);
      }
    },
  };
};
