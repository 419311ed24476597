/**
 * A third party for real: redaction, the question, the yes, the sending, the answer with its values back, the receipt.
 * The provider is a server on loopback that plays recorded bytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../ledger/ledger.js';
import { openLedger } from '../ledger/open-ledger.js';
import type { RoutePolicy } from '../route/route.js';
import {
  type Answer,
  jsonOf,
  type Loopback,
  startLoopback,
  streamOf,
} from '../tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../tiers/remote/fixtures/openai.test-kit.js';
import { createRedactor } from '../tiers/third-party/redaction/redactor.js';
import { createThirdPartyTransport } from '../tiers/third-party/third-party-transport.js';
import type { RoutingOptions } from '../tiers/tier.js';
import { createConsentGate } from './consent-gate.js';
import { capabilities, chatWith, gatewayOver } from './fake-place.test-support.js';
import type { Gateway } from './gateway.js';
import type { GatewayError } from './gateway-error.js';
import { createThirdPartyPlace } from './third-party-place.js';

const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 2 };
const timeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const secret = 'ada@example.org';

const whole = streamOf([
  sse([
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'I wrote to [EMA' }),
    chunk({ content: 'IL_1].' }),
    chunk({}, 'stop'),
    usageChunk,
  ]),
]);

let folder = '';
let ledger: Ledger;
let server: Loopback;
let gateway: Gateway;
let nowMs = 0;
/** A gateway to a provider that answers so, and to another one of the same model at the same address. */
const start = async (answers: readonly Answer[], policy: Partial<RoutePolicy> = {}): Promise<void> => {
  server = await startLoopback(...answers);
  const names = ['them', 'others'];
  const transport = createThirdPartyTransport({
    providers: names.map((name) => ({ name, kind: 'openai', url: server.url, apiKey: 'SECRET-KEY' })),
    timeouts,
    nowMs: () => nowMs,
  });
  let ids = 0;
  const gate = createConsentGate({
    ledger,
    policy: { scope: 'request', ttlMs: 60_000 },
    now: () => nowMs,
    newId: () => `consent_${++ids}`,
  });
  const places = names.map((provider) =>
    createThirdPartyPlace({
      transport,
      redactor: createRedactor(),
      gate,
      provider,
      models: [{ name: 'big', capabilities }],
      priceOf: () => price,
      createdSeconds: 0,
    }),
  );
  gateway = gatewayOver(places, { ledger, policy });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-consent-'));
  nowMs = Date.now();
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, now: () => nowMs });
});
afterEach(async () => {
  await gateway.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const content = `Write to ${secret}`;
const ask = (
  consentToken?: string,
  said = content,
  caller: Pick<RoutingOptions, 'key' | 'app'> = {},
  model = 'them/big',
) =>
  chatWith(gateway, {
    model,
    reach: 'third-party',
    content: said,
    caller,
    ...(consentToken === undefined ? {} : { consentToken }),
  });

describe('a request to a third party', () => {
  it('does not leave without a yes, and shows what would', async () => {
    await start([whole]);
    const { error } = await ask();
    const { consent } = (error as GatewayError).details;
    expect(consent).toMatchObject({ provider: 'them', model: 'big', redactions: { email: 1 }, method: 'POST' });
    expect(consent?.body).toContain('[EMAIL_1]');
    expect(consent?.body).not.toContain(secret);
    expect(consent?.worstCostNanoUsd).toBeGreaterThan(0);
    expect(server.received).toEqual([]);
  });

  it('leaves after a yes, once, in the very bytes that were shown', async () => {
    await start([whole]);
    const { consent } = ((await ask()).error as GatewayError).details;
    const { token } = await ledger.answerConsent(consent!.id, true, nowMs);
    const { text, end, error } = await ask(token!);
    expect(error).toBeNull();
    expect(text).toBe(`I wrote to ${secret}.`);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]!.body).toBe(consent!.body);
    expect(server.received[0]!.headers.authorization).toBe('Bearer SECRET-KEY');
    expect(end?.served).toMatchObject({ tier: 'third-party', endpoint: 'them', costNanoUsd: 19 * 1000 + 10 * 2000 });
    // A second time the same token is none.
    expect((await ask(token!)).error).toMatchObject({ code: 'consent-invalid' });
    expect(server.received).toHaveLength(1);
    const receipts = await ledger.receipts({ limit: 10 });
    expect(receipts.map(({ body }) => body)).toMatchObject([
      {
        id: end!.served!.receiptId,
        tier: 'third-party',
        consentId: consent!.id,
        redactions: { email: 1 },
        outcome: 'done',
      },
    ]);
    expect(JSON.stringify(receipts)).not.toMatch(/ada@|example\.org|wrote to/i);
  });

  it('asks again for other words, and takes no for an answer', async () => {
    await start([whole]);
    const first = ((await ask()).error as GatewayError).details.consent!;
    const { token } = await ledger.answerConsent(first.id, true, nowMs);
    expect((await ask(token!, `${content} now`)).error).toMatchObject({ code: 'consent-required' });
    const second = ((await ask()).error as GatewayError).details.consent!;
    expect((await ledger.answerConsent(second.id, false, nowMs)).token).toBeNull();
    expect((await ask('made up')).error).toMatchObject({ code: 'consent-invalid' });
    nowMs += 120_000;
    expect((await ask(token!)).error).toMatchObject({ code: 'consent-invalid' });
    expect(server.received).toEqual([]);
  });

  it('takes no yes of another key or app, and leaves it to whom it was given', async () => {
    await start([whole]);
    const mine = { id: 'key_1', name: 'one', app: 'web', reach: null };
    const asked = (await ask(undefined, content, { key: mine })).error as GatewayError;
    const { token } = await ledger.answerConsent(asked.details.consent!.id, true, nowMs);
    for (const other of [
      {},
      { key: { ...mine, id: 'key_2' } },
      { key: { ...mine, app: 'batch' } },
      { key: { ...mine, app: null } },
      { app: 'web' },
    ])
      expect((await ask(token!, content, other)).error).toMatchObject({ code: 'consent-invalid' });
    expect(server.received).toEqual([]);
    expect((await ask(token!, content, { key: mine })).error).toBeNull();
  });

  it('asks again for another provider, though the bytes and the address are the same', async () => {
    await start([whole]);
    const { consent } = ((await ask()).error as GatewayError).details;
    const { token } = await ledger.answerConsent(consent!.id, true, nowMs);
    const { error } = await ask(token!, content, {}, 'others/big');
    expect(error).toMatchObject({ code: 'consent-required', details: { consent: { provider: 'others' } } });
    expect((error as GatewayError).details.consent!.body).toBe(consent!.body);
    expect(server.received).toEqual([]);
    expect((await ask(token!)).error).toBeNull();
  });

  it('is tried again under the yes that it used', async () => {
    await start([jsonOf(503, {}), whole], { retries: 1 });
    const { consent } = ((await ask()).error as GatewayError).details;
    const { token } = await ledger.answerConsent(consent!.id, true, nowMs);
    const { text, error } = await ask(token!);
    expect(error).toBeNull();
    expect(text).toBe(`I wrote to ${secret}.`);
    expect(server.received.map(({ body }) => body)).toEqual([consent!.body, consent!.body]);
    expect((await ask(token!)).error).toMatchObject({ code: 'consent-invalid' });
    expect(server.received).toHaveLength(2);
  });

  it('is not asked about at all within a nearer reach', async () => {
    await start([whole]);
    const { error } = await chatWith(gateway, { model: 'them/big', reach: 'private', content });
    expect(error).toMatchObject({ code: 'nothing-in-reach' });
  });

  it('does not run where no budget covers it', async () => {
    await start([whole]);
    await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 1, perMonthTokens: null });
    expect((await ask()).error).toMatchObject({ code: 'over-budget' });
    expect((await ledger.budgets())[0]).toMatchObject({ spentNanoUsd: 0, reservedNanoUsd: 0 });
  });

  it('gives its reservation back when it did not run', async () => {
    await start([whole]);
    await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 1e9, perMonthTokens: null });
    await ask();
    await expect.poll(async () => (await ledger.budgets())[0]?.reservedNanoUsd).toBe(0);
  });
});
