/**
 * What a finished request reports about itself: OpenAI's `usage` and the `spillway` block, summed over its choices.
 * Knows only the tier's end events.
 */
import type { GenerateTimings, GenerateUsage } from '../engine/engine.js';
import type { ChatEvent, Served, TierName } from '../tiers/tier.js';

export type EndEvent = Extract<ChatEvent, { type: 'end' }>;

export interface RequestTotals {
  readonly usage: GenerateUsage;
  readonly timings: GenerateTimings;
  readonly reasoningTokens: number | undefined;
  readonly overflow: boolean | undefined;
  readonly confidence: number | undefined;
  /** Where the first choice ran, when a router chose. */
  readonly served: Served | undefined;
  /** Of all choices, whole nanodollars. */
  readonly costNanoUsd: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * `ends` in the order of the choices, `choicesPerPrompt` of them for each prompt. A prompt counts once however many
 * choices it has; cached tokens are those the first of them found, not what the choices found of each other. Times are
 * those of the request: until its first place, its first token, its last end.
 */
export const totalsOf = (ends: readonly EndEvent[], choicesPerPrompt: number): RequestTotals => {
  if (ends.length === 1) {
    const { usage, timings, reasoningTokens, overflow, confidence, served } = ends[0]!;
    return { usage, timings, reasoningTokens, overflow, confidence, served, costNanoUsd: served?.costNanoUsd ?? 0 };
  }
  const perPrompt = ends
    .filter((_, index) => index % choicesPerPrompt === 0)
    .map((_, prompt) => {
      const own = ends.slice(prompt * choicesPerPrompt, (prompt + 1) * choicesPerPrompt).map((end) => end.usage);
      return {
        promptTokens: own[0]!.promptTokens,
        cachedTokens: Math.min(...own.map((usage) => usage.cachedTokens)),
      };
    });
  const reasoning = ends.flatMap((end) => (end.reasoningTokens === undefined ? [] : [end.reasoningTokens]));
  const first = ends[0]!;
  return {
    usage: {
      promptTokens: sum(perPrompt.map((prompt) => prompt.promptTokens)),
      cachedTokens: sum(perPrompt.map((prompt) => prompt.cachedTokens)),
      completionTokens: sum(ends.map((end) => end.usage.completionTokens)),
    },
    timings: {
      queueMs: Math.min(...ends.map((end) => end.timings.queueMs)),
      ttftMs: Math.min(...ends.map((end) => end.timings.ttftMs)),
      totalMs: Math.max(...ends.map((end) => end.timings.totalMs)),
    },
    reasoningTokens: reasoning.length > 0 ? sum(reasoning) : undefined,
    overflow: first.overflow,
    confidence: first.confidence,
    served: first.served,
    costNanoUsd: sum(ends.map((end) => end.served?.costNanoUsd ?? 0)),
  };
};

/** `usage` of chat completions and completions. */
export const usageBody = ({ usage, reasoningTokens }: RequestTotals) => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  ...(reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
});

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** The `spillway` block: where it ran, whether the model hands over, how sure it is, and how long it took. */
export const spillwayBody = (tier: TierName, totals: RequestTotals) => ({
  tier: totals.served?.tier ?? tier,
  ...(totals.served === undefined
    ? {}
    : {
        endpoint: totals.served.endpoint,
        model: totals.served.model,
        route_id: totals.served.routeId,
        receipt_id: totals.served.receiptId,
        cost_usd: totals.costNanoUsd / 1e9,
      }),
  ...(totals.overflow === undefined ? {} : { overflow: totals.overflow }),
  ...(totals.confidence === undefined ? {} : { confidence: totals.confidence }),
  timings: {
    queue_ms: rounded(totals.timings.queueMs),
    ttft_ms: rounded(totals.timings.ttftMs),
    total_ms: rounded(totals.timings.totalMs),
  },
  cached_tokens: totals.usage.cachedTokens,
});
