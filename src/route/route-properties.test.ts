/**
 * Thousands of policies, places, requests, failures and timings against the promises of this room. What would break:
 * content beyond its reach, a place that is neither taken nor explained, an answer begun twice, retries without end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterFailure } from './after-failure.js';
import { hedgeDelay } from './hedge-delay.js';
import { planRoute } from './plan-route.js';
import { reaches, tiersByDistance } from './reach.js';
import type { Candidate, Route, RoutePolicy, RouteRequest, TryFailure } from './route.js';

const models = ['pocket', 'qwen', 'gpt', 'claude', 'auto'] as const;
const endpoints = ['device', 'rack', 'openai'] as const;
const tier = fc.constantFrom(...tiersByDistance);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const mostly = fc.integer({ min: 0, max: 9 }).map((number) => number > 0);
const usd = fc.double({ min: 0, max: 100, noNaN: true });

const candidateParts = fc.record({
  tier,
  endpoint: fc.constantFrom(...endpoints),
  model: fc.constantFrom(...models),
  capabilities: fc.record({
    contextLength: maybe(fc.integer({ min: 1, max: 4_000 })),
    chat: mostly,
    completions: mostly,
    embeddings: mostly,
    tools: mostly,
    vision: mostly,
    audio: mostly,
    jsonSchema: mostly,
    logprobs: mostly,
    handsOver: fc.boolean(),
  }),
  price: maybe(fc.record({ inputUsdPerMillion: usd, outputUsdPerMillion: usd })),
  speed: maybe(
    fc.record({ prefillTokensPerSecond: fc.nat(5_000), decodeTokensPerSecond: fc.nat(200), overheadMs: fc.nat(500) }),
  ),
  load: maybe(
    fc.record({
      running: fc.nat(8),
      queued: fc.nat(8),
      parallel: fc.integer({ min: 1, max: 8 }),
      meanServiceMs: fc.nat(5_000),
    }),
  ),
  circuit: fc.constantFrom('closed' as const, 'closed' as const, 'open' as const, 'half-open' as const),
});

const candidates = fc
  .uniqueArray(candidateParts, { maxLength: 9, selector: (one) => `${one.tier}/${one.endpoint}/${one.model}` })
  .map((all) => all.map((one): Candidate => ({ ...one, id: `${one.tier}/${one.endpoint}/${one.model}` })));

const name = fc.constantFrom(...models, 'smart', 'rack/qwen', 'openai/gpt', 'nobody', 'loop', 'constructor');
const policy: fc.Arbitrary<RoutePolicy> = fc.record({
  aliases: fc.dictionary(fc.constantFrom('smart', 'loop', 'gpt', 'auto'), fc.array(name, { maxLength: 4 }), {
    maxKeys: 4,
  }),
  confidenceLine: fc.double({ min: 0, max: 1, noNaN: true }),
  timeouts: fc.record({ firstTokenMs: fc.nat(10_000), stallMs: fc.nat(10_000), totalMs: fc.nat(100_000) }),
  retries: fc.nat(4),
  hedgeAfterMs: maybe(fc.nat(3_000)),
});

const request: fc.Arbitrary<RouteRequest> = fc.record(
  {
    id: fc.constant('r'),
    model: fc.oneof({ weight: 2, arbitrary: fc.constant('auto') }, { weight: 3, arbitrary: name }),
    operation: fc.constantFrom('chat' as const, 'completion' as const, 'embedding' as const),
    reach: tier,
    needs: fc.record({
      promptTokens: fc.nat(3_000),
      maxTokens: fc.nat(1_000),
      tools: fc.boolean(),
      vision: fc.boolean(),
      audio: fc.boolean(),
      jsonSchema: fc.boolean(),
      logprobs: fc.boolean(),
    }),
    targets: fc.record(
      { ttftMs: fc.nat(20_000), tpotMs: fc.nat(200), deadlineMs: fc.nat(60_000) },
      { requiredKeys: [] },
    ),
    budgetLeftNanoUsd: maybe(fc.integer({ min: -1_000, max: 500_000_000 })),
    maxCostNanoUsd: fc.nat(500_000_000),
  },
  { requiredKeys: ['id', 'model', 'operation', 'reach', 'needs', 'targets', 'budgetLeftNanoUsd'] },
);

const failure: fc.Arbitrary<TryFailure> = fc.oneof(
  fc.record({ type: fc.constant('handed-over' as const), confidence: maybe(fc.double({ min: 0, max: 1 })) }),
  fc.record({
    type: fc.constant('failed' as const),
    code: fc.constantFrom('unreachable', 'rate-limited', 'refused', 'truncated'),
    retryable: mostly,
    retryAfterMs: maybe(fc.nat(20_000)),
    answerStarted: fc.integer({ min: 0, max: 4 }).map((number) => number === 0),
  }),
);

const runs = { numRuns: 4000 };
const decisionsOf = ({ steps, passedOver }: Route) => ({ steps, passedOver });

describe('planRoute', () => {
  it('steps stay inside the reach, and every place is accounted for exactly once', () => {
    fc.assert(
      fc.property(request, candidates, policy, (asked, all, rules) => {
        const route = planRoute(asked, all, rules);
        for (const { candidate, needsConsent, worstCostNanoUsd } of route.steps) {
          expect(reaches(asked.reach, candidate.tier)).toBe(true);
          expect(needsConsent).toBe(candidate.tier === 'third-party');
          expect(candidate.circuit).not.toBe('open');
          if (worstCostNanoUsd > 0 && asked.maxCostNanoUsd !== undefined)
            expect(worstCostNanoUsd).toBeLessThanOrEqual(asked.maxCostNanoUsd);
          if (worstCostNanoUsd > 0 && asked.budgetLeftNanoUsd !== null)
            expect(worstCostNanoUsd).toBeLessThanOrEqual(asked.budgetLeftNanoUsd);
        }
        for (const { candidate, reason, detail } of route.passedOver) {
          expect(reason === 'beyond-reach').toBe(!reaches(asked.reach, candidate.tier));
          expect(detail).toMatch(/^\S.*\S$/s);
        }
        const told = [...route.steps, ...route.passedOver].map(({ candidate }) => candidate.id);
        expect(told.sort()).toEqual(all.map(({ id }) => id).sort());
      }),
      runs,
    );
  });

  it('a place beyond the reach changes nothing about the others', () => {
    fc.assert(
      fc.property(request, candidates, policy, (asked, all, rules) => {
        const inside = all.filter((candidate) => reaches(asked.reach, candidate.tier));
        const narrow = planRoute(asked, inside, rules);
        const wide = planRoute(asked, all, rules);
        expect(wide.steps).toEqual(narrow.steps);
        expect(wide.passedOver.filter(({ reason }) => reason !== 'beyond-reach')).toEqual(narrow.passedOver);
      }),
      runs,
    );
  });

  it('a narrower reach only takes steps away', () => {
    fc.assert(
      fc.property(request, tier, candidates, policy, (asked, other, all, rules) => {
        const idsWithin = (reach: RouteRequest['reach']) =>
          planRoute({ ...asked, reach }, all, rules).steps.map(({ candidate }) => candidate.id);
        const [narrow, wide] = reaches(asked.reach, other) ? [other, asked.reach] : [asked.reach, other];
        const kept = idsWithin(narrow);
        expect(idsWithin(wide).filter((id) => kept.includes(id))).toEqual(kept);
      }),
      runs,
    );
  });

  it('the same question has the same answer, in whatever order the places are told', () => {
    fc.assert(
      fc.property(request, candidates, policy, fc.infiniteStream(fc.nat()), (asked, all, rules, numbers) => {
        const route = planRoute(asked, all, rules);
        expect(planRoute(structuredClone(asked), structuredClone(all), structuredClone(rules))).toEqual(route);
        const shuffled = all
          .map((candidate) => ({ candidate, at: numbers.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ candidate }) => candidate);
        expect(decisionsOf(planRoute(asked, shuffled, rules))).toEqual(decisionsOf(route));
      }),
      { numRuns: 1500 },
    );
  });

  it('without an alias, no step is nearer than the one before it', () => {
    fc.assert(
      fc.property(request, candidates, policy, (asked, all, rules) => {
        const { steps } = planRoute(asked, all, { ...rules, aliases: {} });
        const distances = steps.map(({ candidate }) => tiersByDistance.indexOf(candidate.tier));
        expect(distances).toEqual([...distances].sort((a, b) => a - b));
      }),
      runs,
    );
  });
});

describe('walking a route', () => {
  it('no try, retry or hedge goes beyond the reach, and it comes to an end in time', () => {
    const world = fc.record({
      failures: fc.array(failure, { minLength: 1, maxLength: 60 }),
      tryMs: fc.array(fc.nat(2_000), { minLength: 1, maxLength: 60 }),
      random: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 20 }),
      canContinue: fc.boolean(),
    });
    fc.assert(
      fc.property(request, candidates, policy, world, (asked, all, rules, { failures, tryMs, random, canContinue }) => {
        const route = planRoute(asked, all, rules);
        const limitMs = Math.min(asked.targets.deadlineMs ?? Infinity, rules.timeouts.totalMs);
        let spentMs = 0;
        let answerStarted = false;
        let total = 0;
        for (let stepIndex = 0, tries = 1; stepIndex < route.steps.length; ) {
          const { candidate } = route.steps[stepIndex]!;
          expect(reaches(asked.reach, candidate.tier)).toBe(true);
          expect(tries).toBeLessThanOrEqual(1 + rules.retries);

          const hedge = hedgeDelay({ route, stepIndex, policy: rules, remainingMs: limitMs - spentMs });
          if (hedge !== null) {
            const beside = route.steps[hedge.stepIndex]!;
            expect(hedge.stepIndex).toBeGreaterThan(stepIndex);
            expect(reaches(asked.reach, beside.candidate.tier)).toBe(true);
            expect(beside.candidate.tier).not.toBe('third-party');
            expect(beside.worstCostNanoUsd).toBe(0);
            expect(asked.operation).not.toBe('embedding');
            expect(hedge.afterMs).toBeLessThan(limitMs - spentMs);
          }

          spentMs += tryMs[total % tryMs.length]!;
          const ended = failures[total % failures.length]!;
          const startedNow = ended.type === 'failed' && ended.answerStarted;
          const remainingMs = limitMs - spentMs;
          const stepsLeft = route.steps.length - stepIndex - 1;
          const state = { tries, stepsLeft, remainingMs, canContinue, retries: rules.retries };
          const then = afterFailure(state, ended, random[total % random.length]!);
          total++;
          if (then.type === 'give-up') break;
          expect(remainingMs).toBeGreaterThan(0);
          if (startedNow) expect(then.type).toBe('next');
          answerStarted ||= startedNow;
          if (answerStarted) expect(canContinue).toBe(true);
          if (then.type === 'next') {
            expect(stepsLeft).toBeGreaterThan(0);
            stepIndex++;
            tries = 1;
          } else {
            expect(ended).toMatchObject({ type: 'failed', retryable: true, answerStarted: false });
            expect(then.afterMs).toBeLessThan(remainingMs);
            spentMs += then.afterMs;
            tries++;
          }
        }
        expect(total).toBeLessThanOrEqual(route.steps.length * (1 + rules.retries));
      }),
      runs,
    );
  });
});
