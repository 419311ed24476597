// Finds the one stretch of a sentence that is not ordinary for its kind: with all usual words of a weather question known,
// what is left over is the place. Knows no place names, so it can copy any; several stretches left over mean not sure.

export interface Leftover {
  /** The words that are left over; empty when there are none. */
  span: string;
  /** The known word just before the span, '' at the front. */
  before: string;
  /** The known word just after the span, '' at the end. */
  after: string;
}

const WORD = /[^\s,]+,?/g;

/** The single stretch of words outside of the vocabulary, or null when there is more than one. */
export function leftover(text: string, vocabulary: ReadonlySet<string>): Leftover | null {
  const words = (text.match(WORD) ?? []).map((word) => ({ said: word, bare: word.replace(/,$/, '') }));
  const strange = words.map(({ bare }) => !vocabulary.has(bare));
  const first = strange.indexOf(true);
  if (first < 0) return { span: '', before: '', after: '' };
  const last = strange.lastIndexOf(true);
  // "isle of man", "king of prussia": small words inside a name do not split it.
  const split = words
    .slice(first, last + 1)
    .some(({ bare }, i) => !strange[first + i] && !/^(?:of|the|and|in)$/.test(bare));
  if (split) return null;
  return {
    span: words
      .slice(first, last + 1)
      .map(({ said }) => said)
      .join(' ')
      .replace(/,$/, ''),
    before: words[first - 1]?.bare ?? '',
    after: words[last + 1]?.bare ?? '',
  };
}

/** A vocabulary from lines of words. */
export function toVocabulary(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}
