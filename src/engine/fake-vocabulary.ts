/**
 * The vocabulary of the fake engine: one pseudo token per word (with the white space before it), ids handed out in the
 * order in which words are first seen. `<|like this|>` is one special token.
 *
 * Reversible for every text; knows nothing of models.
 */

export interface FakeVocabulary {
  tokenize(text: string): number[];
  /** Text of one token; '' for an id never handed out, and for special tokens unless `renderSpecial`. */
  piece(token: number, renderSpecial: boolean): string;
  detokenize(tokens: readonly number[], renderSpecial?: boolean): string;
  readonly bos: number;
  readonly eos: number;
}

const tokenPattern = /<\|[^|<>]*\|>|\s*(?:(?!<\|)\S)+|\s*<(?!\|)|\s+|</g;
const specialPattern = /^<\|[^|<>]*\|>$/;

export const createFakeVocabulary = (): FakeVocabulary => {
  const texts: string[] = [];
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) {
      id = texts.push(text) - 1;
      ids.set(text, id);
    }
    return id;
  };
  const bos = idOf('<|bos|>');
  const eos = idOf('<|eos|>');
  const piece = (token: number, renderSpecial: boolean): string => {
    const text = texts[token] ?? '';
    return !renderSpecial && specialPattern.test(text) ? '' : text;
  };
  return {
    bos,
    eos,
    tokenize: (text) => (text.match(tokenPattern) ?? []).map(idOf),
    piece,
    detokenize: (tokens, renderSpecial = false) => tokens.map((token) => piece(token, renderSpecial)).join(''),
  };
};
