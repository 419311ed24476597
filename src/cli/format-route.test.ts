/** What would break: a person who cannot see where content goes, why, and what it costs. */
import { describe, expect, it } from 'vitest';
import { planRoute } from '../route/plan-route.js';
import { sampleCandidate, samplePolicy, sampleRequest } from '../route/sample-route.test-support.js';
import { formatRoute } from './format-route.js';

const idle = { running: 0, queued: 0, parallel: 4, meanServiceMs: 900 };
const device = sampleCandidate({ speed: { prefillTokensPerSecond: 400, decodeTokensPerSecond: 40 }, load: idle });
const rack = sampleCandidate({ tier: 'private', endpoint: 'rack', model: 'qwen3-32b' });
const openai = sampleCandidate({
  tier: 'third-party',
  endpoint: 'openai',
  model: 'gpt-4o-mini',
  price: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 },
});

const format = (changes: Parameters<typeof sampleRequest>[0], candidates = [device, rack, openai]): string =>
  formatRoute(
    {
      route: planRoute(sampleRequest(changes), candidates, samplePolicy({ aliases: { smart: ['qwen3-32b', 'auto'] } })),
      sendings: [],
    },
    { columns: Number.POSITIVE_INFINITY, showBytes: false },
  );

describe('formatRoute', () => {
  it('tells steps, what leaves and what it costs', () => {
    expect(format({ model: 'auto', targets: { ttftMs: 2_000 } })).toBe(
      `Request: chat for "auto", about 100 prompt tokens, 200 answer tokens at most
Wants:   first token within 2 s
Reach:   third-party

Runs at the first of these that answers:
  1. pocket on this device
     nearest place that can answer; free; first token after 250 ms; longest answer 5.3 s
  2. qwen3-32b at rack (private)
     further away: private; free
  3. gpt-4o-mini at openai (third-party)
     further away: third-party; costs $0.000135 at most; asks for a yes first

Passed over: nothing.

Leaves this machine:
  to rack (private), if step 1 does not answer: the request as it is
  to openai (third-party), if steps 1 to 2 do not answer: this, and only with a yes to exactly this

Costs at most: $0.000135, with gpt-4o-mini at openai (third-party).`,
    );
  });

  it('tells every place that was passed over, and that nothing leaves', () => {
    const text = format({ reach: 'device', operation: 'embedding' });
    expect(text).toContain('about 100 prompt tokens\nReach:   device');
    expect(text).toMatch(/qwen3-32b at rack \(private\): is private, the request may go to device .*\(beyond-reach\)/);
    expect(text).toMatch(/gpt-4o-mini at openai \(third-party\): .*\(beyond-reach\)/);
    expect(text).toContain('Leaves this machine: nothing.');
    expect(text).toContain('Costs at most: $0.00.');
  });

  it('tells when nothing can take it, and when a price is unknown', () => {
    expect(format({ model: 'gpt-9' })).toContain('Runs nowhere: no place inside the reach can take it.');
    const unpriced = format({ model: 'gpt-4o-mini' }, [{ ...openai, price: null }]);
    expect(unpriced).toMatch(
      /gpt-4o-mini at openai \(third-party\)\n.*; costs what is not known; asks for a yes first/,
    );
    expect(unpriced).toContain('to openai (third-party), at once: this, and only with a yes to exactly this');
    expect(unpriced).toContain(
      'Costs at most: unknown with gpt-4o-mini at openai (third-party), whose price is not known;',
    );
  });
});
