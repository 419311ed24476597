/**
 * Finds stop strings in a text that arrives in pieces (Aho-Corasick over UTF-16 units).
 *
 * What comes out never depends on how the text was cut: the match that ends first wins, the longest where several end
 * together, and only text that may still become a stop string is held back. Knows nothing of tokens.
 */

/** What one push lets out; once `stop` is set the matcher is spent. */
export interface StopPush {
  /** Text that certainly belongs to the answer. */
  readonly text: string;
  /** The stop string that was found, or null. */
  readonly stop: string | null;
}

export interface StopMatcher {
  push(text: string): StopPush;
  /** The text held back; call it when the answer ends for another reason. */
  flush(): string;
}

interface MatchNode {
  readonly next: Map<number, MatchNode>;
  readonly depth: number;
  fail: MatchNode | null;
  /** Longest stop string that ends here, by way of suffix links too. */
  found: string | null;
}

const node = (depth: number): MatchNode => ({ next: new Map(), depth, fail: null, found: null });

const buildAutomaton = (stops: readonly string[]): MatchNode => {
  const root = node(0);
  for (const stop of stops) {
    let at = root;
    for (let index = 0; index < stop.length; index++) {
      const unit = stop.charCodeAt(index);
      let child = at.next.get(unit);
      if (child === undefined) {
        child = node(at.depth + 1);
        at.next.set(unit, child);
      }
      at = child;
    }
    at.found = stop;
  }
  const queue: MatchNode[] = [...root.next.values()];
  for (const child of queue) child.fail = root;
  for (let head = 0; head < queue.length; head++) {
    const at = queue[head]!;
    at.found ??= at.fail?.found ?? null;
    for (const [unit, child] of at.next) {
      child.fail = step(at.fail ?? root, unit, root);
      queue.push(child);
    }
  }
  return root;
};

const step = (from: MatchNode, unit: number, root: MatchNode): MatchNode => {
  for (let at: MatchNode | null = from; at !== null; at = at.fail) {
    const child = at.next.get(unit);
    if (child !== undefined) return child;
  }
  return root;
};

/** A matcher for one answer; empty stop strings never match. */
export const createStopMatcher = (stops: readonly string[]): StopMatcher => {
  const wanted = stops.filter((stop) => stop.length > 0);
  if (wanted.length === 0) return { push: (text) => ({ text, stop: null }), flush: () => '' };
  const root = buildAutomaton(wanted);
  let state = root;
  let held = '';
  return {
    push(text) {
      const from = held.length;
      held += text;
      for (let index = from; index < held.length; index++) {
        state = step(state, held.charCodeAt(index), root);
        if (state.found !== null) {
          const stop = state.found;
          const out = held.slice(0, index + 1 - stop.length);
          held = '';
          return { text: out, stop };
        }
      }
      const cut = held.length - state.depth;
      const out = held.slice(0, cut);
      held = held.slice(cut);
      return { text: out, stop: null };
    },
    flush() {
      const out = held;
      held = '';
      state = root;
      return out;
    },
  };
};
