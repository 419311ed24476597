/**
 * Puts values back into a stream of characters, each of which knows how it was written: the text of a JSON string is
 * matched as it reads and passed on as it was escaped.
 *
 * Holds back what may still become a placeholder, some forty characters at most. Knows nothing of answers or JSON.
 */

import type { PlaceholderForm, TrieNode } from './placeholder-trie.js';
import type { Placeholder } from './placeholders.js';

export interface Unit {
  /** The character as it reads. */
  readonly character: string;
  /** As it was written. */
  readonly raw: string;
  readonly inString: boolean;
}

export interface UnitRestorer {
  push(units: readonly Unit[]): string;
  flush(): string;
}

export interface MatchedPlaceholder {
  readonly placeholder: Placeholder;
  readonly form: PlaceholderForm;
  /** Where the match begins. */
  readonly inString: boolean;
}

const isWord = (character: string | undefined): boolean => character !== undefined && /[A-Za-z0-9_]/.test(character);

export const createUnitRestorer = (root: TrieNode, replace: (match: MatchedPlaceholder) => string): UnitRestorer => {
  let held: Unit[] = [];
  let before: string | undefined;

  /** The longest match at `at` among the units; `undecided` while more units could change it. */
  const matchAt = (at: number, isLast: boolean): { length: number; match: TrieNode['match'] } | 'undecided' => {
    let node: TrieNode | undefined = root;
    let found: { length: number; match: TrieNode['match'] } = { length: 1, match: null };
    for (let index = at; node !== undefined; index++) {
      const { match }: TrieNode = node;
      const next = held[index]?.character;
      if (match !== null) {
        const stands = match.form !== 'bare' || (!isWord(at === 0 ? before : held[at - 1]!.character) && !isWord(next));
        if (next === undefined && !isLast && match.form === 'bare') return 'undecided';
        if (stands) found = { length: index - at, match };
      }
      if (next === undefined) return isLast || node.next.size === 0 ? found : 'undecided';
      node = node.next.get(next);
    }
    return found;
  };

  const settle = (isLast: boolean): string => {
    let out = '';
    let at = 0;
    while (at < held.length) {
      const result = matchAt(at, isLast);
      if (result === 'undecided') break;
      const { length, match } = result;
      out += match === null ? held[at]!.raw : replace({ ...match, inString: held[at]!.inString });
      at += length;
    }
    if (at > 0) before = held[at - 1]!.character;
    held = held.slice(at);
    return out;
  };

  return {
    push(units) {
      held = [...held, ...units];
      return settle(false);
    },
    flush: () => settle(true),
  };
};
