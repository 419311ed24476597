/**
 * Public list prices of widely used models, as their providers' own pages showed them on the date in each row. They
 * change: a configuration's `prices` replace any of them. A model that is not here has no price here, rather than a
 * guessed one; moving names (`-latest`) mean what they meant on the row's date.
 *
 * US dollars per million tokens, standard tier, text. Not in them: other tiers and regions, batch, audio input, fees
 * for searches and for keeping caches.
 */
import type { TokenPrice, TokenRates } from './route.js';

export type PricedProvider = 'openai' | 'anthropic' | 'gemini' | 'mistral';

export interface ModelPrice {
  readonly provider: PricedProvider;
  readonly model: string;
  readonly price: TokenPrice;
  /** Day on which the source was read, `YYYY-MM-DD`. */
  readonly asOf: string;
  readonly source: string;
  /** First and last day of a rate that is announced for a time only; absent: open. */
  readonly from?: string;
  readonly until?: string;
}

const asOf = '2026-10-03';

const sources: Readonly<Record<PricedProvider, string>> = {
  openai: 'https://developers.openai.com/api/docs/pricing',
  anthropic: 'https://platform.claude.com/docs/en/about-claude/pricing',
  gemini: 'https://ai.google.dev/gemini-api/docs/pricing',
  mistral: 'https://mistral.ai/pricing/api',
};

/** Input, output, cached input, cache writes; null where the page names none. */
type Rates = readonly [input: number, output: number, cachedInput: number | null, cacheWrite?: number];

const ratesOf = ([input, output, cachedInput, cacheWrite]: Rates): TokenRates => ({
  inputUsdPerMillion: input,
  outputUsdPerMillion: output,
  ...(cachedInput === null ? {} : { cachedInputUsdPerMillion: cachedInput }),
  ...(cacheWrite === undefined ? {} : { cacheWriteUsdPerMillion: cacheWrite }),
});

interface RowOptions {
  readonly long?: { readonly overTokens: number; readonly rates: Rates };
  readonly from?: string;
  readonly until?: string;
}

const row =
  (provider: PricedProvider) =>
  (model: string, rates: Rates, { long, ...days }: RowOptions = {}): ModelPrice => ({
    provider,
    model,
    price: {
      ...ratesOf(rates),
      ...(long === undefined ? {} : { longPrompt: { overTokens: long.overTokens, ...ratesOf(long.rates) } }),
    },
    asOf,
    source: sources[provider],
    ...days,
  });

const openai = row('openai');
const anthropic = row('anthropic');
const gemini = row('gemini');
const mistral = row('mistral');

/** OpenAI takes the whole request at these rates above 272,000 prompt tokens. */
const over272k = (...rates: Rates): RowOptions => ({ long: { overTokens: 272_000, rates } });
/** Google does above 200,000. */
const over200k = (...rates: Rates): RowOptions => ({ long: { overTokens: 200_000, rates } });
/** Google's page names both rates of some Flash models with their days. */
const untilNewYear: RowOptions = { until: '2026-12-31' };
const fromNewYear: RowOptions = { from: '2027-01-01' };

export const modelPrices: readonly ModelPrice[] = [
  openai('gpt-6-astra', [10, 50, 1, 12.5], over272k(20, 75, 2, 25)),
  openai('gpt-6.1-sol', [2, 10, 0.1, 2.5], over272k(4, 15, 0.2, 5)),
  openai('gpt-6-sol', [2, 10, 0.2, 2.5], over272k(4, 15, 0.4, 5)),
  openai('gpt-6-luna', [0.1, 0.5, 0.01, 0.125], over272k(0.2, 0.75, 0.02, 0.25)),
  openai('gpt-5.6-terra', [2, 12, 0.2, 2.5], over272k(4, 18, 0.4, 5)),
  openai('gpt-5.6-luna', [0.2, 1.2, 0.02, 0.25], over272k(0.4, 1.8, 0.04, 0.5)),
  openai('gpt-5.5', [5, 30, 0.5], over272k(10, 45, 1)),
  openai('gpt-5.5-pro', [30, 180, null], over272k(60, 270, null)),
  openai('gpt-5.4', [2.5, 15, 0.25], over272k(5, 22.5, 0.5)),
  openai('gpt-5.4-mini', [0.75, 4.5, 0.075]),
  openai('gpt-5.4-nano', [0.2, 1.25, 0.02]),
  openai('gpt-5.4-pro', [30, 180, null], over272k(60, 270, null)),
  openai('gpt-5.2', [1.75, 14, 0.175]),
  openai('gpt-5.2-pro', [21, 168, null]),
  openai('gpt-5.1', [1.25, 10, 0.125]),
  openai('gpt-5', [1.25, 10, 0.125]),
  openai('gpt-5-mini', [0.25, 2, 0.025]),
  openai('gpt-5-nano', [0.05, 0.4, 0.005]),
  openai('gpt-5-pro', [15, 120, null]),
  openai('gpt-4.1', [2, 8, 0.5]),
  openai('gpt-4.1-mini', [0.4, 1.6, 0.1]),
  openai('gpt-4.1-nano', [0.1, 0.4, 0.025]),
  openai('gpt-4o', [2.5, 10, 1.25]),
  openai('gpt-4o-mini', [0.15, 0.6, 0.075]),
  openai('o3', [2, 8, 0.5]),
  openai('o3-pro', [20, 80, null]),
  openai('o3-mini', [1.1, 4.4, 0.55]),
  openai('o4-mini', [1.1, 4.4, 0.275]),
  openai('o1', [15, 60, 7.5]),
  openai('gpt-3.5-turbo', [0.5, 1.5, null]),

  // Cache writes at the rate for five minutes.
  anthropic('claude-fable-5-1', [10, 50, 0.25, 12.5]),
  anthropic('claude-fable-5', [10, 50, 1, 12.5]),
  anthropic('claude-opus-5-5', [4, 20, 0.2, 5]),
  anthropic('claude-opus-5', [5, 25, 0.5, 6.25]),
  anthropic('claude-opus-4-8', [5, 25, 0.5, 6.25]),
  anthropic('claude-opus-4-7', [5, 25, 0.5, 6.25]),
  anthropic('claude-opus-4-6', [5, 25, 0.5, 6.25]),
  anthropic('claude-opus-4-5', [5, 25, 0.5, 6.25]),
  anthropic('claude-sonnet-5-5', [2, 10, 0.2, 2.5]),
  anthropic('claude-sonnet-5', [2, 10, 0.2, 2.5]),
  anthropic('claude-sonnet-4-6', [3, 15, 0.3, 3.75]),
  anthropic('claude-sonnet-4-5', [3, 15, 0.3, 3.75]),
  anthropic('claude-haiku-4-5', [1, 5, 0.1, 1.25]),
  anthropic('claude-haiku-4-5-20251001', [1, 5, 0.1, 1.25]),

  gemini('gemini-3.8-flash', [0.75, 3.75, 0.075], untilNewYear),
  gemini('gemini-3.8-flash', [1.5, 7.5, 0.15], fromNewYear),
  gemini('gemini-3.7-flash', [0.75, 3.75, 0.075], untilNewYear),
  gemini('gemini-3.7-flash', [1.5, 7.5, 0.15], fromNewYear),
  gemini('gemini-3.6-flash', [0.75, 3.75, 0.075], untilNewYear),
  gemini('gemini-3.6-flash', [1.5, 7.5, 0.15], fromNewYear),
  gemini('gemini-3.5-flash', [1.5, 9, 0.15]),
  gemini('gemini-3.5-flash-lite', [0.3, 2.5, 0.03]),
  gemini('gemini-3.1-flash-lite', [0.25, 1.5, 0.025]),
  gemini('gemini-3.1-pro-preview', [2, 12, 0.2], over200k(4, 18, 0.4)),
  gemini('gemini-3-flash-preview', [0.5, 3, 0.05]),
  gemini('gemini-2.5-pro', [1.25, 10, 0.125], over200k(2.5, 15, 0.25)),
  gemini('gemini-2.5-flash', [0.3, 2.5, 0.03]),
  gemini('gemini-2.5-flash-lite', [0.1, 0.4, 0.01]),

  mistral('mistral-medium-latest', [1.5, 7.5, 0.15]),
  mistral('mistral-small-latest', [0.15, 0.6, 0.015]),
  mistral('codestral-latest', [0.3, 0.9, 0.03]),
  mistral('ministral-3b-latest', [0.1, 0.1, 0.01]),
  mistral('ministral-8b-latest', [0.15, 0.15, 0.015]),
  mistral('ministral-14b-latest', [0.2, 0.2, 0.02]),
];

/** The price of a model on a day (`YYYY-MM-DD`); null where the table has none. Names match whole: a snapshot may cost more. */
export const findPrice = ({
  provider,
  model,
  day,
}: {
  readonly provider: string;
  readonly model: string;
  readonly day: string;
}): ModelPrice | null =>
  modelPrices.find(
    (one) =>
      one.provider === provider &&
      one.model === model &&
      (one.from === undefined || one.from <= day) &&
      (one.until === undefined || day <= one.until),
  ) ?? null;
