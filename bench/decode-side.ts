/**
 * What every side that decodes can be asked, whatever it is made of: open a model, decode some sequences at once.
 */
export interface OpenQuestion {
  readonly modelPath: string;
  /** Tokens of prompt and answer that one sequence may have. */
  readonly contextLength: number;
  /** Sequences that may decode at once. */
  readonly parallel: number;
  readonly threads: number;
}

export interface DecodeQuestion {
  readonly sequences: number;
  readonly promptTokens: number;
  /** Tokens that each sequence decodes, greedily and past any end of text. */
  readonly tokens: number;
  readonly vocabularySize: number;
  /** Prompts are drawn from it; another seed shares no prefix. */
  readonly seed: number;
}

export interface DecodeAnswer {
  /** Handing over the prompts to the last token of the last sequence. */
  readonly seconds: number;
  /** Tokens decoded by all sequences. */
  readonly tokens: number;
}

export type DecodeProtocol = {
  readonly open: readonly [OpenQuestion, null];
  readonly decode: readonly [DecodeQuestion, DecodeAnswer];
};

/** Prompts of one measurement differ by this in their seeds. */
export const promptSeed = (seed: number, sequence: number): number => seed * 1009 + sequence;

/** Tokens of a prompt: short, because decoding is what these benches ask about. */
export const promptTokens = 16;
