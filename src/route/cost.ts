/**
 * What tokens cost, in whole nanodollars and exactly: integers from the price to the sum, no floating point between.
 *
 * Knows no model and no provider; prices come as arguments.
 */
import type { TokenPrice, TokenRates } from './route.js';

/** Tokens as a provider reports them; `cachedTokens` and `cacheWriteTokens` are parts of `promptTokens`. */
export interface CostUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly cacheWriteTokens?: number;
}

/** The largest sum that is said: about 9 million dollars. */
const mostNanoUsd = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A price in units of 1e-15 USD per token. Prices count to nine decimals of a dollar per million tokens; below one
 * million dollars the product with 1e9 stays within half a unit of the decimal that was written.
 */
const unitsOf = (usdPerMillion: number): bigint => BigInt(Math.round(usdPerMillion * 1e9));

const unitsPerNanoUsd = 1_000_000n;

/** Whole tokens; a fraction counts as one, less than none as none, and what is no finite number as null. */
const tokensOf = (count: number): bigint | null =>
  Number.isFinite(count) ? BigInt(Math.max(0, Math.ceil(count))) : null;

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const roundUp = (units: bigint): number => {
  const nanoUsd = (units + unitsPerNanoUsd - 1n) / unitsPerNanoUsd;
  return Number(smaller(nanoUsd, mostNanoUsd));
};

const ratesFor = (promptTokens: bigint, price: TokenPrice): TokenRates => {
  const { longPrompt } = price;
  return longPrompt !== undefined && promptTokens > BigInt(Math.ceil(longPrompt.overTokens)) ? longPrompt : price;
};

/**
 * What these tokens cost, rounded up to a whole nanodollar; 0 without a price. A count that is no finite number costs
 * the most that can be said (2^53 - 1), so that no broken report is booked as cheap.
 */
export const costNanoUsd = (usage: CostUsage, price: TokenPrice | null): number => {
  if (price === null) return 0;
  const prompt = tokensOf(usage.promptTokens);
  const completion = tokensOf(usage.completionTokens);
  const reportedCached = tokensOf(usage.cachedTokens);
  const reportedWritten = tokensOf(usage.cacheWriteTokens ?? 0);
  if (prompt === null || completion === null || reportedCached === null || reportedWritten === null)
    return Number(mostNanoUsd);
  const cached = smaller(reportedCached, prompt);
  const written = smaller(reportedWritten, prompt - cached);
  const rates = ratesFor(prompt, price);
  return roundUp(
    (prompt - cached - written) * unitsOf(rates.inputUsdPerMillion) +
      cached * unitsOf(rates.cachedInputUsdPerMillion ?? rates.inputUsdPerMillion) +
      written * unitsOf(rates.cacheWriteUsdPerMillion ?? rates.inputUsdPerMillion) +
      completion * unitsOf(rates.outputUsdPerMillion),
  );
};

/**
 * The most that one try can cost: every prompt token at the dearest rate that it can have, the longest answer. 0
 * without a price. Never less than `costNanoUsd` of a usage with at most so many tokens of each kind, as long as a
 * price for long prompts is not below the one for short prompts.
 */
export const worstCostNanoUsd = (
  tokens: { readonly promptTokens: number; readonly maxTokens: number },
  price: TokenPrice | null,
): number => {
  if (price === null) return 0;
  const prompt = tokensOf(tokens.promptTokens);
  const completion = tokensOf(tokens.maxTokens);
  if (prompt === null || completion === null) return Number(mostNanoUsd);
  const rates = ratesFor(prompt, price);
  const dearestInput = Math.max(
    rates.inputUsdPerMillion,
    rates.cachedInputUsdPerMillion ?? 0,
    rates.cacheWriteUsdPerMillion ?? 0,
  );
  return roundUp(prompt * unitsOf(dearestInput) + completion * unitsOf(rates.outputUsdPerMillion));
};
