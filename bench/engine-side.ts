/**
 * What the engine's side can be asked beyond decoding token prompts: chat texts, and the time to the first token.
 */
import type { DecodeAnswer, DecodeProtocol } from './decode-side.js';

export interface TextQuestion {
  readonly sequences: number;
  /** Characters of the user's message. */
  readonly promptLength: number;
  readonly tokens: number;
  readonly seed: number;
}

export interface TextAnswer extends DecodeAnswer {
  /** Prompt tokens of all sequences, template included. */
  readonly promptTokens: number;
}

export interface TtftQuestion {
  /** Tokens in front, drawn from `seed`: the part that another prompt of the same seed shares. */
  readonly sharedTokens: number;
  /** Tokens after them, drawn from `ownSeed`. */
  readonly ownTokens: number;
  readonly vocabularySize: number;
  readonly seed: number;
  readonly ownSeed: number;
}

export interface TtftAnswer {
  readonly ttftMs: number;
  readonly cachedTokens: number;
}

export type EngineProtocol = DecodeProtocol & {
  readonly decodeText: readonly [TextQuestion, TextAnswer];
  readonly ttft: readonly [TtftQuestion, TtftAnswer];
};
