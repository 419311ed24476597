import { describe, expect, it } from 'vitest';
import type { TokenLogprobs } from '../engine/engine.js';
import { EngineError } from '../engine/engine-error.js';
import type { ChatEvent } from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import { endEvent, fakeModel, say, startEvent } from './fake-tier.js';
import { chatBody, createTestServer } from './test-kit.js';

const path = '/v1/chat/completions';

const logprob = (text: string, value: number): TokenLogprobs => ({
  token: 1,
  text,
  bytes: [...Buffer.from(text)],
  logprob: value,
  top: [{ token: 2, text: 'alt', bytes: [97], logprob: Number.NEGATIVE_INFINITY }],
});

const callEvents: ChatEvent[] = [
  { type: 'tool-call', index: 0, id: 'call_a', name: 'get_weather', argumentsDelta: '{"place":' },
  { type: 'tool-call', index: 0, argumentsDelta: '"oslo"}' },
  { type: 'tool-call', index: 1, id: 'call_b', name: 'get_time', argumentsDelta: '{}' },
];

describe('a whole chat completion', () => {
  it('has the shape of OpenAI with the spillway block', async () => {
    const { post } = createTestServer();
    const answer = await post(path, chatBody());
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion',
      model: 'fake',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'one two', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 7,
        completion_tokens: 2,
        total_tokens: 9,
        prompt_tokens_details: { cached_tokens: 3 },
      },
      system_fingerprint: expect.stringMatching(/^fp_/),
      spillway: { tier: 'device', timings: { queue_ms: 0.5, ttft_ms: 2, total_ms: 5 }, cached_tokens: 3 },
    });
  });

  it('carries overflow and confidence of models that judge', async () => {
    const { post } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield endEvent('stop', { overflow: true, confidence: 0.97 });
      },
    });
    const body = (await post(path, chatBody())).json();
    expect(body.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' });
    expect(body.spillway).toMatchObject({ overflow: true, confidence: 0.97 });
  });

  it('shows tool calls with null content and reasoning apart', async () => {
    const { post } = createTestServer({
      chat: () =>
        say([{ type: 'reasoning', text: 'hmm ' }, { type: 'reasoning', text: 'yes' }, ...callEvents], 'tool-calls'),
    });
    const body = (await post(path, chatBody())).json();
    expect(body.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        reasoning_content: 'hmm yes',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"place":"oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '{}' } },
        ],
      },
    });
  });

  it('gives log-probabilities in the chat shape, without infinities', async () => {
    const { post, tier } = createTestServer({
      chat: () => say([{ type: 'text', text: 'hé', logprobs: [logprob('hé', -0.5)] }]),
    });
    const body = (await post(path, chatBody({ logprobs: true, top_logprobs: 1 }))).json();
    expect(tier.chatRequests[0]?.logprobs).toBe(1);
    expect(body.choices[0].logprobs).toEqual({
      content: [
        {
          token: 'hé',
          logprob: -0.5,
          bytes: [104, 195, 169],
          top_logprobs: [{ token: 'alt', logprob: -9999, bytes: [97] }],
        },
      ],
      refusal: null,
    });
  });

  it('tells times that fit each other when choices waited differently', async () => {
    const { post } = createTestServer({
      chat: async function* (request) {
        yield startEvent();
        const late = request.sampling?.seed === 2 ? 10 : 0;
        yield endEvent('stop', { timings: { queueMs: 1 + late, ttftMs: 2 + late, totalMs: 3 + late } });
      },
    });
    const { spillway } = (await post(path, chatBody({ n: 2, seed: 1 }))).json();
    expect(spillway.timings).toEqual({ queue_ms: 1, ttft_ms: 2, total_ms: 13 });
  });

  it('makes n choices with seeds that count up and counts the prompt once', async () => {
    const { post, tier } = createTestServer();
    const body = (await post(path, chatBody({ n: 3, seed: 41 }))).json();
    expect(tier.chatRequests.map((request) => request.sampling?.seed)).toEqual([41, 42, 43]);
    expect(body.choices.map((choice: { index: number }) => choice.index)).toEqual([0, 1, 2]);
    expect(body.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 6, total_tokens: 13 });
  });

  it('takes the model that is named, and the first that can chat without a name', async () => {
    const { post, tier } = createTestServer({
      models: [
        fakeModel('embedder', { capabilities: { chat: false, tools: false, embeddings: true } }),
        fakeModel('a/b'),
        fakeModel('c'),
      ],
    });
    await post(path, chatBody());
    await post(path, chatBody({ model: 'c' }));
    expect(tier.chatRequests.map((request) => request.model)).toEqual(['a/b', 'c']);
    const refused = await post(path, chatBody({ model: 'embedder' }));
    expect(refused.status).toBe(400);
    expect(refused.json().error).toMatchObject({ param: 'model', code: 'unsupported' });
  });

  it('fails as a whole when one of its choices fails, and cancels the others', async () => {
    const { post, tier } = createTestServer({
      chat: async function* (request, signal) {
        yield startEvent();
        if (request.sampling?.seed === 1) throw new EngineError('host-crashed', 'The engine host died');
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    const answer = await post(path, chatBody({ n: 2, seed: 0 }));
    expect(answer.status).toBe(503);
    expect(answer.json().error.code).toBe('engine_crashed');
    expect(tier.cancelledCount).toBe(2);
  });

  it('is an error when the tier ends without an end', async () => {
    const { post } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield { type: 'text', text: 'half an ans' };
      },
    });
    const answer = await post(path, chatBody());
    expect(answer.status).toBe(500);
    expect(answer.json().error.message).toMatch(/broke off/);
  });
});

describe('the request to the tier', () => {
  it('gets every sampling field under its own name', async () => {
    const { post, tier } = createTestServer();
    await post(
      path,
      chatBody({
        temperature: 0.5,
        top_p: 0.9,
        top_k: -1,
        min_p: 0.1,
        presence_penalty: 1,
        frequency_penalty: -1,
        repetition_penalty: 1.1,
        seed: 5,
        logit_bias: { 50256: -100 },
        stop: 'END',
        max_tokens: 5,
        max_completion_tokens: 6,
        ignore_eos: true,
        chat_template_kwargs: { enable_thinking: true },
        reasoning_effort: 'none',
        parallel_tool_calls: false,
        deadline_ms: 900,
        user: 'someone',
        metadata: { a: 'b' },
        some_field_of_tomorrow: 1,
      }),
    );
    expect(tier.chatRequests[0]).toEqual({
      model: 'fake',
      messages: [{ role: 'user', content: 'one two' }],
      sampling: {
        temperature: 0.5,
        topP: 0.9,
        topK: 0,
        minP: 0.1,
        presencePenalty: 1,
        frequencyPenalty: -1,
        repeatPenalty: 1.1,
        seed: 5,
        logitBias: [[50256, -100]],
      },
      stop: ['END'],
      maxTokens: 6,
      ignoreEos: true,
      templateVariables: { reasoning_effort: 'none', enable_thinking: true },
      parallelToolCalls: false,
      deadlineMs: 900,
      client: expect.any(String),
    });
  });

  it('takes null for every optional field as not given', async () => {
    const { post, tier } = createTestServer();
    const nulls = Object.fromEntries(
      [
        'model',
        'temperature',
        'tools',
        'tool_choice',
        'response_format',
        'stop',
        'seed',
        'stream',
        'n',
        'logprobs',
      ].map((field) => [field, null]),
    );
    expect((await post(path, chatBody(nulls))).status).toBe(200);
    expect(tier.chatRequests[0]).toEqual({
      model: 'fake',
      messages: [{ role: 'user', content: 'one two' }],
      sampling: {},
      client: expect.any(String),
    });
  });

  it('carries a whole conversation: parts, calls, results, reasoning', async () => {
    const { post, tier } = createTestServer();
    const answer = await post(path, {
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'be kind' }] },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'what is this' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
            { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          refusal: null,
          function_call: null,
          reasoning_content: 'let me look',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
        { role: 'user', content: '' },
      ],
    });
    expect(answer.status).toBe(200);
    expect(tier.chatRequests[0]?.messages).toEqual([
      { role: 'developer', content: [{ type: 'text', text: 'be kind' }] },
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'what is this' },
          { type: 'image', url: 'data:image/png;base64,AA' },
          { type: 'audio', data: 'AA', format: 'wav' },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning: 'let me look',
        toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }],
      },
      { role: 'tool', content: 'a cat', toolCallId: 'c1' },
      { role: 'assistant', content: [{ type: 'text', text: 'no' }] },
      { role: 'user', content: '' },
    ]);
  });

  const tools = ['a', 'b'].map((name) => ({
    type: 'function',
    function: { name, description: 'd', parameters: { type: 'object' }, strict: true },
  }));
  const definitions = ['a', 'b'].map((name) => ({ name, description: 'd', parameters: { type: 'object' } }));

  it.each([
    ['auto', { tools: definitions, toolChoice: 'auto' }],
    ['required', { tools: definitions, toolChoice: 'required' }],
    ['none', { tools: definitions, toolChoice: 'none' }],
    [
      { type: 'function', function: { name: 'b' } },
      { tools: definitions, toolChoice: { name: 'b' } },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'b' } }] },
      },
      { tools: [definitions[1]], toolChoice: 'required' },
    ],
  ])('translates tool_choice %j', async (tool_choice, expected) => {
    const { post, tier } = createTestServer();
    expect((await post(path, chatBody({ tools, tool_choice }))).status).toBe(200);
    expect(tier.chatRequests[0]).toMatchObject(expected);
    expect(tier.chatRequests[0]?.tools).toHaveLength(expected.tools.length);
  });

  it.each([
    [{ type: 'text' }, { type: 'text' }],
    [{ type: 'json_object' }, { type: 'json-object' }],
    [
      { type: 'json_object', schema: { type: 'array' } },
      { type: 'json-schema', name: 'response', schema: { type: 'array' } },
    ],
    [
      { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object' } } },
      { type: 'json-schema', name: 'x', schema: { type: 'object' } },
    ],
    [{ type: 'json_schema', json_schema: { name: 'x' } }, { type: 'json-object' }],
  ])('translates response_format %j', async (response_format, expected) => {
    const { post, tier } = createTestServer();
    await post(path, chatBody({ response_format }));
    expect(tier.chatRequests[0]?.responseFormat).toEqual(expected);
  });

  it.each([
    [-1, undefined],
    [0, 0],
    [-2, 0xffff_fffe],
    [0xffff_ffff, 0xffff_fffe],
    [2 ** 33 + 7, 7],
    [1.8e19, Number(BigInt.asUintN(32, BigInt(1.8e19)))],
  ])('brings the seed %d to 32 bits', async (seed, expected) => {
    const { post, tier } = createTestServer();
    await post(path, chatBody({ seed }));
    expect(tier.chatRequests[0]?.sampling?.seed).toBe(expected);
  });

  it('is given the server deadline where it asks for none or for more', async () => {
    const { post, tier } = createTestServer({}, { limits: { deadlineMs: 500 } });
    await post(path, chatBody());
    await post(path, chatBody({ deadline_ms: 900 }));
    await post(path, chatBody({ deadline_ms: 100 }));
    expect(tier.chatRequests.map((request) => request.deadlineMs)).toEqual([500, 500, 100]);
  });
});

describe('a streamed chat completion', () => {
  it('is a role delta, text deltas, a finish with the spillway block, and [DONE]', async () => {
    const { post } = createTestServer();
    const answer = await post(path, chatBody({ stream: true }));
    expect(answer.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(answer.headers['x-request-id']).toMatch(/^req_/);
    const events = answer.events();
    expect(events.pop()).toBe('[DONE]');
    expect(events.map((chunk) => chunk.choices[0])).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: 'one' }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: ' two' }, logprobs: null, finish_reason: null },
      { index: 0, delta: {}, logprobs: null, finish_reason: 'stop' },
    ]);
    expect(new Set(events.map((chunk) => chunk.id)).size).toBe(1);
    expect(events[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'fake' });
    expect(events[0]).not.toHaveProperty('usage');
    expect(events.at(-1).spillway).toMatchObject({ tier: 'device', cached_tokens: 3 });
  });

  it('ends with a usage chunk where it was asked for, every other chunk with usage null', async () => {
    const { post } = createTestServer();
    const events = (await post(path, chatBody({ stream: true, stream_options: { include_usage: true } }))).events();
    const usage = events.at(-2);
    expect(usage).toMatchObject({ choices: [], usage: { total_tokens: 9 }, spillway: { tier: 'device' } });
    expect(events.slice(0, -2).every((chunk) => chunk.usage === null)).toBe(true);
  });

  it('interleaves choices, gives each its role and finish, and the block to the last only', async () => {
    const { post } = createTestServer();
    const events = (await post(path, chatBody({ stream: true, n: 2 }))).events().slice(0, -1);
    for (const index of [0, 1]) {
      const own = events.filter((chunk) => chunk.choices[0].index === index).map((chunk) => chunk.choices[0]);
      expect(own[0].delta.role).toBe('assistant');
      expect(own.map((choice) => choice.delta.content ?? '').join('')).toBe('one two');
      expect(own.at(-1).finish_reason).toBe('stop');
    }
    expect(events.filter((chunk) => chunk.spillway !== undefined)).toEqual([events.at(-1)]);
  });

  it('gives tool calls piece by piece, id and name first', async () => {
    const { post } = createTestServer({
      chat: () => say([{ type: 'reasoning', text: 'a' }, ...callEvents], 'tool-calls'),
    });
    const deltas = (await post(path, chatBody({ stream: true })))
      .events()
      .slice(1, -1)
      .map((chunk) => chunk.choices[0].delta);
    expect(deltas).toEqual([
      { reasoning_content: 'a' },
      {
        tool_calls: [
          { index: 0, id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"place":' } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: '"oslo"}' } }] },
      { tool_calls: [{ index: 1, id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '{}' } }] },
      {},
    ]);
  });

  it('escapes whatever a model may say', async () => {
    const text = 'a"b\\c\nd\u2028e\u0000f😀\ud800';
    const { post } = createTestServer({ chat: () => say([text]) });
    const events = (await post(path, chatBody({ stream: true }))).events();
    expect(events[1].choices[0].delta.content).toBe(text);
  });

  it('shows log-probabilities beside their text', async () => {
    const { post } = createTestServer({
      chat: () => say([{ type: 'text', text: '', logprobs: [logprob('x', -1)] }]),
    });
    const events = (await post(path, chatBody({ stream: true, logprobs: true }))).events();
    expect(events[1].choices[0]).toMatchObject({
      delta: { content: '' },
      logprobs: { content: [{ token: 'x', logprob: -1 }] },
    });
  });

  it('is a plain status while nothing has gone out', async () => {
    const { post } = createTestServer({
      // biome-ignore lint/correctness/useYield: it fails before its first event
      chat: async function* () {
        throw new EngineError('context-overflow', 'Cannot run a prompt of 5000 tokens: the context holds 4096');
      },
    });
    const answer = await post(path, chatBody({ stream: true }));
    expect(answer.status).toBe(400);
    expect(answer.json().error).toEqual({
      message: 'Cannot run a prompt of 5000 tokens: the context holds 4096',
      type: 'invalid_request_error',
      param: null,
      code: 'context_length_exceeded',
    });
  });

  it('never looks whole after it broke: finish_reason error, an error event, no [DONE]', async () => {
    const { post } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield { type: 'text', text: 'half' };
        throw new EngineError('host-crashed', 'The engine host died');
      },
    });
    const answer = await post(path, chatBody({ stream: true, n: 2 }));
    const events = answer.events();
    expect(answer.text).not.toContain('[DONE]');
    expect(answer.text).toContain('event: error\n');
    expect(events.at(-1).error).toMatchObject({ code: 'engine_crashed', type: 'server_error' });
    const finishes = events.flatMap((event) => event.choices ?? []).filter((choice) => choice.finish_reason !== null);
    expect(finishes.map((choice) => [choice.index, choice.finish_reason])).toEqual([
      [0, 'error'],
      [1, 'error'],
    ]);
  });
});

describe('errors of a tier', () => {
  it.each([
    [new TierError('invalid-tools', 'bad', { param: 'tools[0]' }), 400, { param: 'tools[0]', code: 'invalid_tools' }],
    [new TierError('model-not-found', 'gone'), 404, { param: 'model', code: 'model_not_found' }],
    [new EngineError('queue-full', 'full'), 503, { code: 'server_overloaded' }],
    [new EngineError('deadline', 'late'), 504, { type: 'timeout_error', code: 'deadline_exceeded' }],
    [new EngineError('out-of-memory', 'no room'), 503, { code: 'out_of_memory' }],
    [new TypeError('secret detail'), 500, { type: 'server_error', code: 'internal_error' }],
  ])('%s becomes status %d', async (error, status, expected) => {
    const lines: string[] = [];
    const log = (fields: object, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
    const { post } = createTestServer(
      {
        // biome-ignore lint/correctness/useYield: it fails before its first event
        chat: async function* () {
          throw error;
        },
      },
      { logger: { info: () => undefined, warn: log, error: log } },
    );
    const answer = await post(path, chatBody());
    expect(answer.status).toBe(status);
    expect(answer.json().error).toMatchObject(expected);
    if (status === 500) expect(answer.text).not.toContain('secret');
    expect(lines.length).toBe(status >= 500 ? 1 : 0);
    if (error instanceof EngineError && error.code === 'queue-full') expect(answer.headers['retry-after']).toBe('1');
    if (status === 504) expect(answer.headers['x-should-retry']).toBe('false');
  });
});
