/**
 * Log-probabilities of chosen tokens and of the alternatives, from raw logits (before sampling settings).
 *
 * Computed for requests that ask, and for no others.
 */
import type { TokenLogprob, TokenLogprobs } from '../engine.js';
import { createCandidates, logSumExp, selectTop } from './candidates.js';
import { decodeUtf8 } from './text-decoder.js';
import type { Vocabulary } from './vocabulary.js';

const describe = (vocabulary: Vocabulary, token: number, logprob: number): TokenLogprob => {
  const { bytes, text } = vocabulary.piece(token);
  return { token, text: text ?? decodeUtf8(bytes), bytes: [...bytes], logprob };
};

/** The chosen token with its `top` likeliest alternatives (the chosen one may be among them). */
export const tokenLogprobs = (
  logits: Float32Array,
  token: number,
  options: { readonly vocabulary: Vocabulary; readonly top: number },
): TokenLogprobs => {
  const { vocabulary, top } = options;
  const sum = logSumExp(logits);
  const best = createCandidates(top);
  selectTop(logits, top, best);
  return {
    ...describe(vocabulary, token, logits[token]! - sum),
    top: Array.from({ length: best.count }, (_, index) =>
      describe(vocabulary, best.tokens[index]!, best.logits[index]! - sum),
    ),
  };
};

/** Log-probabilities of these tokens; null for -Infinity and for ids outside the vocabulary. */
export const logprobsOf = (logits: Float32Array, tokens: readonly number[]): (number | null)[] => {
  const sum = logSumExp(logits);
  return tokens.map((token) => {
    const logprob = (logits[token] ?? -Infinity) - sum;
    return Number.isFinite(logprob) ? logprob : null;
  });
};
