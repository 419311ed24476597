/**
 * The names, places and other words that the user lists: a trie over their folded, lower-case characters, walked from
 * each beginning of a word, the longest term first.
 *
 * A term matches as whole words, whatever its case and accents; scripts without spaces have no words to be whole.
 */
import { isWordBoundary } from './characters.js';
import type { Detector, Finding, ScanText } from './scan-text.js';

export interface Term {
  readonly kind: string;
  /** Folded and lower case, without spaces at its ends. */
  readonly text: string;
}

interface TermNode {
  readonly next: Map<string, TermNode>;
  kind: string | null;
}

/** Spaces in a text that may stand for one of a term. */
const maxSpaces = 8;

const buildTrie = (terms: readonly Term[]): TermNode => {
  const root: TermNode = { next: new Map(), kind: null };
  for (const { kind, text } of terms) {
    let node = root;
    for (const unit of text.replaceAll(/\s+/g, ' ')) {
      const child = node.next.get(unit) ?? { next: new Map(), kind: null };
      node.next.set(unit, child);
      node = child;
    }
    node.kind ??= kind;
  }
  return root;
};

const isBlank = (character: string): boolean => character === ' ' || character === '\n' || character === '\t';

/** The longest term at `at`; null where none is. */
const termAt = (root: TermNode, { lower, meter }: ScanText, at: number): Finding | null => {
  let node: TermNode | undefined = root;
  let found: Finding | null = null;
  for (let position = at; node !== undefined && position < lower.length; ) {
    meter.steps++;
    const point = String.fromCodePoint(lower.codePointAt(position)!);
    if (isBlank(point)) {
      node = node.next.get(' ');
      const limit = position + maxSpaces;
      while (position < limit && isBlank(lower.charAt(position))) position++;
    } else {
      node = node.next.get(point);
      position += point.length;
    }
    if (node !== undefined && node.kind !== null && isWordBoundary(lower, position))
      found = { kind: node.kind, start: at, end: position };
  }
  return found;
};

export const createTermDetector = (terms: readonly Term[]): Detector => {
  const root = buildTrie(terms);
  return (scan) => {
    const findings: Finding[] = [];
    if (terms.length === 0) return findings;
    for (let at = 0; at < scan.lower.length; at++) {
      if (!root.next.has(String.fromCodePoint(scan.lower.codePointAt(at)!)) || !isWordBoundary(scan.lower, at))
        continue;
      const found = termAt(root, scan, at);
      if (found === null) continue;
      findings.push(found);
      at = found.end - 1;
    }
    return findings;
  };
};
