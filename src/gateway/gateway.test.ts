/** What would break: a request that goes further than it may, a cut answer that looks whole, money that is not booked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Reach, reaches, tiersByDistance } from '../route/reach.js';
import type { RemoteErrorCode } from '../tiers/remote/remote-error.js';
import type { TierName } from '../tiers/tier.js';
import { type Behaviour, chatWith, createFakePlace, gatewayOver } from './fake-place.test-support.js';
import { GatewayError } from './gateway-error.js';

describe('a request', () => {
  it('runs at the nearest place and says where', async () => {
    const device = createFakePlace({ tier: 'device', behaviours: [{ texts: ['near'] }] });
    const rack = createFakePlace({ tier: 'private', behaviours: [{ texts: ['far'] }] });
    const gateway = gatewayOver([rack, device]);
    const { text, end } = await chatWith(gateway, { reach: 'private' });
    expect(text).toBe('near');
    expect(end?.served).toMatchObject({
      tier: 'device',
      endpoint: 'device',
      model: 'm',
      costNanoUsd: 0,
      receiptId: null,
    });
    expect(rack.asked).toEqual([]);
    const record = gateway.route(end!.served!.routeId, null);
    expect(record?.tries).toMatchObject([{ candidateId: 'device/device/m', outcome: 'answered' }]);
    expect(gateway.route(end!.served!.routeId, 'another key')).toBeNull();
  });

  it('goes on to the next tier when the device hands it over, and not beyond its reach', async () => {
    const device = createFakePlace({ tier: 'device', handsOver: true, behaviours: [{ overflow: true }] });
    const rack = createFakePlace({ tier: 'private', behaviours: [{ texts: ['answer'] }] });
    const gateway = gatewayOver([device, rack]);
    expect(await chatWith(gateway, { reach: 'private' })).toMatchObject({
      text: 'answer',
      end: { served: { tier: 'private' } },
    });
    const near = await chatWith(gateway, { reach: 'device' });
    expect(near).toMatchObject({ text: '', error: null, end: { overflow: true } });
    expect(rack.asked).toHaveLength(1);
  });

  it('retries what may be retried, then fails over, and says what failed', async () => {
    const one = createFakePlace({ tier: 'private', endpoint: 'one', behaviours: [{ fails: 'provider-failed' }] });
    const two = createFakePlace({ tier: 'private', endpoint: 'two', behaviours: [{ texts: ['two'] }] });
    const gateway = gatewayOver([one, two], { policy: { retries: 2 } });
    const { text, end } = await chatWith(gateway, { reach: 'private' });
    expect(text).toBe('two');
    expect(one.asked).toHaveLength(3);
    expect(gateway.route(end!.served!.routeId, null)?.tries.map(({ outcome }) => outcome)).toEqual([
      'provider-failed',
      'provider-failed',
      'provider-failed',
      'answered',
    ]);
  });

  it('is cut with an error, never ended, when an answer breaks off and no place can go on', async () => {
    const one = createFakePlace({
      tier: 'private',
      endpoint: 'one',
      behaviours: [{ texts: ['half'], fails: 'stalled' }],
    });
    const two = createFakePlace({ tier: 'private', endpoint: 'two', behaviours: [{ texts: ['whole'] }] });
    const { text, end, error } = await chatWith(gatewayOver([one, two]), { reach: 'private' });
    expect({ text, end }).toEqual({ text: 'half', end: null });
    expect(error).toMatchObject({ code: 'stalled' });
  });

  it('goes on elsewhere in the middle where the next place can', async () => {
    const one = createFakePlace({
      tier: 'private',
      endpoint: 'one',
      behaviours: [{ texts: ['half'], fails: 'stalled' }],
    });
    const two = createFakePlace({
      tier: 'private',
      endpoint: 'two',
      resumes: true,
      behaviours: [{ texts: [' and whole'] }],
    });
    const { text, end } = await chatWith(gatewayOver([one, two]), { reach: 'private' });
    expect(text).toBe('half and whole');
    expect(end?.served?.endpoint).toBe('two');
    expect(two.resumed).toEqual(['half']);
  });

  it('takes the hedge where the first place is slow, and stops the loser', async () => {
    const slow = createFakePlace({ tier: 'private', endpoint: 'one', behaviours: [{ hangs: true }] });
    const quick = createFakePlace({ tier: 'private', endpoint: 'two', behaviours: [{ texts: ['quick'] }] });
    const gateway = gatewayOver([slow, quick], { policy: { hedgeAfterMs: 50 } });
    const { text, end } = await chatWith(gateway, { reach: 'private' });
    expect(text).toBe('quick');
    expect(gateway.route(end!.served!.routeId, null)?.tries).toMatchObject([
      { outcome: 'cancelled', isHedge: false },
      { outcome: 'answered', isHedge: true },
    ]);
  });

  it('ends with the question where only a third party is left', async () => {
    const device = createFakePlace({ tier: 'device', handsOver: true, behaviours: [{ overflow: true }] });
    const them = createFakePlace({ tier: 'third-party', behaviours: [{ asksConsent: true }] });
    const { error } = await chatWith(gatewayOver([device, them]), { reach: 'third-party' });
    expect(error).toMatchObject({ code: 'consent-required' });
  });

  it('says what is in the way where nothing can answer', async () => {
    const rack = createFakePlace({ tier: 'private', behaviours: [{}] });
    const { error } = await chatWith(gatewayOver([rack]), { reach: 'device' });
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: 'nothing-in-reach', message: expect.stringContaining('private/private/m') });
    expect((await chatWith(gatewayOver([rack]), { model: 'nobody', reach: 'private' })).error).toMatchObject({
      code: 'model-not-found',
    });
  });

  it('stops when its caller goes away', async () => {
    const rack = createFakePlace({ tier: 'private', behaviours: [{ texts: ['a'], hangs: true }] });
    const stop = new AbortController();
    const running = chatWith(gatewayOver([rack]), { reach: 'private', signal: stop.signal });
    setTimeout(() => stop.abort(new Error('gone')), 20);
    expect(await running).toMatchObject({ text: 'a', end: null, error: { message: 'gone' } });
  });
});

describe('reach', () => {
  const codes: readonly RemoteErrorCode[] = ['unreachable', 'stalled', 'malformed', 'empty', 'rate-limited', 'refused'];
  const behaviour: fc.Arbitrary<Behaviour> = fc.record(
    {
      texts: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      overflow: fc.boolean(),
      fails: fc.constantFrom(...codes),
    },
    { requiredKeys: [] },
  );
  const place = fc.record({
    tier: fc.constantFrom<TierName>(...tiersByDistance),
    handsOver: fc.boolean(),
    resumes: fc.boolean(),
    behaviours: fc.array(behaviour, { minLength: 1, maxLength: 3 }),
    models: fc.subarray(['m', 'n'], { minLength: 1 }),
  });

  it('is never passed: by no overflow, retry, failover, hedge or continuation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(place, { minLength: 1, maxLength: 5 }),
        fc.constantFrom<Reach>(...tiersByDistance),
        fc.record({
          retries: fc.nat(2),
          hedgeAfterMs: fc.constantFrom(null, 1),
          model: fc.constantFrom('auto', 'm', 'both'),
        }),
        async (places, reach, { model, ...policy }) => {
          const made = places.map((one, index) => createFakePlace({ ...one, endpoint: `e${index}` }));
          const gateway = gatewayOver(made, { policy: { ...policy, aliases: { both: ['n', 'm'] } } });
          const { end, error } = await chatWith(gateway, { model, reach });
          for (const one of made)
            if (!reaches(reach, one.tier)) expect([one.tier, one.asked]).toEqual([one.tier, []]);
            else for (const { reach: told } of one.asked) expect(told).toBe(reach);
          // Whole, or an error: nothing in between.
          expect(end === null).toBe(error !== null);
          if (end?.served !== undefined) expect(reaches(reach, end.served.tier)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('embeddings', () => {
  it('fail over like answers', async () => {
    const one = createFakePlace({ tier: 'device', behaviours: [{ fails: 'unreachable' }] });
    const two = createFakePlace({ tier: 'private', behaviours: [{}] });
    const gateway = gatewayOver([one, two]);
    const routing = { requestId: 'r', reach: 'private' as const };
    const { vectors } = await gateway.embed({ model: 'auto', inputs: ['x'] }, { routing });
    expect(vectors).toHaveLength(1);
    expect(two.asked).toHaveLength(1);
  });
});
