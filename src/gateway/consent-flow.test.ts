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
import { type Loopback, startLoopback, streamOf } from '../tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../tiers/remote/fixtures/openai.test-kit.js';
import { createRedactor } from '../tiers/third-party/redaction/redactor.js';
import { createThirdPartyTransport } from '../tiers/third-party/third-party-transport.js';
import { createConsentGate } from './consent-gate.js';
import { capabilities, chatWith, gatewayOver } from './fake-place.test-support.js';
import type { Gateway } from './gateway.js';
import type { GatewayError } from './gateway-error.js';
import { createThirdPartyPlace } from './third-party-place.js';

const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 2 };
const timeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const secret = 'ada@example.org';

let folder = '';
let ledger: Ledger;
let server: Loopback;
let gateway: Gateway;
let nowMs = 0;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-consent-'));
  nowMs = Date.now();
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, now: () => nowMs });
  server = await startLoopback(
    streamOf([
      sse([
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'I wrote to [EMA' }),
        chunk({ content: 'IL_1].' }),
        chunk({}, 'stop'),
        usageChunk,
      ]),
    ]),
  );
  const transport = createThirdPartyTransport({
    providers: [{ name: 'them', kind: 'openai', url: server.url, apiKey: 'SECRET-KEY' }],
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
  const place = createThirdPartyPlace({
    transport,
    redactor: createRedactor(),
    gate,
    provider: 'them',
    models: [{ name: 'big', capabilities }],
    priceOf: () => price,
    createdSeconds: 0,
  });
  gateway = gatewayOver([place], { ledger });
});
afterEach(async () => {
  await gateway.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const content = `Write to ${secret}`;
const ask = (consentToken?: string, said = content) =>
  chatWith(gateway, {
    model: 'big',
    reach: 'third-party',
    content: said,
    ...(consentToken === undefined ? {} : { consentToken }),
  });

describe('a request to a third party', () => {
  it('does not leave without a yes, and shows what would', async () => {
    const { error } = await ask();
    const { consent } = (error as GatewayError).details;
    expect(consent).toMatchObject({ provider: 'them', model: 'big', redactions: { email: 1 }, method: 'POST' });
    expect(consent?.body).toContain('[EMAIL_1]');
    expect(consent?.body).not.toContain(secret);
    expect(consent?.worstCostNanoUsd).toBeGreaterThan(0);
    expect(server.received).toEqual([]);
  });

  it('leaves after a yes, once, in the very bytes that were shown', async () => {
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

  it('is not asked about at all within a nearer reach', async () => {
    const { error } = await chatWith(gateway, { model: 'big', reach: 'private', content });
    expect(error).toMatchObject({ code: 'nothing-in-reach' });
  });

  it('does not run where no budget covers it', async () => {
    await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 1, perMonthTokens: null });
    expect((await ask()).error).toMatchObject({ code: 'over-budget' });
    expect((await ledger.budgets())[0]).toMatchObject({ spentNanoUsd: 0, reservedNanoUsd: 0 });
  });

  it('gives its reservation back when it did not run', async () => {
    await ledger.setBudget({ keyId: null, app: null, perMonthNanoUsd: 1e9, perMonthTokens: null });
    await ask();
    await expect.poll(async () => (await ledger.budgets())[0]?.reservedNanoUsd).toBe(0);
  });
});
