import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { anthropicText } from '../remote/fixtures/anthropic.test-kit.js';
import { geminiEmbeddings, geminiText } from '../remote/fixtures/gemini.test-kit.js';
import {
  type Answer,
  jsonOf,
  type Loopback,
  readAll,
  startLoopback,
  streamOf,
} from '../remote/fixtures/loopback.test-kit.js';
import { mistralCalls, mistralContinued, openRouterText } from '../remote/fixtures/mistral-openrouter.test-kit.js';
import { openAiCompletion, openAiText, openAiWhole, vllmReasoning } from '../remote/fixtures/openai.test-kit.js';
import type { ChatRequest } from '../tier.js';
import { type ApprovedRequest, approve, type ConsentGrant } from './approved-request.js';
import { contentHashOf, type OutgoingRequest } from './outgoing-request.js';
import { isProviderKind, type ProviderKind, providerTable } from './provider-table.js';
import { type RedactedRequest, redactedRequest } from './redacted-request.js';
import {
  createThirdPartyTransport,
  type ThirdPartyProvider,
  type ThirdPartyTransport,
} from './third-party-transport.js';

const timeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const nowMs = 1_750_000_000_000;
const chat: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'Write to [EMAIL_1]' }] };
const redacted = (request: ChatRequest = chat): RedactedRequest<ChatRequest> =>
  redactedRequest({
    request,
    found: [
      { kind: 'email', count: 2 },
      { kind: 'email', count: 1 },
    ],
  });

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const serve = async (...answers: readonly Answer[]): Promise<Loopback> => {
  const server = await startLoopback(...answers);
  open.push(server);
  return server;
};
const transportTo = (
  providers: readonly ThirdPartyProvider[],
  clock: { nowMs: number } = { nowMs },
): ThirdPartyTransport => {
  const transport = createThirdPartyTransport({ providers, timeouts, nowMs: () => clock.nowMs });
  open.push(transport);
  return transport;
};
const provider = (kind: ProviderKind, url: string): ThirdPartyProvider => ({
  name: 'them',
  kind,
  url,
  apiKey: 'SECRET-KEY',
});
const grantFor = (outgoing: OutgoingRequest, fields: Partial<ConsentGrant> = {}): ConsentGrant => ({
  consentId: 'consent-1',
  provider: outgoing.provider,
  contentHash: outgoing.contentHash,
  expiresMs: nowMs + 60_000,
  ...fields,
});
const approved = (outgoing: OutgoingRequest): ApprovedRequest => {
  const approval = approve(outgoing, { grant: grantFor(outgoing), nowMs });
  if (approval.type !== 'approved') throw new Error(approval.reason);
  return approval.request;
};

describe('what a person is asked about', () => {
  it('is the exact bytes, where they go and what was taken out of them, without the key', async () => {
    const server = await serve(streamOf([openAiText]));
    const outgoing = transportTo([provider('openai', server.url)]).prepareChat(redacted(), { provider: 'them' });
    const body =
      '{"model":"m","messages":[{"role":"user","content":"Write to [EMAIL_1]"}],"stream":true,"stream_options":{"include_usage":true}}';
    expect(outgoing).toMatchObject({
      provider: 'them',
      model: 'm',
      operation: 'chat',
      method: 'POST',
      url: `${server.url}/chat/completions`,
      redactions: { email: 3 },
    });
    expect(Buffer.from(outgoing.body).toString('utf8')).toBe(body);
    expect(JSON.stringify(outgoing)).not.toContain('SECRET');
    expect(Object.keys(outgoing.headers)).not.toContain('authorization');
    expect(outgoing.contentHash).toBe(
      createHash('sha256').update(`POST\n${server.url}/chat/completions\n${body}`).digest('hex'),
    );
    expect(server.received).toHaveLength(0);
  });

  it('is what is sent, with the key in the header of that provider', async () => {
    const cases: readonly [ProviderKind, string, string, string][] = [
      ['openai', openAiText, 'authorization', 'Bearer SECRET-KEY'],
      ['anthropic', anthropicText, 'x-api-key', 'SECRET-KEY'],
      ['gemini', geminiText, 'x-goog-api-key', 'SECRET-KEY'],
      ['mistral', mistralCalls, 'authorization', 'Bearer SECRET-KEY'],
      ['openrouter', openRouterText, 'authorization', 'Bearer SECRET-KEY'],
      ['openai-compatible', vllmReasoning, 'authorization', 'Bearer SECRET-KEY'],
    ];
    for (const [kind, stream, header, value] of cases) {
      const server = await serve(streamOf([stream]));
      const transport = transportTo([provider(kind, server.url)]);
      const outgoing = transport.prepareChat(redacted(), { provider: 'them' });
      const { events, error } = await readAll(transport.generate(approved(outgoing)));
      expect(error).toBeNull();
      expect(events[0]?.type).toBe('start');
      expect(events.at(-1)?.type).toBe('end');
      const [received] = server.received;
      expect(received!.headers[header]).toBe(value);
      expect(received!.body).toBe(Buffer.from(outgoing.body).toString('utf8'));
      expect(new URL(outgoing.url).pathname + new URL(outgoing.url).search).toBe(received!.path);
    }
  });

  it('can be an answer in one piece, a completion, an embedding, a continued text', async () => {
    const server = await serve(jsonOf(200, openAiWhole), streamOf([openAiCompletion]));
    const transport = transportTo([provider('openai', server.url)]);
    const whole = transport.prepareChat(redacted(), { provider: 'them', stream: false });
    expect((await readAll(transport.generate(approved(whole)))).events[1]).toEqual({
      type: 'text',
      text: 'Grüße aus 京都.',
    });
    const completion = transport.prepareCompletion(
      redactedRequest({ request: { model: 'm', prompt: 'Once' }, found: [] }),
      { provider: 'them' },
    );
    expect((await readAll(transport.generate(approved(completion)))).error).toBeNull();

    const gemini = transportTo([provider('gemini', (await serve(jsonOf(200, geminiEmbeddings))).url)]);
    const embedding = (inputs: readonly string[]) =>
      approved(
        gemini.prepareEmbedding(redactedRequest({ request: { model: 'm', inputs }, found: [] }), { provider: 'them' }),
      );
    expect((await gemini.embed(embedding(['a', 'b']))).vectors).toHaveLength(2);
    await expect(gemini.embed(embedding(['a']))).rejects.toMatchObject({ code: 'malformed' });
    expect(() => gemini.generate(embedding(['a', 'b']))).toThrow('Cannot send a request for a embedding');

    const mistral = transportTo([
      provider('mistral', (await serve(streamOf([mistralContinued('Once', ' upon')]))).url),
    ]);
    const messages: ChatRequest['messages'] = [...chat.messages, { role: 'assistant', content: 'Once' }];
    const continued = mistral.prepareChat(redacted({ ...chat, messages }), { provider: 'them', continueFinal: true });
    expect((await readAll(mistral.generate(approved(continued)))).events[1]).toEqual({ type: 'text', text: ' upon' });
  });

  it('is refused before anybody is asked where the API has no such thing', () => {
    const transport = transportTo([provider('anthropic', 'https://example.org/v1')]);
    const completion = redactedRequest({ request: { model: 'm', prompt: 'x' }, found: [] });
    expect(() => transport.prepareCompletion(completion, { provider: 'them' })).toThrow(
      'the API of kind anthropic has none',
    );
    const embedding = redactedRequest({ request: { model: 'm', inputs: ['x'] }, found: [] });
    expect(() => transport.prepareEmbedding(embedding, { provider: 'them' })).toThrow(
      'Cannot send an embedding to them',
    );
    expect(() => transport.prepareChat(redacted({ ...chat, logprobs: 1 }), { provider: 'them' })).toThrow('logprobs');
    expect(() => transport.prepareChat(redacted(), { provider: 'others' })).toThrow('There is no provider "others"');
    expect(transport.canContinue({ provider: 'them', model: 'claude-3-haiku-20240307' })).toBe(true);
  });
});

describe('approve', () => {
  const prepare = () =>
    transportTo([provider('openai', 'https://example.org/v1')]).prepareChat(redacted(), { provider: 'them' });
  const refusal = (outgoing: OutgoingRequest, fields: Partial<ConsentGrant>) => {
    const approval = approve(outgoing, { grant: grantFor(outgoing, fields), nowMs });
    return approval.type === 'refused' ? approval.reason : approval.type;
  };

  it('takes a yes for these bytes at this provider until it expires, and no other', () => {
    const outgoing = prepare();
    expect(refusal(outgoing, {})).toBe('approved');
    expect(
      refusal(outgoing, { contentHash: contentHashOf({ method: 'POST', url: 'https://x', body: outgoing.body }) }),
    ).toBe('other-content');
    expect(refusal(outgoing, { provider: 'others' })).toBe('other-provider');
    expect(refusal(outgoing, { expiresMs: nowMs })).toBe('expired');
    expect(refusal(outgoing, { expiresMs: Number.NaN })).toBe('expired');
  });

  it('does not take bytes that were changed after they were prepared', () => {
    const outgoing = prepare();
    const grant = grantFor(outgoing);
    outgoing.body[3] = 0x58;
    expect(() => approve(outgoing, { grant, nowMs })).toThrow('its bytes were changed');
  });
});

describe('nothing unapproved is sent', () => {
  it('by the types, or by what stands behind them', async () => {
    const server = await serve(streamOf([openAiText]));
    const transport = transportTo([provider('openai', server.url)]);
    const outgoing = transport.prepareChat(redacted(), { provider: 'them' });
    const request = approved(outgoing);

    // @ts-expect-error a request that nobody redacted cannot be prepared
    expect(() => transport.prepareChat(chat, { provider: 'them' })).toThrow('not redacted');
    // @ts-expect-error nor can a copy of a redacted one
    expect(() => transport.prepareChat({ ...redacted() }, { provider: 'them' })).toThrow('not redacted');
    // @ts-expect-error what was prepared is not approved yet
    expect(() => transport.generate(outgoing)).toThrow('nobody approved');
    // @ts-expect-error nor is a request as the tiers know it
    expect(() => transport.generate(chat)).toThrow('nobody approved');
    // @ts-expect-error a redacted request is not approved either
    expect(() => transport.generate(redacted())).toThrow('nobody approved');
    // @ts-expect-error a copy of an approved request is none
    expect(() => transport.generate({ ...request })).toThrow('nobody approved');
    // It has no fields that could be set.
    expect(() => Object.assign(request, { body: Buffer.from('{}') })).toThrow(TypeError);
    // @ts-expect-error something put together by hand cannot be approved
    expect(() => approve({ ...outgoing, body: Buffer.from('{}') }, { grant: grantFor(outgoing), nowMs })).toThrow(
      'not prepared',
    );
    // @ts-expect-error the two embeddings of it likewise
    await expect(transport.embed(outgoing)).rejects.toThrow('nobody approved');
    // A cast convinces the compiler and nobody else.
    expect(() => transport.generate({ consentId: 'x', expiresMs: nowMs * 2 } as unknown as ApprovedRequest)).toThrow(
      'nobody approved',
    );
    expect(server.received).toHaveLength(0);
  });

  it('after its consent has expired', async () => {
    const server = await serve(streamOf([openAiText]));
    const clock = { nowMs };
    const transport = transportTo([provider('openai', server.url)], clock);
    const request = approved(transport.prepareChat(redacted(), { provider: 'them' }));
    clock.nowMs = nowMs + 60_000;
    expect(() => transport.generate(request)).toThrow('has expired');
    expect(server.received).toHaveLength(0);
  });

  it('with other bytes than those that were approved, whenever they are changed', async () => {
    const server = await serve(streamOf([openAiText]));
    const transport = transportTo([provider('openai', server.url)]);
    const changedBefore = transport.prepareChat(redacted(), { provider: 'them' });
    const request = approved(changedBefore);
    changedBefore.body[3] = 0x58;
    expect(() => transport.generate(request)).toThrow('its bytes were changed');

    const changedAfter = transport.prepareChat(redacted(), { provider: 'them' });
    const asked = Buffer.from(changedAfter.body).toString('utf8');
    const stream = transport.generate(approved(changedAfter));
    changedAfter.body.fill(0x58);
    expect((await readAll(stream)).error).toBeNull();
    expect(server.received.map(({ body }) => body)).toEqual([asked]);
  });

  it('to another address than the one that was shown, under the key of the same name', async () => {
    const [shown, other] = [await serve(streamOf([openAiText])), await serve(streamOf([openAiText]))];
    const before = transportTo([provider('openai', shown.url)]);
    const after = transportTo([provider('openai', other.url)]);
    const request = approved(before.prepareChat(redacted(), { provider: 'them' }));
    expect(() => after.generate(request)).toThrow('it is for another address');
    expect(other.received).toHaveLength(0);
  });

  it('in the clear', () => {
    expect(() => transportTo([provider('openai', 'http://api.example.org/v1')])).toThrow('its URL is not https');
    expect(() => transportTo([{ name: 'them', kind: 'openai-compatible', apiKey: 'k' }])).toThrow('configure url');
  });
});

describe('providerTable', () => {
  it('has an encrypted address for each provider but those that are one’s own', () => {
    for (const [kind, { baseUrl, createCodec }] of Object.entries(providerTable)) {
      expect(isProviderKind(kind)).toBe(true);
      expect(createCodec().kind).toBe(kind);
      if (baseUrl !== null) expect(new URL(baseUrl).protocol).toBe('https:');
    }
    expect(isProviderKind('toString')).toBe(false);
  });
});
