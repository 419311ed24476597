/** What would break: content at a place too many, money spent twice, a hedge that cannot come in time. */
import { describe, expect, it } from 'vitest';
import { hedgeDelay } from './hedge-delay.js';
import { planRoute } from './plan-route.js';
import type { Candidate, RouteRequest } from './route.js';
import { sampleCandidate, samplePolicy, sampleRequest } from './sample-route.test-support.js';

const device = sampleCandidate();
const rack = sampleCandidate({ tier: 'private', endpoint: 'rack', model: 'm' });
const shelf = sampleCandidate({ tier: 'private', endpoint: 'shelf', model: 'm' });
const openai = sampleCandidate({ tier: 'third-party', endpoint: 'openai', model: 'm' });

const hedge = (
  candidates: readonly Candidate[],
  changes: {
    request?: Partial<RouteRequest>;
    stepIndex?: number;
    remainingMs?: number;
    hedgeAfterMs?: number | null;
  } = {},
) => {
  const { stepIndex = 0, remainingMs = 60_000, hedgeAfterMs = 800 } = changes;
  const policy = samplePolicy({ hedgeAfterMs });
  const route = planRoute(sampleRequest(changes.request), candidates, policy);
  return hedgeDelay({ route, stepIndex, policy, remainingMs });
};

describe('hedgeDelay', () => {
  it('starts the next place beside the first after the time that the policy says', () => {
    expect(hedge([device, rack])).toEqual({ stepIndex: 1, afterMs: 800 });
    expect(hedge([device, rack], { hedgeAfterMs: null })).toBeNull();
    expect(hedge([device], {})).toBeNull();
    expect(hedge([device, rack], { stepIndex: 1 })).toBeNull();
    expect(hedge([device, rack], { stepIndex: 7 })).toBeNull();
  });

  it('never goes to a third party, nor where it costs', () => {
    expect(hedge([device, openai])).toBeNull();
    const priced = { ...rack, price: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 } };
    expect(hedge([device, priced])).toBeNull();
    expect(hedge([device, priced, shelf])).toEqual({ stepIndex: 1, afterMs: 800 });
  });

  it('leaves out the same endpoint and places on trial', () => {
    expect(hedge([device, sampleCandidate({ model: 'other' })])).toBeNull();
    expect(hedge([rack, { ...shelf, circuit: 'half-open' }])).toBeNull();
  });

  it('does not start what cannot come in time', () => {
    expect(hedge([device, rack], { remainingMs: 800 })).toBeNull();
    expect(hedge([device, rack], { hedgeAfterMs: 8_000 })).toBeNull();
    const slow = {
      ...rack,
      speed: { prefillTokensPerSecond: 100, decodeTokensPerSecond: 10 },
      load: { running: 0, queued: 0, parallel: 1, meanServiceMs: 1 },
    };
    expect(hedge([device, slow], { remainingMs: 1_800 })).toBeNull();
    expect(hedge([device, slow], { remainingMs: 1_801 })).not.toBeNull();
  });

  it('never doubles embeddings', () => {
    expect(hedge([device, rack], { request: { operation: 'embedding' } })).toBeNull();
  });
});
