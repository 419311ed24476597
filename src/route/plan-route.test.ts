/** What would break: a place taken that cannot answer, a nearer one ignored, a reason without its figures. */
import { describe, expect, it } from 'vitest';
import { planRoute } from './plan-route.js';
import type { Candidate, CandidateCapabilities, RouteRequest } from './route.js';
import { sampleCandidate, samplePolicy, sampleRequest } from './sample-route.test-support.js';

const device = sampleCandidate();
const rack = sampleCandidate({ tier: 'private', endpoint: 'rack', model: 'qwen3-32b' });
const openai = sampleCandidate({
  tier: 'third-party',
  endpoint: 'openai',
  model: 'gpt-4o-mini',
  price: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 },
});
const all = [openai, rack, device];

const plan = (
  changes: Partial<RouteRequest> = {},
  {
    candidates = all,
    aliases = {},
  }: { candidates?: readonly Candidate[]; aliases?: Record<string, readonly string[]> } = {},
) => planRoute(sampleRequest(changes), candidates, samplePolicy({ aliases }));

const stepIds = (route: ReturnType<typeof plan>): string[] => route.steps.map(({ candidate }) => candidate.id);
const reasons = (route: ReturnType<typeof plan>): Record<string, string> =>
  Object.fromEntries(route.passedOver.map(({ candidate, reason, detail }) => [candidate.id, `${reason}: ${detail}`]));

const needs = (changes: Partial<RouteRequest['needs']>): Partial<RouteRequest> => ({
  needs: { ...sampleRequest().needs, ...changes },
});
const without = (candidate: Candidate, changes: Partial<CandidateCapabilities>): Candidate => ({
  ...candidate,
  capabilities: { ...candidate.capabilities, ...changes },
});

describe('reach', () => {
  it('lets nothing beyond it through, whatever else is asked', () => {
    const route = plan({ reach: 'private', model: 'openai/gpt-4o-mini' });
    expect(stepIds(route)).toEqual([]);
    expect(reasons(route)).toEqual({
      'device/device/pocket': 'not-asked-for: "openai/gpt-4o-mini" was asked for',
      'private/rack/qwen3-32b': 'not-asked-for: "openai/gpt-4o-mini" was asked for',
      'third-party/openai/gpt-4o-mini': 'beyond-reach: is third-party, the request may go to private at the furthest',
    });
  });
});

describe('names', () => {
  it('auto means everything, nearest first, and only third parties ask for consent', () => {
    const route = plan();
    expect(stepIds(route)).toEqual([device.id, rack.id, openai.id]);
    expect(route.steps.map(({ needsConsent }) => needsConsent)).toEqual([false, false, true]);
    expect(route.steps.map(({ because }) => because)).toEqual([
      'nearest place that can answer',
      'further away: private',
      'further away: third-party',
    ]);
  });

  it('a model is asked for by its name or with its endpoint', () => {
    for (const model of ['qwen3-32b', 'rack/qwen3-32b']) expect(stepIds(plan({ model }))).toEqual([rack.id]);
    expect(plan({ model: 'qwen3-32b' }).steps[0]!.because).toBe('the model that was asked for');
  });

  it('the same model at two endpoints runs at the nearer one', () => {
    const far = sampleCandidate({ tier: 'third-party', endpoint: 'openrouter', model: 'qwen3-32b' });
    expect(stepIds(plan({ model: 'qwen3-32b' }, { candidates: [far, rack] }))).toEqual([rack.id, far.id]);
  });

  it('an alias holds its own order, even from far to near', () => {
    const aliases = { smart: ['gpt-4o-mini', 'rack/qwen3-32b'] };
    const route = plan({ model: 'smart' }, { aliases });
    expect(stepIds(route)).toEqual([openai.id, rack.id]);
    expect(route.steps.map(({ because }) => because)).toEqual(['choice 1 of "smart"', 'choice 2 of "smart"']);
    expect(reasons(route)[device.id]).toBe(
      'not-asked-for: "smart" was asked for, which stands for "gpt-4o-mini", "rack/qwen3-32b"',
    );
  });

  it('auto inside an alias stands for the rest, nearest first', () => {
    const route = plan({ model: 'smart' }, { aliases: { smart: ['qwen3-32b', 'auto'] } });
    expect(stepIds(route)).toEqual([rack.id, device.id, openai.id]);
  });

  it('aliases inside aliases are opened, and circles end', () => {
    const aliases = { a: ['b', 'qwen3-32b'], b: ['a', 'gpt-4o-mini'] };
    expect(stepIds(plan({ model: 'a' }, { aliases }))).toEqual([openai.id, rack.id]);
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`n${n}`, [`n${n + 1}`, `n${n + 1}`]]));
    expect(stepIds(plan({ model: 'n0' }, { aliases: { ...wide, n60: ['pocket'] } }))).toEqual([device.id]);
  });

  it('an unknown name passes over everything as not asked for, names of objects included', () => {
    for (const model of ['gpt-9', 'constructor', '__proto__', ''])
      expect(new Set(plan({ model }).passedOver.map(({ reason }) => reason))).toEqual(new Set(['not-asked-for']));
  });

  it('a name cannot steer the terminal that it is printed to', () => {
    const [passed] = plan({ model: `\u001b[31mred${'x'.repeat(500)}` }).passedOver;
    expect(passed!.detail).toMatch(/^"\?\[31mredx{52}\.\.\." was asked for$/);
  });
});

describe('capability', () => {
  it('asks for room for prompt and answer together', () => {
    const route = plan(needs({ promptTokens: 8_000, maxTokens: 1_000 }), { candidates: [device] });
    expect(reasons(route)[device.id]).toBe('context-length: needs 9,000 tokens of context, has 8,192');
    expect(stepIds(plan(needs({ promptTokens: 8_000, maxTokens: 192 }), { candidates: [device] }))).toHaveLength(1);
  });

  it('measures the longest input, not all of them together, where there are several', () => {
    const many = needs({ promptTokens: 100_000, longestPromptTokens: 500, maxTokens: 0 });
    expect(stepIds(plan({ operation: 'embedding', ...many }, { candidates: [device] }))).toHaveLength(1);
  });

  it('tries a place whose context length nobody knows', () => {
    const unknown = without(device, { contextLength: null });
    expect(stepIds(plan(needs({ promptTokens: 1e7 }), { candidates: [unknown] }))).toHaveLength(1);
  });

  it.each([
    ['chat', 'chat', 'answers no chats'],
    ['completion', 'completions', 'completes no plain text'],
    ['embedding', 'embeddings', 'makes no embeddings'],
  ] as const)('%s wants a place that can', (operation, capability, detail) => {
    const route = plan({ operation }, { candidates: [without(device, { [capability]: false })] });
    expect(reasons(route)[device.id]).toBe(`operation: ${detail}`);
  });

  it.each([
    ['tools', 'tools'],
    ['vision', 'vision'],
    ['audio', 'audio'],
    ['jsonSchema', 'json-schema'],
    ['logprobs', 'logprobs'],
  ] as const)('%s is only sent where it is understood', (need, reason) => {
    const candidates = [without(device, { [need]: false }), rack];
    const route = plan(needs({ [need]: true }), { candidates });
    expect(stepIds(route)).toEqual([rack.id]);
    expect(route.passedOver[0]!.reason).toBe(reason);
  });
});

describe('hardware and load', () => {
  const slow = { ...device, speed: { prefillTokensPerSecond: 50, decodeTokensPerSecond: 10 } };

  it('passes over a machine that misses the first token or the pace asked for, with the figures', () => {
    expect(reasons(plan({ targets: { ttftMs: 1_500 } }, { candidates: [slow] }))[device.id]).toBe(
      'too-slow: first token after 2 s at its measured speed, wanted within 1.5 s',
    );
    expect(reasons(plan({ targets: { tpotMs: 50 } }, { candidates: [slow] }))[device.id]).toBe(
      'too-slow: 100 ms per token at its measured speed, wanted 50 ms',
    );
    expect(stepIds(plan({ targets: { ttftMs: 2_000, tpotMs: 100 } }, { candidates: [slow] }))).toHaveLength(1);
  });

  it('counts the way to a far endpoint once, not per token', () => {
    const far = { ...rack, speed: { prefillTokensPerSecond: 1e4, decodeTokensPerSecond: 50, overheadMs: 300 } };
    const route = plan({ targets: { ttftMs: 320 } }, { candidates: [{ ...far, load: null }] });
    expect(stepIds(route)).toHaveLength(1);
    expect(stepIds(plan({ targets: { ttftMs: 309 } }, { candidates: [far] }))).toHaveLength(0);
  });

  it('does not judge what was never measured', () => {
    expect(stepIds(plan({ targets: { ttftMs: 1, tpotMs: 1 } }, { candidates: [device] }))).toHaveLength(1);
  });

  it('passes over a queue that does not move in time', () => {
    const busy = { ...device, load: { running: 4, queued: 3, parallel: 4, meanServiceMs: 8_000 } };
    expect(reasons(plan({ targets: { deadlineMs: 5_000 } }, { candidates: [busy] }))[device.id]).toBe(
      'too-busy: 4 running and 3 queued on 4 places: a wait of 8 s, first token wanted within 5 s',
    );
    expect(stepIds(plan({ targets: { deadlineMs: 8_000 } }, { candidates: [busy] }))).toHaveLength(1);
    const free = { ...device, load: { running: 3, queued: 0, parallel: 4, meanServiceMs: 8_000 } };
    expect(stepIds(plan({ targets: { ttftMs: 1 } }, { candidates: [free] }))).toHaveLength(1);
  });

  it('expects queue, prefill and the longest answer', () => {
    const candidate = {
      ...device,
      speed: { prefillTokensPerSecond: 200, decodeTokensPerSecond: 20 },
      load: { running: 2, queued: 1, parallel: 2, meanServiceMs: 1_000 },
    };
    expect(plan({}, { candidates: [candidate] }).steps[0]).toMatchObject({
      expectedTtftMs: 1_000 + 500,
      expectedTotalMs: 1_500 + 200 * 50,
    });
  });
});

describe('money', () => {
  it('takes the worst case against the wish and the budget', () => {
    // 100 * 150 + 200 * 600 nanodollars
    expect(plan({ model: 'gpt-4o-mini', maxCostNanoUsd: 135_000 }).steps[0]!.worstCostNanoUsd).toBe(135_000);
    expect(reasons(plan({ model: 'gpt-4o-mini', maxCostNanoUsd: 134_999 }))[openai.id]).toBe(
      'too-expensive: may cost $0.000135, the request may cost $0.000134999',
    );
    expect(reasons(plan({ model: 'gpt-4o-mini', budgetLeftNanoUsd: 1_000 }))[openai.id]).toBe(
      'over-budget: may cost $0.000135, the budget has left $0.000001',
    );
  });

  it('goes on for nothing on own machines when the budget is spent', () => {
    expect(stepIds(plan({ budgetLeftNanoUsd: 0 }))).toEqual([device.id, rack.id]);
    expect(stepIds(plan({ budgetLeftNanoUsd: -5, maxCostNanoUsd: 0 }))).toEqual([device.id, rack.id]);
  });

  it('sends nothing to a third party of unknown price where money is limited', () => {
    const unpriced = { ...openai, price: null };
    expect(reasons(plan({ budgetLeftNanoUsd: 5e9 }, { candidates: [unpriced] }))[openai.id]).toBe(
      'over-budget: its price is unknown, the budget has left $5.00',
    );
    expect(stepIds(plan({}, { candidates: [unpriced] }))).toEqual([openai.id]);
  });
});

describe('order inside a tier', () => {
  const at = (endpoint: string, changes: Partial<Candidate> = {}): Candidate =>
    sampleCandidate({ tier: 'private', endpoint, model: 'm', ...changes });
  const speed = (decodeTokensPerSecond: number) => ({ prefillTokensPerSecond: 1000, decodeTokensPerSecond });
  const idle = { running: 0, queued: 0, parallel: 4, meanServiceMs: 100 };

  it('puts places on trial last, then goes by time, cost and name', () => {
    const candidates = [
      at('trial', { circuit: 'half-open', speed: speed(900), load: idle }),
      at('slow', { speed: speed(10), load: idle }),
      at('fast', { speed: speed(100), load: idle }),
      at('dear', { speed: speed(100), load: idle, price: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 } }),
      at('twin', { speed: speed(100), load: idle }),
      at('broken', { circuit: 'open' }),
    ];
    const route = plan({ model: 'm' }, { candidates });
    expect(route.steps.map(({ candidate, because }) => [candidate.endpoint, because])).toEqual([
      ['fast', 'the model that was asked for'],
      ['twin', 'same tier, equal but for its name'],
      ['dear', 'same tier, dearer: $0.0003 against $0.00 at most'],
      ['slow', 'same tier, slower: 20.1 s expected against 2.1 s'],
      ['trial', 'same tier, on trial after failures'],
    ]);
    expect(reasons(route)['private/broken/m']).toBe('circuit-open: failed too often lately and is left alone for now');
  });

  it('tries what was never measured first, so that it gets measured', () => {
    const candidates = [at('known', { speed: speed(100), load: idle }), at('new')];
    expect(plan({ model: 'm' }, { candidates }).steps.map(({ candidate }) => candidate.endpoint)).toEqual([
      'new',
      'known',
    ]);
  });
});
