/** What would break: a budget that drifts by fractions, a reservation that is smaller than the bill. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costNanoUsd, worstCostNanoUsd } from './cost.js';
import type { TokenPrice } from './route.js';

/** A price as somebody writes it: up to nine decimals. Returned with its exact value in 1e-9 USD per million tokens. */
const written = fc
  .tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 9 }), fc.nat(999_999_999))
  .map(([whole, decimals, digits]) => {
    const fraction = String(digits).padStart(9, '0').slice(0, decimals);
    const text = fraction === '' ? String(whole) : `${whole}.${fraction}`;
    return { usd: Number(text), exact: BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')) };
  });
const tokens = fc.nat(5_000_000);
const rates = fc.record({ input: written, output: written, cached: written, write: written });

const priceOf = ({
  input,
  output,
  cached,
  write,
}: { [name in 'input' | 'output' | 'cached' | 'write']: { usd: number } }) => ({
  inputUsdPerMillion: input.usd,
  outputUsdPerMillion: output.usd,
  cachedInputUsdPerMillion: cached.usd,
  cacheWriteUsdPerMillion: write.usd,
});

describe('costNanoUsd', () => {
  it('is the exact sum in integers, rounded up to a nanodollar', () => {
    fc.assert(
      fc.property(rates, tokens, tokens, tokens, tokens, (rate, fresh, cached, write, completion) => {
        const usage = {
          promptTokens: fresh + cached + write,
          cachedTokens: cached,
          cacheWriteTokens: write,
          completionTokens: completion,
        };
        const exact =
          BigInt(fresh) * rate.input.exact +
          BigInt(cached) * rate.cached.exact +
          BigInt(write) * rate.write.exact +
          BigInt(completion) * rate.output.exact;
        const roundedUp = (exact + 999_999n) / 1_000_000n;
        expect(BigInt(costNanoUsd(usage, priceOf(rate)))).toBe(
          roundedUp < BigInt(Number.MAX_SAFE_INTEGER) ? roundedUp : BigInt(Number.MAX_SAFE_INTEGER),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('never passes the worst case of a request with at most so many tokens', () => {
    const longer = fc.option(fc.record({ overTokens: tokens, rates }), { nil: null });
    fc.assert(
      fc.property(
        rates,
        longer,
        tokens,
        tokens,
        fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100)),
        (rate, long, promptTokens, maxTokens, shares) => {
          const base = priceOf(rate);
          const dearer = (a: number, b: number): number => Math.max(a, b);
          const price: TokenPrice =
            long === null
              ? base
              : {
                  ...base,
                  longPrompt: {
                    overTokens: long.overTokens,
                    inputUsdPerMillion: dearer(long.rates.input.usd, base.inputUsdPerMillion),
                    outputUsdPerMillion: dearer(long.rates.output.usd, base.outputUsdPerMillion),
                    cachedInputUsdPerMillion: dearer(long.rates.cached.usd, base.cachedInputUsdPerMillion),
                    cacheWriteUsdPerMillion: dearer(long.rates.write.usd, base.cacheWriteUsdPerMillion),
                  },
                };
          const part = (of: number, share: number): number => Math.floor((of * share) / 100);
          const usedPrompt = part(promptTokens, shares[0]);
          const usage = {
            promptTokens: usedPrompt,
            cachedTokens: part(usedPrompt, shares[1]),
            cacheWriteTokens: part(usedPrompt, shares[2]),
            completionTokens: part(maxTokens, shares[3]),
          };
          expect(costNanoUsd(usage, price)).toBeLessThanOrEqual(worstCostNanoUsd({ promptTokens, maxTokens }, price));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('bills what a provider bills: gpt-4o-mini, a million tokens each way', () => {
    const price = { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6, cachedInputUsdPerMillion: 0.075 };
    const usage = { promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 1_000_000 };
    expect(costNanoUsd(usage, price)).toBe(90_000_000 + 30_000_000 + 600_000_000);
  });

  it('takes the whole request at the rates for long prompts once the prompt is long', () => {
    const price = {
      inputUsdPerMillion: 2,
      outputUsdPerMillion: 10,
      longPrompt: { overTokens: 272_000, inputUsdPerMillion: 4, outputUsdPerMillion: 15 },
    };
    expect(worstCostNanoUsd({ promptTokens: 272_000, maxTokens: 100 }, price)).toBe(272_000 * 2_000 + 100 * 10_000);
    expect(worstCostNanoUsd({ promptTokens: 272_001, maxTokens: 100 }, price)).toBe(272_001 * 4_000 + 100 * 15_000);
  });

  it('does not give a rebate for more cached tokens than there were', () => {
    const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 1, cachedInputUsdPerMillion: 0 };
    expect(costNanoUsd({ promptTokens: 10, cachedTokens: 1e9, completionTokens: 0 }, price)).toBe(0);
    expect(costNanoUsd({ promptTokens: 10, cachedTokens: -5, completionTokens: -3 }, price)).toBe(10_000);
  });

  it('costs nothing on own machines, and the most that can be said where a count is no number', () => {
    expect(worstCostNanoUsd({ promptTokens: Infinity, maxTokens: Infinity }, null)).toBe(0);
    const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 1 };
    for (const count of [Number.NaN, Infinity]) {
      expect(worstCostNanoUsd({ promptTokens: 1, maxTokens: count }, price)).toBe(Number.MAX_SAFE_INTEGER);
      expect(costNanoUsd({ promptTokens: count, cachedTokens: 0, completionTokens: 0 }, price)).toBe(
        Number.MAX_SAFE_INTEGER,
      );
    }
  });
});
