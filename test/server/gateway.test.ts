/**
 * All three tiers behind one endpoint, asked by the real `openai` client: the device by a fake place, a private endpoint
 * and a third party as servers on loopback that play recorded bytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIError, AuthenticationError, PermissionDeniedError, RateLimitError } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConsentGate } from '../../src/gateway/consent-gate.js';
import { capabilities, createFakePlace, gatewayOver } from '../../src/gateway/fake-place.test-support.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import { createPrivatePlace } from '../../src/gateway/private-place.js';
import { createThirdPartyPlace } from '../../src/gateway/third-party-place.js';
import type { Ledger, RateLimit } from '../../src/ledger/ledger.js';
import { openLedger } from '../../src/ledger/open-ledger.js';
import { createServer, type SpillwayServer } from '../../src/server/server.js';
import { createPrivateTier } from '../../src/tiers/private/private-tier.js';
import {
  type Answer,
  type Loopback,
  startLoopback,
  streamOf,
} from '../../src/tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../../src/tiers/remote/fixtures/openai.test-kit.js';
import { createRedactor } from '../../src/tiers/third-party/redaction/redactor.js';
import { createThirdPartyTransport } from '../../src/tiers/third-party/third-party-transport.js';

const timeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const says = (text: string): Answer =>
  streamOf([sse([chunk({ role: 'assistant', content: '' }), chunk({ content: text }), chunk({}, 'stop'), usageChunk])]);

let folder = '';
let ledger: Ledger;
let rack: Loopback;
let them: Loopback;
let gateway: Gateway;
let server: SpillwayServer;
let url = '';

const start = async (rackAnswer: Answer, rateLimits: readonly RateLimit[] = []): Promise<void> => {
  rack = await startLoopback(rackAnswer);
  them = await startLoopback(says('Sent to [EMAIL_1].'));
  const device = createFakePlace({
    tier: 'device',
    models: ['small'],
    handsOver: true,
    behaviours: [{ texts: ['from here'] }, { overflow: true }],
  });
  const tier = createPrivateTier({ endpoints: [{ name: 'rack', url: rack.url, models: ['medium'] }], timeouts });
  const transport = createThirdPartyTransport({
    providers: [{ name: 'them', kind: 'openai', url: them.url, apiKey: 'SECRET-KEY' }],
    timeouts,
  });
  let ids = 0;
  const gate = createConsentGate({
    ledger,
    policy: { scope: 'request', ttlMs: 60_000 },
    now: Date.now,
    newId: () => `consent_${++ids}`,
  });
  gateway = gatewayOver(
    [
      device,
      createPrivatePlace({
        tier,
        endpoint: 'rack',
        models: [{ name: 'medium', capabilities }],
        parallel: 4,
        createdSeconds: 0,
        priceOf: () => null,
      }),
      createThirdPartyPlace({
        transport,
        redactor: createRedactor(),
        gate,
        provider: 'them',
        models: [{ name: 'large', capabilities }],
        priceOf: () => ({ inputUsdPerMillion: 1, outputUsdPerMillion: 2 }),
        createdSeconds: 0,
      }),
    ],
    { ledger, rateLimits, reach: 'private', policy: { aliases: { smart: ['medium', 'large'] } } },
  );
  server = createServer({
    tier: gateway,
    host: '127.0.0.1',
    port: 0,
    stats: () => ({}),
    keys: {
      identify: (secret) => ledger.identify(secret),
      areRequired: async () => (await ledger.listKeys()).length > 0,
    },
    routing: {
      route: async (id, keyId) => gateway.route(id, keyId),
      consent: (id) => ledger.consent(id),
      answerConsent: (id, grant) => ledger.answerConsent(id, grant, Date.now()),
    },
  });
  ({ url } = await server.listen());
};
const clientWith = (apiKey = 'none'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const user = (content: string) => [{ role: 'user' as const, content }];
const further = { headers: { 'x-spillway-reach': 'third-party' } };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-gateway-'));
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}` });
});
afterEach(async () => {
  await server.close();
  await gateway.close();
  await rack.close();
  await them.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The `spillway` block, which the client's types do not know. */
const spillwayOf = (answer: object) => (answer as { spillway: Record<string, unknown> }).spillway;

describe('one endpoint for three tiers', () => {
  it('answers on the device, hands over to the private endpoint, and explains both', async () => {
    await start(says('from the rack'));
    const client = clientWith();
    const near = await client.chat.completions.create({ model: 'auto', messages: user('hi') });
    expect(near.choices[0]?.message.content).toBe('from here');
    expect(spillwayOf(near)).toMatchObject({ tier: 'device', cost_usd: 0 });
    const far = await client.chat.completions.create({ model: 'auto', messages: user('write an essay') });
    expect(far.choices[0]?.message.content).toBe('from the rack');
    expect(spillwayOf(far)).toMatchObject({ tier: 'private', endpoint: 'rack', model: 'medium' });
    const route = (await client.get(`/routes/${spillwayOf(far).route_id}`)) as Record<string, unknown>;
    expect(route).toMatchObject({
      served_by: 'private/rack/medium',
      tries: [{ outcome: 'handed-over' }, { outcome: 'answered' }],
      passed_over: [{ endpoint: 'them', reason: 'beyond-reach' }],
    });
    expect(them.received).toEqual([]);
  });

  it('streams through, and a cut stream is an error and no end', async () => {
    await start(streamOf([sse([chunk({ role: 'assistant', content: 'half' })], '')]));
    const stream = await clientWith().chat.completions.create({ model: 'medium', messages: user('x'), stream: true });
    let text = '';
    const reasons: (string | null)[] = [];
    await expect(async () => {
      for await (const part of stream) {
        text += part.choices[0]?.delta.content ?? '';
        reasons.push(part.choices[0]?.finish_reason ?? null);
      }
    }).rejects.toBeInstanceOf(APIError);
    expect(text).toBe('half');
    expect(reasons).not.toContain('stop');
  });

  it('asks before a third party, and goes there after a yes', async () => {
    await start(says('unused'));
    const client = clientWith();
    const body = { model: 'large', messages: user('Mail ada@example.org') };
    const refused = await client.chat.completions.create(body, further).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PermissionDeniedError);
    const { code, error } = refused as PermissionDeniedError & { error: { consent: { id: string; body: string } } };
    expect(code).toBe('consent_required');
    expect(error.consent.body).not.toContain('ada@example.org');
    expect(them.received).toEqual([]);
    const yes = (await client.post(`/consents/${error.consent.id}`, { body: { grant: true } })) as { token: string };
    const answer = await client.chat.completions.create(body, {
      headers: { ...further.headers, 'x-spillway-consent': yes.token },
    });
    expect(answer.choices[0]?.message.content).toBe('Sent to ada@example.org.');
    expect(them.received.map((request) => request.body)).toEqual([error.consent.body]);
  });

  it('falls back along an alias only as far as the reach goes', async () => {
    await start((response) => void response.writeHead(503).end());
    const client = clientWith();
    const body = { model: 'smart', messages: user('x') };
    const near = await client.chat.completions.create(body).catch((error: unknown) => error);
    expect(near).toMatchObject({ status: 502, code: 'endpoint_failed' });
    const far = await client.chat.completions.create(body, further).catch((error: unknown) => error);
    expect(far).toMatchObject({ status: 403, code: 'consent_required' });
    expect(them.received).toEqual([]);
  });

  it('holds keys to their reach, their limits and their budgets', async () => {
    await start(says('from the rack'));
    const { secret } = await ledger.createKey({ name: 'app-one', reach: 'device', requestsPerMinute: 2 });
    await expect(clientWith('wrong').models.list()).rejects.toBeInstanceOf(AuthenticationError);
    const client = clientWith(secret);
    await client.chat.completions.create({ model: 'small', messages: user('x') });
    await expect(
      client.chat.completions.create({ model: 'medium', messages: user('x') }, further),
    ).rejects.toMatchObject({ code: 'nothing_in_reach' });
    await client.chat.completions.create({ model: 'small', messages: user('x') });
    const limited = await client.chat.completions
      .create({ model: 'small', messages: user('x') })
      .catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect((limited as RateLimitError).headers?.get('x-ratelimit-limit-requests')).toBe('2');
    expect(rack.received).toEqual([]);
  });

  it('says where the rate limits stand with every answer: whole, streamed, embedded, refused', async () => {
    await start(says('from the rack'), [{ of: 'all', requestsPerMinute: 5, tokensPerMinute: 100_000 }]);
    const client = clientWith();
    const read = ({ headers }: { readonly headers: Headers }) =>
      ['limit', 'remaining', 'reset'].flatMap((what) =>
        ['requests', 'tokens'].map((kind) => headers.get(`x-ratelimit-${what}-${kind}`)),
      );
    const body = { model: 'small', messages: user('x') };
    const whole = await client.chat.completions.create(body).withResponse();
    const [limit, limitTokens, left, leftTokens, reset, resetTokens] = read(whole.response);
    expect([limit, limitTokens, left, reset, resetTokens]).toEqual(['5', '100000', '4', '1m0s', '1m0s']);
    // The worst case counts while it runs: what was asked, and the longest answer.
    expect(Number(leftTokens)).toBeLessThanOrEqual(100_000 - 100);
    const streamed = await client.chat.completions.create({ ...body, model: 'medium', stream: true }).withResponse();
    expect(read(streamed.response).slice(2, 3)).toEqual(['3']);
    for await (const _ of streamed.data);
    const embedded = await client.embeddings.create({ model: 'small', input: 'x' }).withResponse();
    expect(read(embedded.response).slice(2, 3)).toEqual(['2']);
    const choices = await client.chat.completions.create({ ...body, n: 2, stream: true }).withResponse();
    for await (const _ of choices.data);
    const refused = await client.chat.completions.create(body).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    const { headers } = refused as RateLimitError;
    expect(read({ headers: headers! }).slice(0, 3)).toEqual(['5', '100000', '0']);
    expect(Number(headers!.get('retry-after'))).toBeGreaterThan(0);
  });

  it('sends no such headers where nothing is limited', async () => {
    await start(says('from the rack'));
    const { response } = await clientWith()
      .chat.completions.create({ model: 'small', messages: user('x') })
      .withResponse();
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  it('keeps a yes to the key that asked for it', async () => {
    await start(says('from the rack'));
    const [one, two] = await Promise.all(['one', 'two'].map((name) => ledger.createKey({ name })));
    const body = { model: 'large', messages: user('Mail ada@example.org') };
    const asked = await clientWith(one!.secret)
      .chat.completions.create(body, further)
      .catch((error: unknown) => error);
    const { id } = (asked as { error: { consent: { id: string } } }).error.consent;
    const answer = (client: OpenAI) => client.post<{ token: string }>(`/consents/${id}`, { body: { grant: true } });
    await expect(answer(clientWith(two!.secret))).rejects.toMatchObject({ status: 404 });
    await expect(clientWith(two!.secret).get(`/consents/${id}`)).rejects.toMatchObject({ status: 404 });
    const { token } = await answer(clientWith(one!.secret));
    const headers = { ...further.headers, 'x-spillway-consent': token };
    await expect(clientWith(two!.secret).chat.completions.create(body, { headers })).rejects.toMatchObject({
      status: 403,
      code: 'consent_invalid',
    });
    expect(them.received).toEqual([]);
    const sent = await clientWith(one!.secret).chat.completions.create(body, { headers });
    expect(sent.choices[0]?.message.content).toBe('Sent to ada@example.org.');
  });
});
