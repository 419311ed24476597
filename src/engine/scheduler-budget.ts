/**
 * How many prompt tokens one step may compute, so that running streams keep their pace and a cancel acts fast.
 *
 * Learns milliseconds per token from the steps that ran (whoever runs them says how long they took); has no clock.
 */

export interface StepBudgetOptions {
  /** Time for prompt tokens in a step beside running streams, for each prompt that waits; at most `aloneMs` for all. */
  readonly besideMs: number;
  /** The same while nothing else runs: how long a cancel may have to wait. */
  readonly aloneMs: number;
  readonly smallestTokens: number;
  readonly largestTokens: number;
}

export interface StepBudget {
  /** Prompt tokens for the next step, beside so many streams, while so many prompts wait. */
  promptTokens(streams: number, waiting: number): number;
  /** `rows` one-token rows took so long. */
  observeDecode(rows: number, durationMs: number): void;
  /** A piece of prompt took so long. */
  observePrompt(tokens: number, durationMs: number): void;
  /** What recomputing one prompt token costs; the guess before the first one was seen is 1. */
  promptMsPerToken(): number;
}

/** Weight of the newest observation. */
const newest = 0.3;
/** Pieces below this say more about fixed costs than about tokens. */
const telling = 8;

export const createStepBudget = (options: StepBudgetOptions): StepBudget => {
  let msPerToken: number | null = null;
  let decodeMs: number | null = null;
  const mix = (old: number | null, value: number): number => (old === null ? value : old + newest * (value - old));
  return {
    promptTokens(streams, waiting) {
      if (msPerToken === null)
        return Math.min(options.largestTokens, streams > 0 ? options.smallestTokens : 4 * options.smallestTokens);
      // Streams wait as long for many small passes as for one large one, which reads the weights once: each prompt that
      // waits brings its share of time into the next.
      const shareMs = Math.max(options.besideMs, decodeMs ?? 0);
      const timeMs = streams > 0 ? Math.max(shareMs, Math.min(options.aloneMs, shareMs * waiting)) : options.aloneMs;
      const tokens = Math.floor(timeMs / Math.max(msPerToken, 1e-6));
      return Math.max(options.smallestTokens, Math.min(options.largestTokens, tokens));
    },
    observeDecode(rows, durationMs) {
      if (rows > 0) decodeMs = mix(decodeMs, durationMs);
    },
    observePrompt(tokens, durationMs) {
      if (tokens >= telling || msPerToken === null) msPerToken = mix(msPerToken, durationMs / Math.max(tokens, 1));
    },
    promptMsPerToken: () => msPerToken ?? 1,
  };
};
