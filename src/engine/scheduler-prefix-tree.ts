/**
 * A radix tree over token ids: who holds which token sequence, and the longest prefix that a new one shares with any.
 *
 * Entries are opaque; whether their cells are valid, and where they lie, is the cache's business.
 */

interface TreeNode<Entry> {
  /** Tokens between the parent and here. */
  edge: Int32Array;
  /** Tokens from the root to the end of the edge. */
  depth: number;
  parent: TreeNode<Entry> | null;
  readonly children: Map<number, TreeNode<Entry>>;
  readonly entries: Set<Entry>;
}

export interface PrefixTree<Entry> {
  readonly size: number;
  insert(tokens: Int32Array, entry: Entry): void;
  remove(entry: Entry): void;
  /** True where another entry holds all tokens of this one. */
  isCovered(entry: Entry): boolean;
  /**
   * Visits the entries that share a prefix with `tokens`, those sharing most first, until `visit` says true. `shared`
   * counts the common tokens, at least 1.
   */
  match(tokens: Int32Array, visit: (entry: Entry, shared: number) => boolean): void;
}

const commonLength = (edge: Int32Array, tokens: Int32Array, from: number): number => {
  const limit = Math.min(edge.length, tokens.length - from);
  let length = 0;
  while (length < limit && edge[length] === tokens[from + length]) length++;
  return length;
};

const join = (a: Int32Array, b: Int32Array): Int32Array => {
  const whole = new Int32Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
};

export const createPrefixTree = <Entry>(): PrefixTree<Entry> => {
  type Node = TreeNode<Entry>;
  const node = (edge: Int32Array, parent: Node | null): Node => ({
    edge,
    depth: (parent?.depth ?? 0) + edge.length,
    parent,
    children: new Map(),
    entries: new Set(),
  });
  const root = node(new Int32Array(0), null);
  const places = new Map<Entry, Node>();

  const splitEdge = (at: Node, keep: number): Node => {
    const parent = at.parent!;
    const upper = node(at.edge.subarray(0, keep), parent);
    parent.children.set(upper.edge[0]!, upper);
    at.edge = at.edge.subarray(keep);
    at.parent = upper;
    upper.children.set(at.edge[0]!, at);
    return upper;
  };

  /** Removes a node that nobody needs, and joins it with an only child. */
  const tidy = (at: Node): void => {
    if (at === root || at.entries.size > 0 || at.children.size > 1) return;
    const parent = at.parent!;
    if (at.children.size === 0) {
      parent.children.delete(at.edge[0]!);
      tidy(parent);
      return;
    }
    for (const child of at.children.values()) {
      parent.children.set(at.edge[0]!, child);
      child.edge = join(at.edge, child.edge);
      child.parent = parent;
    }
  };

  const visitAll = (at: Node, skip: Node | null, visit: (entry: Entry) => boolean): boolean => {
    for (const entry of at.entries) if (visit(entry)) return true;
    for (const child of at.children.values()) if (child !== skip && visitAll(child, null, visit)) return true;
    return false;
  };

  return {
    get size() {
      return places.size;
    },
    insert(tokens, entry) {
      let at = root;
      while (at.depth < tokens.length) {
        const child = at.children.get(tokens[at.depth]!);
        if (child === undefined) {
          const leaf = node(tokens.slice(at.depth), at);
          at.children.set(leaf.edge[0]!, leaf);
          at = leaf;
        } else {
          const common = commonLength(child.edge, tokens, at.depth);
          at = common < child.edge.length ? splitEdge(child, common) : child;
        }
      }
      at.entries.add(entry);
      places.set(entry, at);
    },
    remove(entry) {
      const at = places.get(entry);
      if (at === undefined) return;
      places.delete(entry);
      at.entries.delete(entry);
      tidy(at);
    },
    isCovered(entry) {
      const at = places.get(entry);
      return at !== undefined && (at.entries.size > 1 || at.children.size > 0);
    },
    match(tokens, visit) {
      let at = root;
      let shared = 0;
      while (shared < tokens.length) {
        const child = at.children.get(tokens[shared]!);
        if (child === undefined) break;
        const common = commonLength(child.edge, tokens, shared);
        at = child;
        shared += common;
        if (common < child.edge.length) break;
      }
      let seen: Node | null = null;
      for (let up: Node | null = at; up !== null && shared > 0; up = up.parent) {
        shared = Math.min(shared, up.depth);
        if (shared > 0 && visitAll(up, seen, (entry) => visit(entry, shared))) return;
        seen = up;
        shared = up.parent?.depth ?? 0;
      }
    },
  };
};
