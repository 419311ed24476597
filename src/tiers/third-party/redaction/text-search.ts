/**
 * Finds many texts in one pass (Aho-Corasick over UTF-16 units). Knows nothing of what the texts are.
 */

export interface TextMatch {
  readonly start: number;
  readonly end: number;
  /** Index of the text found. */
  readonly index: number;
}

interface SearchNode {
  readonly next: Map<number, SearchNode>;
  fail: SearchNode | null;
  /** Texts that end here, the longest first. */
  ends: number[];
}

const createNode = (): SearchNode => ({ next: new Map(), fail: null, ends: [] });

const step = (from: SearchNode | null, unit: number, root: SearchNode): SearchNode => {
  for (let node = from; node !== null; node = node.fail) {
    const child = node.next.get(unit);
    if (child !== undefined) return child;
  }
  return root;
};

const buildAutomaton = (texts: readonly string[]): SearchNode => {
  const root = createNode();
  texts.forEach((text, index) => {
    let node = root;
    for (let at = 0; at < text.length; at++) {
      const child = node.next.get(text.charCodeAt(at)) ?? createNode();
      node.next.set(text.charCodeAt(at), child);
      node = child;
    }
    node.ends.push(index);
  });
  const queue = [root];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head]!;
    for (const [unit, child] of node.next) {
      child.fail = node === root ? root : step(node.fail, unit, root);
      child.ends = [...child.ends, ...child.fail.ends];
      queue.push(child);
    }
  }
  return root;
};

/**
 * For each position where texts end, the longest that `accepts` lets through. The texts must be distinct and not empty.
 */
export const createTextSearch = (
  texts: readonly string[],
): ((text: string, accepts: (match: TextMatch) => boolean) => TextMatch[]) => {
  const root = buildAutomaton(texts);
  return (text, accepts) => {
    const matches: TextMatch[] = [];
    let node = root;
    for (let at = 0; texts.length > 0 && at < text.length; at++) {
      node = step(node, text.charCodeAt(at), root);
      for (const index of node.ends) {
        const match = { start: at + 1 - texts[index]!.length, end: at + 1, index };
        if (!accepts(match)) continue;
        matches.push(match);
        break;
      }
    }
    return matches;
  };
};
