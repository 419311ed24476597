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
    planRoute(sampleRequest(changes), candidates, samplePolicy({ aliases: { smart: ['qwen3-32b', 'auto'] } })),
  );

describe('formatRoute', () => {
  it('tells steps, what leaves and what it costs', () => {
    expect(format({ model: 'auto', targets: { ttftMs: 2_000 } })).toBe(
      `Request: chat for "auto", about 100 prompt tokens, 200 answer tokens at most
Wants:   first token within 2 s
Reach:   third-party

Runs at the first of these that answers:
   PLACE                           FIRST TOKEN  LONGEST ANSWER  COST AT MOST  ASKS FIRST  WHY
-  ------------------------------  -----------  --------------  ------------  ----------  -----------------------------
1  device/device/pocket            250 ms       5.3 s           $0.00         no          nearest place that can answer
2  private/rack/qwen3-32b          ?            ?               $0.00         no          further away: private
3  third-party/openai/gpt-4o-mini  ?            ?               $0.000135     yes         further away: third-party

Passed over: nothing.

Leaves this machine:
  to rack (private), if step 1 does not answer: the request
  to openai (third-party), if steps 1 to 2 do not answer: the request after redaction, and only with a yes to exactly those bytes

Costs at most: $0.000135, at third-party/openai/gpt-4o-mini.`,
    );
  });

  it('tells every place that was passed over, and that nothing leaves', () => {
    const text = format({ reach: 'device', operation: 'embedding' });
    expect(text).toContain('about 100 prompt tokens\nReach:   device');
    expect(text).toMatch(/private\/rack\/qwen3-32b +beyond-reach +is private, the request may go to device/);
    expect(text).toMatch(/third-party\/openai\/gpt-4o-mini +beyond-reach/);
    expect(text).toContain('Leaves this machine: nothing.');
    expect(text).toContain('Costs at most: $0.00.');
  });

  it('tells when nothing can take it, and when a price is unknown', () => {
    expect(format({ model: 'gpt-9' })).toContain('Runs nowhere: no place inside the reach can take it.');
    const unpriced = format({ model: 'gpt-4o-mini' }, [{ ...openai, price: null }]);
    expect(unpriced).toMatch(/third-party\/openai\/gpt-4o-mini +\? +\? +unknown +yes/);
    expect(unpriced).toContain('to openai (third-party), at once: the request after redaction');
    expect(unpriced).toContain('Costs at most: unknown at third-party/openai/gpt-4o-mini, which has no price;');
  });
});
