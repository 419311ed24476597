import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { reaches, tiersByDistance } from '../../route/reach.js';
import {
  type Answer,
  jsonOf,
  type Loopback,
  readAll,
  startLoopback,
  streamOf,
} from '../remote/fixtures/loopback.test-kit.js';
import { openAiCompletion, openAiEmbeddings, openAiWhole, vllmReasoning } from '../remote/fixtures/openai.test-kit.js';
import type { ChatRequest, CompletionRequest, EmbeddingRequest, Tier, TierName } from '../tier.js';
import { TierError } from '../tier-error.js';
import { withinReach } from './private-request.js';
import { createPrivateTier, type PrivateEndpoint, type PrivateTier } from './private-tier.js';

const timeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const chat: ChatRequest = { model: 'qwen3-32b', messages: [{ role: 'user', content: 'Hi' }] };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const serve = async (...answers: readonly Answer[]): Promise<Loopback> => {
  const server = await startLoopback(...answers);
  open.push(server);
  return server;
};
const tierOf = (...endpoints: readonly PrivateEndpoint[]): PrivateTier => {
  const tier = createPrivateTier({ endpoints, timeouts, createdSeconds: 1_700_000_000 });
  open.push(tier);
  return tier;
};
const rack = (server: Loopback, fields: Partial<PrivateEndpoint> = {}): PrivateEndpoint => ({
  name: 'rack',
  url: server.url,
  models: ['qwen3-32b'],
  ...fields,
});
const admitted = <Request extends ChatRequest | CompletionRequest | EmbeddingRequest>(request: Request) =>
  withinReach(request, 'private')!;

describe('withinReach', () => {
  it('admits exactly the reaches that route lets go to the private tier', () => {
    for (const reach of tiersByDistance)
      expect(withinReach({ ...chat }, reach) !== null).toBe(reaches(reach, 'private'));
  });

  it('admits nothing of a reach that is none of the three', () => {
    fc.assert(
      fc.property(fc.string(), (reach) => {
        fc.pre(!tiersByDistance.includes(reach as TierName));
        const request = { ...chat };
        withinReach(request, reach as TierName);
        expect(() => tierOf().chat(request as never)).toThrow('did not pass the gate');
      }),
    );
  });
});

describe('the gate', () => {
  it('sends nothing that did not pass it: not by the type, not as a plain tier, not as a changed copy', async () => {
    const server = await serve(streamOf([vllmReasoning]));
    const tier = tierOf(rack(server));
    // @ts-expect-error a ChatRequest is no PrivateRequest
    expect(() => tier.chat(chat)).toThrow(TierError);
    // @ts-expect-error an EmbeddingRequest is none either
    await expect(tier.embed({ model: 'qwen3-32b', inputs: ['a'] })).rejects.toThrow(TierError);
    const plain: Tier = tier;
    expect(() => plain.chat(chat)).toThrow('did not pass the gate');
    expect(() => plain.complete({ model: 'qwen3-32b', prompt: 'x' })).toThrow('did not pass the gate');
    expect(() => tier.chat({ ...admitted({ ...chat }), messages: [] })).toThrow('did not pass the gate');
    expect(withinReach({ ...chat }, 'device')).toBeNull();
    expect(server.received).toHaveLength(0);
  });
});

describe('createPrivateTier', () => {
  it('sends exactly what it is given, with the key, and gives the events', async () => {
    const server = await serve(streamOf([vllmReasoning]));
    const { events, error } = await readAll(tierOf(rack(server, { apiKey: 'k' })).chat(admitted({ ...chat })));
    expect(error).toBeNull();
    expect(events.map((event) => event.type)).toEqual(['start', 'reasoning', 'text', 'end']);
    expect(server.received[0]).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer k' } });
    expect(JSON.parse(server.received[0]!.body)).toEqual({
      model: 'qwen3-32b',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('sends no authorization without a key', async () => {
    const server = await serve(streamOf([vllmReasoning]));
    await readAll(tierOf(rack(server)).chat(admitted({ ...chat })));
    expect(server.received[0]!.headers).not.toHaveProperty('authorization');
  });

  it('asks for the answer in one piece where that is wanted, and waits for it as for a first token', async () => {
    const server = await serve((response, received) => {
      setTimeout(() => jsonOf(200, openAiWhole)(response, received), 300);
    });
    const whole = async (firstTokenMs: number) =>
      readAll(
        tierOf(rack(server)).chat(admitted({ ...chat }), {
          whole: true,
          timeouts: { ...timeouts, firstTokenMs, stallMs: 50 },
        }),
      );
    const { events, error } = await whole(60_000);
    expect(error).toBeNull();
    expect(events[1]).toEqual({ type: 'text', text: 'Grüße aus 京都.' });
    expect(JSON.parse(server.received[0]!.body).stream).toBe(false);
    expect((await whole(50)).error).toMatchObject({ code: 'first-token-timeout' });
  });

  it('completes and embeds', async () => {
    const server = await serve(streamOf([openAiCompletion]), jsonOf(200, openAiEmbeddings));
    const tier = tierOf(rack(server));
    const { events } = await readAll(tier.complete(admitted({ model: 'qwen3-32b', prompt: 'Once' })));
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'length' });
    const { vectors, promptTokens } = await tier.embed(admitted({ model: 'qwen3-32b', inputs: ['a', 'b'] }));
    expect([vectors.length, promptTokens]).toEqual([2, 8]);
    await expect(tier.embed(admitted({ model: 'qwen3-32b', inputs: ['a'] }))).rejects.toMatchObject({
      code: 'malformed',
      message: 'Endpoint rack sent 2 embeddings for 1 inputs',
    });
  });

  it('goes to the endpoint that is named, else to the first that has the model', async () => {
    const [first, second] = [await serve(streamOf([vllmReasoning])), await serve(streamOf([vllmReasoning]))];
    const tier = tierOf(rack(first, { name: 'a', models: ['other'] }), rack(second, { name: 'b' }));
    await readAll(tier.chat(admitted({ ...chat })));
    await readAll(tier.chat(admitted({ ...chat }), { endpoint: 'a' }));
    expect([first.received.length, second.received.length]).toEqual([1, 1]);
    expect(() => tier.chat(admitted({ ...chat, model: 'none' }))).toThrow('No private endpoint has a model "none"');
    expect(() => tier.chat(admitted({ ...chat }), { endpoint: 'c' })).toThrow('There is no private endpoint "c"');
  });

  it('ends with the deadline of the request where that is the shorter limit', async () => {
    const server = await serve(() => {});
    const { error } = await readAll(tierOf(rack(server)).chat(admitted({ ...chat, deadlineMs: 100 })));
    expect(error).toMatchObject({ code: 'total-timeout' });
  });

  it('gives a refusal at the first read, before anything is sent', async () => {
    const server = await serve(streamOf([vllmReasoning]));
    const { error } = await readAll(tierOf(rack(server)).chat(admitted({ ...chat }), { continueFinal: true }));
    expect(error).toMatchObject({ name: 'TierError', code: 'unsupported' });
    expect(server.received).toHaveLength(0);
  });

  it('lists each model once, with the context that is configured', async () => {
    const server = await serve(() => {});
    const tier = tierOf(
      rack(server, { contextLength: 32_768 }),
      rack(server, { name: 'b', models: ['qwen3-32b', 'x'] }),
    );
    expect(tier.models()).toMatchObject([
      { id: 'qwen3-32b', tier: 'private', ownedBy: 'rack', created: 1_700_000_000, contextLength: 32_768 },
      { id: 'x', ownedBy: 'b', contextLength: 0 },
    ]);
  });
});

describe('discover', () => {
  const list = (fields: object) =>
    jsonOf(200, { object: 'list', data: [{ id: 'm', object: 'model', created: 1, ...fields }] });

  it('finds models, their context and the server, under the names that each server uses', async () => {
    const found = async (fields: object) => tierOf(rack(await serve(list(fields)), { models: [] })).discover('rack');
    const model = (contextLength: number | null) => [{ id: 'm', contextLength }];
    expect(await found({ owned_by: 'vllm', max_model_len: 4096 })).toEqual({
      endpoint: 'rack',
      server: 'vllm',
      models: model(4096),
    });
    expect(await found({ owned_by: 'sglang', max_model_len: 8 })).toMatchObject({ server: 'sglang', models: model(8) });
    expect(await found({ owned_by: 'llamacpp', meta: { n_ctx_train: 9 } })).toMatchObject({
      server: 'llama-server',
      models: model(9),
    });
    expect(await found({ owned_by: 'local', context_length: 7, spillway: {} })).toMatchObject({
      server: 'spillway',
      models: model(7),
    });
    expect(await found({})).toMatchObject({ server: 'other', models: model(null) });
  });

  it('keeps what it found, under what is configured', async () => {
    const server = await serve(list({ owned_by: 'vllm', max_model_len: 4096 }));
    const open = tierOf(rack(server, { models: [] }));
    expect(open.models()).toEqual([]);
    expect(open.canContinue({ endpoint: 'rack', model: 'm' })).toBe(false);
    await open.discover('rack');
    expect(open.models()).toMatchObject([{ id: 'm', contextLength: 4096 }]);
    expect(open.canContinue({ endpoint: 'rack', model: 'm' })).toBe(true);

    const fixed = tierOf(rack(server, { models: ['m', 'n'], contextLength: 100, server: 'other' }));
    await fixed.discover('rack');
    expect(fixed.models()).toMatchObject([{ id: 'm', contextLength: 100 }, { id: 'n' }]);
    expect(fixed.canContinue({ endpoint: 'rack', model: 'm' })).toBe(false);
  });

  it('fails with what the endpoint did', async () => {
    await expect(tierOf(rack(await serve(jsonOf(401, {})))).discover('rack')).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await expect(tierOf(rack(await serve(jsonOf(200, {})))).discover('rack')).rejects.toMatchObject({
      code: 'malformed',
    });
  });
});
