/**
 * Measures a running engine: tokens per second at several numbers of sequences, prompt speed, time to first token.
 *
 * Shared by `bench` and `doctor`. Prompts are random token ids, so that no prefix is shared unless that is the point.
 */
import type { Engine } from '../engine/engine.js';

export interface DecodeFigure {
  readonly sequences: number;
  readonly tokensPerSecond: number;
  /** Median over sequences of the time per output token after the first. */
  readonly tpotMs: number;
}

const randomPrompt = (length: number, vocabulary: number): number[] =>
  Array.from({ length }, () => Math.floor(Math.random() * Math.min(vocabulary, 50_000)));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Decodes `tokens` tokens in each of `sequences` sequences at once; the prompts' time is left out. */
export const measureDecode = async (
  engine: Engine,
  options: { readonly sequences: number; readonly tokens: number },
): Promise<DecodeFigure> => {
  const firstAt: number[] = [];
  const endAt: number[] = [];
  let completion = 0;
  await Promise.all(
    Array.from({ length: options.sequences }, async (_, index) => {
      for await (const event of engine.generate({
        prompt: randomPrompt(8, engine.info.vocabularySize),
        maxTokens: options.tokens,
        ignoreEos: true,
        sampling: { temperature: 0 },
      })) {
        if (event.type === 'text') firstAt[index] ??= performance.now();
        if (event.type === 'end') {
          endAt[index] = performance.now();
          completion += event.usage.completionTokens - 1;
        }
      }
    }),
  );
  const from = Math.min(...firstAt.filter((value) => value !== undefined));
  const seconds = (Math.max(...endAt) - from) / 1000;
  return {
    sequences: options.sequences,
    tokensPerSecond: completion / seconds,
    tpotMs: median(endAt.map((end, index) => (end - (firstAt[index] ?? end)) / Math.max(1, options.tokens - 1))),
  };
};

/** Milliseconds to the first token of a prompt, and of the same prompt again with another ending. */
export const measurePrefix = async (
  engine: Engine,
  promptTokens: number,
): Promise<{ readonly coldTtftMs: number; readonly warmTtftMs: number; readonly promptTokensPerSecond: number }> => {
  const shared = randomPrompt(promptTokens, engine.info.vocabularySize);
  const ttft = async (ending: number): Promise<number> => {
    for await (const event of engine.generate({
      prompt: [...shared, ending, ending + 1],
      maxTokens: 1,
      ignoreEos: true,
      sampling: { temperature: 0 },
    }))
      if (event.type === 'end') return event.timings.ttftMs;
    return Number.NaN;
  };
  const coldTtftMs = await ttft(7);
  const warmTtftMs = await ttft(11);
  return { coldTtftMs, warmTtftMs, promptTokensPerSecond: promptTokens / (coldTtftMs / 1000) };
};
