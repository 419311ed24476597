/** What would break: a price without its source, two prices on one day, a figure that was never published. */
import { describe, expect, it } from 'vitest';
import { findPrice, modelPrices } from './prices.js';

describe('model prices', () => {
  it('each row says its source and its day', () => {
    for (const { model, source, asOf, from, until } of modelPrices) {
      expect(source, model).toMatch(/^https:\/\//);
      for (const day of [asOf, from ?? asOf, until ?? asOf]) expect(day, model).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });

  it('a model has one price on any one day', () => {
    const days = ['2026-10-03', '2026-12-31', '2027-01-01', '2030-06-01'];
    for (const { provider, model } of modelPrices)
      for (const day of days) {
        const valid = modelPrices.filter(
          (row) =>
            row.provider === provider && row.model === model && (row.from ?? '') <= day && day <= (row.until ?? '9999'),
        );
        expect(valid, `${model} on ${day}`).toHaveLength(1);
      }
  });

  it('rates are in an order that providers use: cached input cheapest, long prompts dearest', () => {
    for (const { model, price } of modelPrices)
      for (const rates of [price, ...(price.longPrompt === undefined ? [] : [price.longPrompt])]) {
        expect(rates.cachedInputUsdPerMillion ?? 0, model).toBeLessThanOrEqual(rates.inputUsdPerMillion);
        expect(rates.cacheWriteUsdPerMillion ?? Infinity, model).toBeGreaterThanOrEqual(rates.inputUsdPerMillion);
        expect(rates.inputUsdPerMillion, model).toBeGreaterThanOrEqual(price.inputUsdPerMillion);
        expect(rates.outputUsdPerMillion, model).toBeGreaterThanOrEqual(price.outputUsdPerMillion);
      }
  });

  it('finds a price by provider, whole name and day', () => {
    const find = (model: string, day = '2026-11-27', provider = 'gemini') => findPrice({ provider, model, day });
    expect(find('gemini-3.8-flash')?.price.inputUsdPerMillion).toBe(0.75);
    expect(find('gemini-3.8-flash', '2027-01-01')?.price.inputUsdPerMillion).toBe(1.5);
    expect(find('gpt-4o-mini', '2026-11-27', 'openai')?.price).toEqual({
      inputUsdPerMillion: 0.15,
      outputUsdPerMillion: 0.6,
      cachedInputUsdPerMillion: 0.075,
    });
    expect(find('gpt-4o-mini')).toBeNull();
    expect(find('gpt-4o-mini-2024-07-18', '2026-11-27', 'openai')).toBeNull();
  });
});
