/**
 * A grammar of the word-aligned spans of a text: what a person said, from any word to any later one.
 *
 * One rule for each word, so its size is linear in the text's. Knows nothing of arguments or tokens.
 */
import { type GrammarRules, literal } from '../grammar/gbnf.js';

/** Words and marks of a text, each of which a span holds whole. */
interface Atom {
  readonly text: string;
  readonly isSpaced: boolean;
  readonly isWord: boolean;
  readonly isNumber: boolean;
}

export interface SpanRules {
  /**
   * GBNF of the spans whose first word passes, null where there are none. `afterDigits`: a span may also start at
   * letters right behind digits ("kg" of "10kg").
   */
  spans(options?: { readonly startsAt?: (word: string) => boolean; readonly afterDigits?: boolean }): string | null;
}

const atomPattern = /[\p{L}\p{M}]+|\p{N}+|\S/gu;
/** Marks that hold a word together: "o'clock", "top-40", "7:30", "12/03". */
const joiners: ReadonlySet<string> = new Set(["'", '-', '.', ':', '/', '@', '&']);
/** Marks that no span starts or ends with. */
const neverFirst = /^[,;:!?.)\]}%'-]$/;
const neverLast = /^[,;:([{&/-]$/;

const atomsOf = (text: string): Atom[] => {
  const atoms: Atom[] = [];
  let end = -1;
  for (const { 0: atom, index } of text.matchAll(atomPattern)) {
    atoms.push({
      text: atom,
      isSpaced: index !== end,
      isWord: /^[\p{L}\p{M}\p{N}]/u.test(atom),
      isNumber: /^\p{N}/u.test(atom),
    });
    end = index + atom.length;
  }
  return atoms;
};

/** True where the atom continues the word before it, directly or over a mark that joins. */
const continuesWord = (atoms: readonly Atom[], at: number): boolean => {
  const [before, atom] = [atoms[at - 1], atoms[at]];
  if (before === undefined || atom === undefined || atom.isSpaced || !atom.isWord) return false;
  return before.isWord || (joiners.has(before.text) && !before.isSpaced && (atoms[at - 2]?.isWord ?? false));
};

/** "saying 'where are you" */
const opensQuotation = (atoms: readonly Atom[], at: number): boolean => {
  const [atom, next] = [atoms[at]!, atoms[at + 1]];
  return atom.text === "'" && atom.isSpaced && next?.isWord === true && !next.isSpaced;
};

const canStart = (atoms: readonly Atom[], at: number, afterDigits: boolean): boolean => {
  const atom = atoms[at]!;
  if (afterDigits && !atom.isSpaced && !atom.isNumber && atom.isWord && (atoms[at - 1]?.isNumber ?? false)) return true;
  if (opensQuotation(atoms, at)) return true;
  return !neverFirst.test(atom.text) && !continuesWord(atoms, at);
};

const canEnd = (atoms: readonly Atom[], at: number): boolean => {
  const [atom, next, afterNext] = [atoms[at]!, atoms[at + 1], atoms[at + 2]];
  if (neverLast.test(atom.text) || opensQuotation(atoms, at)) return false;
  if (continuesWord(atoms, at + 1)) return false;
  const isPossessive = next?.text === "'" && afterNext?.text === 's' && !continuesWord(atoms, at + 3);
  const isInWord = next !== undefined && !next.isSpaced && joiners.has(next.text) && continuesWord(atoms, at + 2);
  return !atom.isWord || !isInWord || isPossessive;
};

/** Spans of a text with single spaces, as `normalizeText` gives it. */
export const createSpanRules = (rules: GrammarRules, text: string): SpanRules => {
  const atoms = atomsOf(text);
  /** Rule of the spans that start at this atom; null where none can end. */
  const names = new Array<string | null>(atoms.length).fill(null);
  for (let at = atoms.length - 1; at >= 0; at--) {
    const following = names[at + 1] ?? null;
    const more = following === null ? null : `${atoms[at + 1]!.isSpaced ? '" " ' : ''}${following}`;
    const isEnd = canEnd(atoms, at);
    if (more === null && !isEnd) continue;
    names[at] = rules.add('w', `${literal(atoms[at]!.text)}${more === null ? '' : isEnd ? ` (${more})?` : ` ${more}`}`);
  }
  return {
    spans({ startsAt = () => true, afterDigits = false } = {}) {
      const starts = names.filter(
        (name, at) => name !== null && canStart(atoms, at, afterDigits) && startsAt(atoms[at]!.text),
      );
      return starts.length === 0 ? null : rules.add('span', [...new Set(starts)].join(' | '));
    },
  };
};
