/** What a request takes is reserved before, booked after, and never more than there is, whatever goes wrong between. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fastFolder } from '../ledger/databases.test-support.js';
import type { Ledger } from '../ledger/ledger.js';
import { openLedger } from '../ledger/open-ledger.js';
import { worstCostNanoUsd } from '../route/cost.js';
import type { RemoteErrorCode } from '../tiers/remote/remote-error.js';
import type { ChatEvent } from '../tiers/tier.js';
import { type Behaviour, chatWith, createFakePlace, type FakePlace, gatewayOver } from './fake-place.test-support.js';
import type { Gateway } from './gateway.js';

const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 2 };
/** Of one try of `hello`: 5 bytes and two frames of prompt, 100 tokens of answer. */
const worst = worstCostNanoUsd({ promptTokens: 5 + 2 * 16, maxTokens: 100 }, price);
/** What the fake places report of a whole answer. */
const actual = 10 * 1000 + 5 * 2000;

let folder = '';
let opened: Ledger;
let ledger: Ledger;
/** Bookings that run beside the answers. */
let bookings: Promise<unknown>[] = [];
beforeEach(async () => {
  folder = fastFolder();
  opened = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}` });
  bookings = [];
  const followed = <Args extends unknown[], Result>(book: (...args: Args) => Promise<Result>) => {
    return (...args: Args): Promise<Result> => {
      const booking = book(...args);
      bookings.push(booking);
      return booking;
    };
  };
  ledger = { ...opened, settle: followed(opened.settle), release: followed(opened.release) };
});
afterEach(async () => {
  await opened.close();
  rmSync(folder, { recursive: true, force: true });
});

const setBudget = (perMonthNanoUsd: number, app: string | null = null) =>
  ledger.setBudget({ keyId: null, app, perMonthNanoUsd, perMonthTokens: null });
const budgetOf = async (app: string | null = null) => {
  await Promise.all(bookings);
  return (await ledger.budgets()).find((budget) => budget.app === app)!;
};
const paid = (behaviours: readonly Behaviour[]): FakePlace =>
  createFakePlace({ tier: 'private', endpoint: 'paid', price, behaviours });
const own = (behaviours: readonly Behaviour[]): FakePlace =>
  createFakePlace({ tier: 'private', endpoint: 'z-own', models: ['spare'], behaviours });
const outcomes = (gateway: Gateway, routeId: string) =>
  gateway.route(routeId, null)?.tries.map(({ outcome }) => outcome);

describe('a try that broke off after it was sent', () => {
  it('is booked at the most that it can cost, beside the answer that came in the end', async () => {
    await setBudget(3 * worst);
    const place = paid([{ fails: 'stalled', texts: ['x'] }]);
    const { error } = await chatWith(gatewayOver([place], { ledger }), { reach: 'private' });
    expect(error).toMatchObject({ code: 'stalled' });
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: worst, reservedNanoUsd: 0 });
    const [receipt] = await ledger.receipts({ limit: 1 });
    expect(receipt?.body).toMatchObject({ outcome: 'failed', costNanoUsd: worst, endpoint: 'paid' });
  });

  it('leaves the request without another where the budget has no room for both', async () => {
    await setBudget(2 * worst - 1);
    const place = paid([{ fails: 'truncated' }, { texts: ['late'] }]);
    const gateway = gatewayOver([place], { ledger, policy: { retries: 1 } });
    const { error } = await chatWith(gateway, { reach: 'private' });
    expect(error).toMatchObject({ code: 'over-budget' });
    expect(place.asked).toHaveLength(1);
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: worst, reservedNanoUsd: 0 });
  });

  it('is tried again where there is room, and the answer is booked with it', async () => {
    await setBudget(2 * worst);
    const place = paid([{ fails: 'truncated' }, { texts: ['late'] }]);
    const { text, end } = await chatWith(gatewayOver([place], { ledger, policy: { retries: 1 } }), {
      reach: 'private',
    });
    expect(text).toBe('late');
    expect(end?.served?.costNanoUsd).toBe(worst + actual);
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: worst + actual, reservedNanoUsd: 0 });
  });

  it('hands on to a place that costs nothing where the budget has no room for another that does', async () => {
    await setBudget(worst);
    const places = [paid([{ fails: 'truncated' }]), own([{ texts: ['free'] }])];
    const gateway = gatewayOver(places, { ledger, policy: { retries: 2, aliases: { both: ['m', 'spare'] } } });
    const { text, end } = await chatWith(gateway, { model: 'both', reach: 'private' });
    expect(text).toBe('free');
    expect(outcomes(gateway, end!.served!.routeId)).toEqual(['truncated', 'over-budget', 'answered']);
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: worst, reservedNanoUsd: 0 });
  });

  it.each<[string, Behaviour]>([
    ['that never reached its place', { fails: 'unreachable', neverSent: true }],
    ['that was answered with an error status', { fails: 'provider-failed', status: 503 }],
    ['that was refused', { fails: 'rate-limited', status: 429 }],
  ])('costs nothing where it was one %s', async (_, behaviour) => {
    await setBudget(worst);
    const place = paid([behaviour, { texts: ['late'] }]);
    const gateway = gatewayOver([place], { ledger, policy: { retries: 1 } });
    expect((await chatWith(gateway, { reach: 'private' })).text).toBe('late');
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: actual, reservedNanoUsd: 0 });
  });

  it('counts where its reader went away in the middle, and where a hedge was faster', async () => {
    await setBudget(10 * worst);
    const stop = new AbortController();
    const hanging = paid([{ texts: ['a'], hangs: true }]);
    const left = chatWith(gatewayOver([hanging], { ledger }), { reach: 'private', signal: stop.signal });
    while (hanging.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('gone'));
    await left;
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: worst, reservedNanoUsd: 0 });
    const gateway = gatewayOver([paid([{ hangs: true }]), own([{ texts: ['quick'] }])], {
      ledger,
      policy: { hedgeAfterMs: 1, aliases: { both: ['m', 'spare'] } },
    });
    expect((await chatWith(gateway, { model: 'both', reach: 'private' })).text).toBe('quick');
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: 2 * worst, reservedNanoUsd: 0 });
  });

  it('counts for embeddings too', async () => {
    await setBudget(10 * worst);
    const gateway = gatewayOver([paid([{ fails: 'malformed' }])], { ledger });
    await expect(
      gateway.embed({ model: 'm', inputs: ['hello'] }, { routing: { requestId: 'r', reach: 'private' } }),
    ).rejects.toMatchObject({ code: 'malformed' });
    const { spentNanoUsd, reservedNanoUsd } = await budgetOf();
    expect([spentNanoUsd, reservedNanoUsd]).toEqual([
      worstCostNanoUsd({ promptTokens: 5 + 16, maxTokens: 0 }, price),
      0,
    ]);
  });

  it('is not tried again past what the request itself may cost', async () => {
    await setBudget(10 * worst);
    const place = paid([{ fails: 'truncated' }, { texts: ['late'] }]);
    const gateway = gatewayOver([place], { ledger, policy: { retries: 1 } });
    const events = gateway.chat(
      { model: 'm', messages: [{ role: 'user', content: 'hello' }] },
      { routing: { requestId: 'r', reach: 'private', maxCostNanoUsd: 2 * worst - 1 } },
    );
    await expect(
      (async () => {
        for await (const _ of events);
      })(),
    ).rejects.toMatchObject({ code: 'over-budget' });
    expect(place.asked).toHaveLength(1);
  });
});

describe('an answer whose place tells no tokens', () => {
  it('is booked by its bytes, which no tokenizer makes more tokens of', async () => {
    await setBudget(10 * worst);
    const text = 'grüße €';
    const place = paid([{ texts: [text], tellsNoUsage: true }]);
    const { end } = await chatWith(gatewayOver([place], { ledger }), { reach: 'private' });
    const most = (5 + 2 * 16) * 1000 + Buffer.byteLength(text) * 2000;
    expect(end?.served?.costNanoUsd).toBe(most);
    expect(await budgetOf()).toMatchObject({ spentNanoUsd: most, reservedNanoUsd: 0 });
    const [receipt] = await ledger.receipts({ limit: 1 });
    expect(receipt?.body).toMatchObject({ costNanoUsd: most, completionTokens: 3 });
  });
});

describe('what the budgets leave', () => {
  const dear = { inputUsdPerMillion: 10, outputUsdPerMillion: 20 };
  const places = () => [
    createFakePlace({
      tier: 'private',
      endpoint: 'dear',
      models: ['dear'],
      price: dear,
      behaviours: [{ texts: ['d'] }],
    }),
    createFakePlace({ tier: 'private', endpoint: 'fair', models: ['fair'], price, behaviours: [{ texts: ['f'] }] }),
  ];
  const policy = { aliases: { both: ['dear', 'fair'] } };

  it('passes over a place that it does not cover, and says so', async () => {
    const gateway = gatewayOver(places(), { ledger, policy, budgetLeft: () => worst });
    const { text, end } = await chatWith(gateway, { model: 'both', reach: 'private' });
    expect(text).toBe('f');
    expect(gateway.route(end!.served!.routeId, null)?.route.passedOver).toMatchObject([
      {
        candidate: { model: 'dear' },
        reason: 'over-budget',
        detail: 'may cost $0.00237, the budget has left $0.000237',
      },
    ]);
  });

  it('is what the reservation says, where what was heard before is wrong', async () => {
    await setBudget(worst);
    // Nothing known: the reservation passes the dear place over.
    const unknowing = gatewayOver(places(), { ledger, policy });
    const first = await chatWith(unknowing, { model: 'both', reach: 'private' });
    expect(first.text).toBe('f');
    expect(unknowing.route(first.end!.served!.routeId, null)?.route.passedOver).toMatchObject([
      { candidate: { model: 'dear' }, reason: 'over-budget' },
    ]);
    // Heard that nothing is left, which is not so any more.
    await setBudget(100 * worst);
    const behind = gatewayOver(places(), { ledger, policy, budgetLeft: () => 0 });
    expect((await chatWith(behind, { model: 'fair', reach: 'private' })).text).toBe('f');
    await setBudget(1);
    expect((await chatWith(behind, { model: 'fair', reach: 'private' })).error).toMatchObject({ code: 'over-budget' });
    // A plan alone says what it heard.
    const request = { model: 'both', messages: [{ role: 'user' as const, content: 'hello' }] };
    const routing = { requestId: 'r', reach: 'private' as const };
    const { route } = behind.explain(request, { routing, budgets: await ledger.budgets() });
    expect(route.steps).toEqual([]);
    expect(route.passedOver.map(({ reason }) => reason)).toEqual(['over-budget', 'over-budget']);
  });
});

describe('a budget', () => {
  const faults: readonly { readonly fails: RemoteErrorCode; readonly neverSent?: true; readonly status?: number }[] = [
    { fails: 'unreachable', neverSent: true },
    { fails: 'unreachable' },
    { fails: 'provider-failed', status: 500 },
    { fails: 'provider-failed' },
    { fails: 'rate-limited', status: 429 },
    { fails: 'truncated' },
    { fails: 'stalled' },
    { fails: 'malformed' },
    { fails: 'first-token-timeout' },
  ];
  const behaviour: fc.Arbitrary<Behaviour> = fc
    .record({
      texts: fc.array(fc.constantFrom('a', 'bc'), { maxLength: 2 }),
      fault: fc.option(fc.constantFrom(...faults), { nil: undefined, freq: 2 }),
    })
    // A status, or none at all, comes before anything of an answer.
    .map(({ texts, fault }) => ({
      ...fault,
      ...(fault?.neverSent === undefined && fault?.status === undefined ? { texts } : {}),
    }));
  const place = fc.record({
    isPaid: fc.boolean(),
    resumes: fc.boolean(),
    behaviours: fc.array(behaviour, { minLength: 1, maxLength: 3 }),
  });
  const reader = fc.constantFrom<'reads' | 'aborts' | 'leaves'>('reads', 'reads', 'reads', 'aborts', 'leaves');

  /** One request, whose reader may go away at the first word. */
  const ask = async (gateway: Gateway, app: string, how: 'reads' | 'aborts' | 'leaves'): Promise<void> => {
    const stop = new AbortController();
    const request = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] };
    const routing = { requestId: 'r', reach: 'private' as const, app };
    const onEvent = (event: ChatEvent): boolean => {
      if (event.type !== 'text' || how === 'reads') return false;
      if (how === 'aborts') stop.abort(new Error('gone'));
      return how === 'leaves';
    };
    try {
      for await (const event of gateway.chat(request, { signal: stop.signal, routing })) if (onEvent(event)) break;
    } catch {
      // Which error is for other tests to say.
    }
  };

  it('is never overspent: not by retries, failover, hedges, continuations or readers that leave', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(place, { minLength: 1, maxLength: 4 }),
        fc.array(reader, { minLength: 1, maxLength: 6 }),
        fc.record({
          tries: fc.double({ min: 0, max: 6, noNaN: true }),
          retries: fc.nat(2),
          hedgeAfterMs: fc.constantFrom(null, 1),
        }),
        async (places, readers, { tries, ...policy }) => {
          const app = `app-${runs++}`;
          const limit = Math.floor(tries * worst);
          await setBudget(limit, app);
          const made = places.map(({ isPaid, ...one }, index) =>
            createFakePlace({ ...one, tier: 'private', endpoint: `e${index}`, price: isPaid ? price : null }),
          );
          const gateway = gatewayOver(made, { ledger, policy });
          await Promise.all(readers.map((how) => ask(gateway, app, how)));
          const { spentNanoUsd, reservedNanoUsd } = await budgetOf(app);
          const billed = made.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd(), 0);
          expect(reservedNanoUsd).toBe(0);
          expect(spentNanoUsd).toBeLessThanOrEqual(limit);
          expect(billed).toBeLessThanOrEqual(spentNanoUsd);
        },
      ),
      { numRuns: 400 },
    );
  });
});
