/** An answer is given again to the same question only: same bits, same key, same reach, in time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reaches, tiersByDistance } from '../route/reach.js';
import type { ChatEvent, ChatRequest, TierName } from '../tiers/tier.js';
import { createResponseCache, type ResponseCache, type ResponseCachePolicy } from './response-cache.js';
import { type CacheQuestion, cacheKey } from './response-cache-key.js';

const policy: ResponseCachePolicy = { maxEntries: 10, maxBytes: 100_000, maxAgeMs: 1000 };
const request: ChatRequest = {
  model: 'm',
  messages: [{ role: 'user', content: 'hello' }],
  sampling: { temperature: 0 },
};
const question: CacheQuestion = { operation: 'chat', request, keyId: 'k1', reach: 'third-party' };
const end = {
  type: 'end',
  reason: 'stop',
  usage: { promptTokens: 3, cachedTokens: 1, completionTokens: 2 },
  timings: { queueMs: 1, ttftMs: 20, totalMs: 300 },
} as const satisfies ChatEvent;
const answer: readonly ChatEvent[] = [
  { type: 'start', promptTokens: 3, cachedTokens: 1 },
  { type: 'reasoning', text: 'hm' },
  {
    type: 'text',
    text: 'hi',
    logprobs: [{ token: 1, text: 'hi', bytes: [104, 105], logprob: Number.NEGATIVE_INFINITY, top: [] }],
  },
  { type: 'tool-call', index: 0, id: 'c', name: 'f', argumentsDelta: '{}' },
  end,
];

const store = (
  cache: ResponseCache,
  { asked = question, events = answer, tier = 'device' as TierName, nowMs = 0 } = {},
): boolean => {
  const recorder = cache.record(asked, tier);
  for (const event of events) recorder.push(event);
  return recorder.keep(nowMs);
};

describe('a cached answer', () => {
  it('has the same events, timings and log-probabilities included', () => {
    const cache = createResponseCache(policy);
    expect(cache.find(question, 0)).toBeNull();
    expect(store(cache, { tier: 'private', nowMs: 5 })).toBe(true);
    expect(cache.find(question, 105)).toEqual({ events: answer, tier: 'private', ageMs: 100 });
    expect(cache.stats()).toMatchObject({ entries: 1, hits: 1, misses: 1 });
  });

  it('is nobody else’s to change', () => {
    const cache = createResponseCache(policy);
    store(cache);
    (cache.find(question, 0)!.events as ChatEvent[]).length = 0;
    expect(cache.find(question, 0)!.events).toEqual(answer);
  });

  it('does not tell of the route, cost and receipt of the request that it answered first', () => {
    const served = {
      routeId: 'r1',
      tier: 'third-party',
      endpoint: 'openai',
      model: 'x',
      costNanoUsd: 5,
      receiptId: 'p1',
    } as const;
    const cache = createResponseCache(policy);
    store(cache, { events: [{ ...end, served }] });
    expect(cache.find(question, 0)!.events).toEqual([end]);
  });

  it.each<[string, CacheQuestion]>([
    ['another key', { ...question, keyId: 'k2' }],
    ['no key', { ...question, keyId: null }],
    ['a key named like none', { ...question, keyId: 'null' }],
    ['a lesser reach', { ...question, reach: 'private' }],
    ['another operation', { ...question, operation: 'completion' }],
    ['another model', { ...question, request: { ...request, model: 'n' } }],
    ['another seed', { ...question, request: { ...request, sampling: { temperature: 0, seed: 1 } } }],
    ['another end user', { ...question, request: { ...request, client: 'ada' } }],
    ['a longer answer', { ...question, request: { ...request, maxTokens: 9 } }],
    ['another word', { ...question, request: { ...request, messages: [{ role: 'user', content: 'hello ' }] } }],
    ['another role', { ...question, request: { ...request, messages: [{ role: 'system', content: 'hello' }] } }],
  ])('is not for %s', (_, other) => {
    const cache = createResponseCache(policy);
    store(cache);
    expect(cache.find(other, 0)).toBeNull();
  });

  it('is for the same request in another order of names', () => {
    const cache = createResponseCache(policy);
    store(cache);
    const { model, messages, sampling } = request;
    expect(cache.find({ ...question, request: { sampling: sampling!, messages, model } }, 0)).not.toBeNull();
  });

  it('grows too old, and with a clock that was set back its age is not known', () => {
    const cache = createResponseCache(policy);
    store(cache, { nowMs: 1000 });
    expect(cache.find(question, 1999)).not.toBeNull();
    expect(cache.find(question, 2000)).toBeNull();
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
    store(cache, { nowMs: 1000 });
    expect(cache.find(question, 999)).toBeNull();
  });
});

describe('what is not kept', () => {
  const kept = (events: readonly ChatEvent[], asked = question, tier: TierName = 'device'): boolean =>
    store(createResponseCache(policy), { events, asked, tier });
  it.each<[string, readonly ChatEvent[]]>([
    ['an answer that broke off', answer.slice(0, -1)],
    ['no answer', []],
    ['text after the end', [...answer, { type: 'text', text: 'x' }]],
    ['two ends', [end, end]],
    ['a filtered answer', [{ ...end, reason: 'content-filter' }]],
    ['a hand-over', [{ ...end, overflow: true }]],
  ])('%s', (_, events) => expect(kept(events)).toBe(false));

  it('an answer from beyond the reach', () => {
    expect(kept(answer, { ...question, reach: 'private' }, 'third-party')).toBe(false);
  });

  it('an answer drawn by lot, unless the policy says so', () => {
    const drawn = { ...question, request: { ...request, sampling: { temperature: 0.7 } } };
    expect(kept(answer, drawn)).toBe(false);
    expect(kept(answer, { ...question, request: { model: 'm', messages: [] } })).toBe(false);
    expect(kept(answer, { ...question, request: { ...request, sampling: { seed: 7 } } })).toBe(true);
    const cache = createResponseCache({ ...policy, includeRandom: true });
    expect(store(cache, { asked: drawn })).toBe(true);
    expect(cache.find(drawn, 1)).not.toBeNull();
  });

  it('an answer larger than the cache, of which nothing is held while it streams', () => {
    const cache = createResponseCache({ ...policy, maxBytes: 2000 });
    const recorder = cache.record(question, 'device');
    for (let count = 0; count < 100; count++) recorder.push({ type: 'text', text: 'x'.repeat(100) });
    recorder.push(end);
    expect(recorder.keep(0)).toBe(false);
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('a request that is no plain data', () => {
    for (const odd of [() => 1, new Map([['a', 1]]), 1n]) {
      const asked = { ...question, request: { ...request, templateVariables: { odd } } };
      expect(cacheKey(asked)).toBeNull();
      expect(kept(answer, asked)).toBe(false);
    }
  });
});

describe('for any sequence of questions', () => {
  const asked = fc.record({
    operation: fc.constantFrom('chat' as const, 'completion' as const),
    keyId: fc.constantFrom('a', 'b', null),
    reach: fc.constantFrom(...tiersByDistance),
    text: fc.constantFrom('x', 'y', 'z'),
  });
  const step = fc.record({
    asked,
    tier: fc.constantFrom(...tiersByDistance),
    passMs: fc.integer({ min: 0, max: 600 }),
    isStore: fc.boolean(),
    length: fc.integer({ min: 0, max: 500 }),
  });

  it('an answer never comes from beyond the reach, from another key, for another request or too late; bounds hold', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bounds = { maxEntries: 4, maxBytes: 4000, maxAgeMs: 1000 };
        const cache = createResponseCache(bounds);
        /** Everything that was ever kept, by what the answer says of itself. */
        const kept = new Map<string, { asked: (typeof steps)[number]['asked']; tier: TierName; atMs: number }>();
        let nowMs = 0;
        for (const [index, { asked: now, tier, passMs, isStore, length }] of steps.entries()) {
          nowMs += passMs;
          const { text, ...rest } = now;
          const full: CacheQuestion = {
            ...rest,
            request: { ...request, messages: [{ role: 'user', content: text }] },
          };
          if (isStore) {
            const id = `${index} ${'.'.repeat(length)}`;
            const stored = store(cache, { asked: full, tier, nowMs, events: [{ type: 'text', text: id }, end] });
            expect(stored && !reaches(now.reach, tier)).toBe(false);
            if (stored) kept.set(id, { asked: now, tier, atMs: nowMs });
          } else {
            const found = cache.find(full, nowMs);
            if (found !== null) {
              const [first] = found.events;
              const origin = kept.get(first?.type === 'text' ? first.text : '')!;
              expect(origin.asked).toEqual(now);
              expect(reaches(now.reach, found.tier)).toBe(true);
              expect(found.tier).toBe(origin.tier);
              expect(nowMs - origin.atMs).toBeLessThan(bounds.maxAgeMs);
            }
          }
          const { entries, bytes } = cache.stats();
          expect(entries).toBeLessThanOrEqual(bounds.maxEntries);
          expect(bytes).toBeLessThanOrEqual(bounds.maxBytes);
        }
      }),
    );
  });

  it('the answer used longest ago goes first', () => {
    const cache = createResponseCache({ ...policy, maxEntries: 2 });
    const of = (keyId: string): CacheQuestion => ({ ...question, keyId });
    store(cache, { asked: of('a') });
    store(cache, { asked: of('b') });
    cache.find(of('a'), 1);
    store(cache, { asked: of('c') });
    expect(
      [cache.find(of('a'), 1), cache.find(of('b'), 1), cache.find(of('c'), 1)].map((found) => found !== null),
    ).toEqual([true, false, true]);
    expect(cache.stats().evictions).toBe(1);
  });

  it('digests differ where requests differ, lone surrogates and odd numbers too', () => {
    const of = (change: Partial<ChatRequest>): string | null =>
      cacheKey({ ...question, request: { ...request, ...change } });
    const bias = (value: number): Partial<ChatRequest> => ({ sampling: { temperature: 0, logitBias: [[1, value]] } });
    const keys = [
      of({}),
      of({ messages: [{ role: 'user', content: '\ud800' }] }),
      of({ messages: [{ role: 'user', content: '\ud801' }] }),
      of(bias(Number.NEGATIVE_INFINITY)),
      of(bias(Number.POSITIVE_INFINITY)),
      of({ templateVariables: { a: null } }),
      of({ templateVariables: { a: 'null' } }),
      of({ templateVariables: { a: [] } }),
      of({ templateVariables: { a: {} } }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(null);
  });
});
