/**
 * Trains a byte-level BPE vocabulary in llama.cpp's "gpt2" form, with the word split that it calls "qwen2".
 *
 * Encoding is left to llama.cpp itself, so that training and serving cannot differ. Knows nothing of models.
 */
import { byteLevelAlphabet, toByteLevel } from './byte-level.js';

/** The "qwen2" split of llama.cpp (llama-vocab.cpp): contractions, words with one leading character, single digits. */
const wordPattern =
  /'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/gu;

export const splitWords = (text: string): string[] => text.match(wordPattern) ?? [];

export interface BpeVocabulary {
  /** The 256 bytes, then one token per merge, in the byte-level alphabet. */
  readonly tokens: readonly string[];
  /** Pairs joined by a space, most frequent first. */
  readonly merges: readonly string[];
}

interface Word {
  symbols: string[];
  readonly count: number;
}

/**
 * Learns merges until `size` tokens exist or no pair occurs twice.
 * Ties go to the pair that sorts first, so that the result does not depend on the order of the texts.
 */
export const trainBpe = (
  texts: Iterable<string>,
  options: { readonly size: number; readonly minimumCount?: number },
): BpeVocabulary => {
  const minimum = options.minimumCount ?? 2;
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words: Word[] = [...counts].map(([word, count]) => ({ symbols: [...toByteLevel(word)], count }));

  const pairCounts = new Map<string, number>();
  const pairWords = new Map<string, Set<number>>();
  const addPairs = (index: number, sign: 1 | -1): void => {
    const { symbols, count } = words[index]!;
    for (let at = 0; at + 1 < symbols.length; at++) {
      const pair = `${symbols[at]} ${symbols[at + 1]}`;
      pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + sign * count);
      if (sign === 1) {
        const holders = pairWords.get(pair) ?? new Set();
        pairWords.set(pair, holders.add(index));
      }
    }
  };
  for (let index = 0; index < words.length; index++) addPairs(index, 1);

  const tokens = [...byteLevelAlphabet];
  const known = new Set(tokens);
  const merges: string[] = [];
  while (tokens.length < options.size) {
    let best: string | null = null;
    let bestCount = minimum - 1;
    for (const [pair, count] of pairCounts)
      if (count > bestCount || (count === bestCount && best !== null && pair < best)) {
        best = pair;
        bestCount = count;
      }
    if (best === null) break;
    const [left, right] = best.split(' ') as [string, string];
    const merged = left + right;
    for (const index of pairWords.get(best) ?? []) {
      addPairs(index, -1);
      words[index]!.symbols = mergeSymbols(words[index]!.symbols, left, right);
      addPairs(index, 1);
    }
    pairCounts.delete(best);
    pairWords.delete(best);
    merges.push(best);
    if (!known.has(merged)) {
      known.add(merged);
      tokens.push(merged);
    }
  }
  return { tokens, merges };
};

const mergeSymbols = (symbols: readonly string[], left: string, right: string): string[] => {
  const result: string[] = [];
  for (let at = 0; at < symbols.length; at++) {
    if (symbols[at] === left && symbols[at + 1] === right) {
      result.push(left + right);
      at++;
    } else result.push(symbols[at]!);
  }
  return result;
};
