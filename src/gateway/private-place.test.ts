/** What would break: an endpoint that counts as busy for ever, an answer asked for in one piece where nobody knows how long it takes. */
import { expect, test } from 'vitest';
import type { PrivateCallOptions, PrivateTier } from '../tiers/private/private-tier.js';
import type { ChatEvent } from '../tiers/tier.js';
import { capabilities, chatWith, createFakePlace, gatewayOver, timings, usage } from './fake-place.test-support.js';
import { createPrivatePlace } from './private-place.js';

/** A tier that says `texts`, and what it was asked. */
const createStand = (texts: readonly string[]) => {
  const asked: PrivateCallOptions[] = [];
  const tier = {
    async *chat(_: unknown, call: PrivateCallOptions): AsyncGenerator<ChatEvent> {
      asked.push(call);
      yield { type: 'start', promptTokens: 10, cachedTokens: 0 };
      for (const text of texts) yield { type: 'text', text };
      yield { type: 'end', reason: 'stop', usage, timings };
    },
  } as unknown as PrivateTier;
  const place = createPrivatePlace({
    tier,
    endpoint: 'rack',
    models: [{ name: 'm', capabilities }],
    parallel: 4,
    createdSeconds: 0,
    priceOf: () => null,
  });
  return { asked, place, running: () => place.load('m')?.running };
};

const request = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] };
const calling = (whole: boolean) => ({ whole, routing: { requestId: 'r', reach: 'private' as const } });
const read = async (events: AsyncIterable<ChatEvent>): Promise<void> => {
  for await (const _ of events);
};

test('an endpoint runs nothing any more after answers, whole or left in the middle', async () => {
  const { place, running } = createStand(['a', 'b', 'c']);
  const gateway = gatewayOver([place]);
  expect((await chatWith(gateway, { reach: 'private' })).text).toBe('abc');
  expect(running()).toBe(0);
  for await (const event of gateway.chat(request, calling(false))) if (event.type === 'text') break;
  expect(running()).toBe(0);
});

test('an answer of no text leaves nothing running either', async () => {
  const { place, running } = createStand([]);
  await chatWith(gatewayOver([place]), { reach: 'private' });
  expect(running()).toBe(0);
});

test('an answer comes in one piece where nobody reads it before and the endpoint is known to be fast', async () => {
  const { asked, place } = createStand(['a']);
  const gateway = gatewayOver([place]);
  for (const whole of [true, true, false]) await read(gateway.chat(request, calling(whole)));
  expect(asked.map(({ whole }) => whole)).toEqual([false, true, false]);
});

test('an answer streams where it could only be there after a hedge would start', async () => {
  const { asked, place } = createStand(['a']);
  // 100 tokens at 4 in a millisecond, and a millisecond to the first: 26 ms.
  const gateway = gatewayOver([place], { policy: { hedgeAfterMs: 40 } });
  for (const whole of [true, true]) await read(gateway.chat(request, calling(whole)));
  expect(asked.map(({ whole }) => whole)).toEqual([false, false]);
});

test('the device is never asked for one piece', async () => {
  const wholes: boolean[] = [];
  const fake = createFakePlace({ tier: 'device', behaviours: [{ texts: ['near'] }] });
  const device: typeof fake = {
    ...fake,
    chat(asked, call) {
      wholes.push(call.whole);
      return fake.chat(asked, call);
    },
  };
  const gateway = gatewayOver([device]);
  for (let turn = 0; turn < 3; turn++) await read(gateway.chat(request, calling(true)));
  expect(wholes).toEqual([false, false, false]);
});
