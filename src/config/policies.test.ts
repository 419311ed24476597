/** What would break: a request that goes further than one of its rules, a bill at the wrong price. */
import { describe, expect, it } from 'vitest';
import { reaches, tiersByDistance } from '../route/reach.js';
import { assumedCapabilities } from './capabilities.js';
import { priceFor } from './price-for.js';
import { reachFor } from './reach-for.js';

describe('reachFor', () => {
  const policy = {
    reach: 'private' as const,
    maxReach: 'third-party' as const,
    apps: { payroll: { reach: 'device' as const } },
    keys: { one: { reach: 'private' as const } },
  };

  it('takes the policy for a request that says nothing, and its own word otherwise', () => {
    expect(reachFor(policy, {})).toBe('private');
    expect(reachFor(policy, { requested: 'third-party' })).toBe('third-party');
    expect(reachFor(policy, { requested: 'device' })).toBe('device');
  });

  it('no rule that holds for a request is ever passed', () => {
    for (const maxReach of tiersByDistance)
      for (const requested of [undefined, ...tiersByDistance])
        for (const keyReach of [null, ...tiersByDistance])
          for (const keyName of [null, 'one', 'constructor'])
            for (const app of [null, 'payroll', '__proto__']) {
              const reach = reachFor({ ...policy, maxReach }, { requested, keyReach, keyName, app });
              const limits = [maxReach, requested ?? policy.reach, keyReach ?? 'third-party'];
              if (keyName === 'one') limits.push('private');
              if (app === 'payroll') limits.push('device');
              for (const limit of limits) expect(reaches(limit, reach)).toBe(true);
              expect(limits).toContain(reach);
            }
  });
});

describe('priceFor', () => {
  const own = { inputUsdPerMillion: 9, outputUsdPerMillion: 9 };
  const day = '2026-11-27';
  const openai = { name: 'openai', kind: 'openai' };

  it('takes the configured price before the listed one, the narrower name first', () => {
    const model = 'gpt-4o-mini';
    expect(priceFor({ prices: {}, endpoint: openai, model, day })).toMatchObject({
      price: { inputUsdPerMillion: 0.15 },
      source: 'https://developers.openai.com/api/docs/pricing',
      asOf: '2026-10-03',
    });
    expect(priceFor({ prices: { [model]: own }, endpoint: openai, model, day })).toEqual({
      price: own,
      source: 'configuration',
      asOf: null,
    });
    const cheaper = { inputUsdPerMillion: 1, outputUsdPerMillion: 1 };
    const prices = { [model]: own, [`openai/${model}`]: cheaper };
    expect(priceFor({ prices, endpoint: openai, model, day })?.price).toBe(cheaper);
  });

  it("puts no provider's price on an own machine", () => {
    const rack = { name: 'rack', kind: null };
    expect(priceFor({ prices: { m: own }, endpoint: rack, model: 'm', day })).toBeNull();
    expect(priceFor({ prices: { 'rack/m': own }, endpoint: rack, model: 'm', day })?.price).toBe(own);
    expect(priceFor({ prices: {}, endpoint: { name: 'x', kind: 'openrouter' }, model: 'constructor', day })).toBeNull();
  });
});

it('a model that embeds is taken to do nothing else', () => {
  expect(assumedCapabilities('openai', 'text-embedding-3-small')).toMatchObject({ embeddings: true, chat: false });
  expect(assumedCapabilities('private', 'qwen3')).toMatchObject({ embeddings: false, chat: true, completions: true });
  expect(assumedCapabilities('constructor', 'm')).toMatchObject({ chat: true });
});
