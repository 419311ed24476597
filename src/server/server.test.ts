import { describe, expect, it } from 'vitest';
import type { EngineStats } from '../engine/engine.js';
import { EngineError } from '../engine/engine-error.js';
import { endEvent, fakeModel, startEvent } from './fake-tier.js';
import { chatBody, createTestServer } from './test-kit.js';

describe('GET /v1/models', () => {
  it('lists what the tier has, and finds one by a name with slashes', async () => {
    const { get } = createTestServer({ models: [fakeModel('a'), fakeModel('org/b:Q4', { contextLength: 512 })] });
    const list = (await get('/v1/models')).json();
    expect(list.data.map((model: { id: string }) => model.id)).toEqual(['a', 'org/b:Q4']);
    const one = await get('/v1/models/org/b:Q4');
    expect(one.json()).toEqual({
      id: 'org/b:Q4',
      object: 'model',
      created: 1_700_000_000,
      owned_by: 'spillway',
      context_length: 512,
      spillway: { tier: 'device', capabilities: { chat: true, tools: true, embeddings: true, hands_over: false } },
    });
    expect((await get('/v1/models/org%2Fb:Q4')).json().id).toBe('org/b:Q4');
    const none = await get('/v1/models/c');
    expect([none.status, none.json().error]).toEqual([
      404,
      expect.objectContaining({ code: 'model_not_found', message: expect.stringContaining('a, org/b:Q4') }),
    ]);
  });
});

describe('paths and methods that are not there', () => {
  it('get the envelope', async () => {
    const { get, post, server } = createTestServer();
    const missing = await get('/v1/nothing?key=secret');
    expect([missing.status, missing.json().error.code]).toEqual([404, 'unknown_url']);
    expect(missing.text).not.toContain('secret');
    const wrong = await get('/v1/chat/completions');
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST']);
    for (const [method, path, allow] of [
      ['POST', '/v1/models', 'GET, HEAD'],
      ['DELETE', '/v1/models/org/b', 'GET, HEAD'],
      ['POST', '/health', 'GET, HEAD'],
      ['PUT', '/v1/responses/resp_1', 'DELETE, GET, HEAD'],
    ] as const) {
      const answer = await server.inject({ method, url: path });
      expect([path, answer.statusCode, answer.headers.allow]).toEqual([path, 405, allow]);
      expect(answer.json().error.code).toBe('method_not_supported');
    }
    expect((await post('/v1/nothing', {})).status).toBe(404);
    const bad = await server.inject({ method: 'GET', url: '/v1/models/%zz' });
    expect([bad.statusCode, bad.json().error.code]).toEqual([400, 'malformed_request']);
  });
});

describe('a path that is nearly right', () => {
  it.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions/', '/v1/chat/completions'],
    ['//v1/chat/completions', '/v1/chat/completions'],
    ['/v1/v1/chat/completions', '/v1/chat/completions'],
    ['/models', '/v1/models'],
  ])('%s is told of %s', async (path, meant) => {
    const { server } = createTestServer();
    const answer = await server.inject({ method: 'POST', url: path, payload: {} });
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error.message).toMatch(new RegExp(`Did you mean ${meant}\\?$`));
  });

  it('/ tells what there is', async () => {
    const { get } = createTestServer();
    expect((await get('/')).json().error.message).toContain(
      'There are: /health, /metrics, /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/models, /v1/responses',
    );
  });
});

describe('GET /health', () => {
  it('says ok and which models', async () => {
    const { get } = createTestServer();
    const answer = await get('/health');
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', models: ['fake'], requests: 0 }]);
  });
});

describe('GET /metrics', () => {
  const stats: EngineStats = {
    sequencesRunning: 2,
    sequencesQueued: 1,
    kvCellsUsed: 50,
    kvCellsTotal: 200,
    promptTokens: 100,
    cachedPromptTokens: 40,
    completionTokens: 30,
    decodeSteps: 10,
    decodeStepSequences: 25,
    hostRestarts: 1,
  };
  const sampleOf = (text: string, line: RegExp): number =>
    Number(
      text
        .split('\n')
        .find((candidate) => line.test(candidate))
        ?.split(' ')
        .at(-1),
    );

  it('shows the engine as it is, twice the same', async () => {
    const { get } = createTestServer({}, { stats: () => ({ fake: stats }) });
    await get('/metrics');
    const { text, headers } = await get('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/);
    expect(sampleOf(text, /^spillway_sequences_running{gen_ai_request_model="fake"}/)).toBe(2);
    expect(sampleOf(text, /^spillway_kv_cache_usage_ratio/)).toBe(0.25);
    expect(sampleOf(text, /^spillway_batch_size/)).toBe(2.5);
    expect(sampleOf(text, /^spillway_completion_tokens_total/)).toBe(30);
    expect(sampleOf(text, /^spillway_engine_restarts_total/)).toBe(1);
  });

  it('measures requests under the names of OpenTelemetry, by model and operation', async () => {
    const { get, post } = createTestServer();
    await post('/v1/chat/completions', chatBody());
    await post('/v1/chat/completions', chatBody({ stream: true }));
    await post('/v1/chat/completions', chatBody({ model: 'made-up-name' }));
    await post('/v1/embeddings', { input: 'a' });
    await get('/made-up-path');
    const { text } = await get('/metrics');
    const chat = 'gen_ai_operation_name="chat",gen_ai_provider_name="spillway",gen_ai_request_model="fake"';
    for (const name of [
      'gen_ai_server_time_to_first_token_seconds_count',
      'gen_ai_server_time_per_output_token_seconds_count',
      'gen_ai_server_request_duration_seconds_count',
      'spillway_queue_time_seconds_count',
    ])
      expect(sampleOf(text, new RegExp(`^${name}{${chat}`))).toBe(2);
    expect(sampleOf(text, new RegExp(`^gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="output"}`))).toBe(4);
    expect(sampleOf(text, /^spillway_http_requests_total{.*completions",status="404"}/)).toBe(1);
    expect(sampleOf(text, /^spillway_http_requests_total{.*route="unknown",status="404"}/)).toBe(1);
    expect(text).not.toMatch(/made-up/);
  });

  it('counts a stream that broke by its error', async () => {
    const { get, post } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield { type: 'text', text: 'x' };
        throw new EngineError('host-crashed', 'died');
      },
    });
    await post('/v1/chat/completions', chatBody({ stream: true }));
    const { text } = await get('/metrics');
    expect(sampleOf(text, /^gen_ai_server_request_duration_seconds_count{.*error_type="engine_crashed"}/)).toBe(1);
  });
});

describe('the log', () => {
  it('has a line for each request, with its id and without content', async () => {
    const lines: { message: string; fields: object }[] = [];
    const log = (fields: object, message: string) => lines.push({ message, fields });
    const { post } = createTestServer(
      {
        chat: async function* () {
          yield startEvent();
          yield { type: 'text', text: 'private answer' };
          yield endEvent();
        },
      },
      { logger: { info: log, warn: log, error: log } },
    );
    const answer = await post('/v1/chat/completions?api_key=oops', chatBody({ stream: true }));
    expect(lines).toEqual([
      {
        message: 'request',
        fields: {
          requestId: answer.headers['x-request-id'],
          method: 'POST',
          route: '/v1/chat/completions',
          status: 200,
          durationMs: expect.any(Number),
        },
      },
    ]);
  });
});
