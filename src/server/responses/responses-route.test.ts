import { describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/engine-error.js';
import { endEvent, say, startEvent } from '../fake-tier.js';
import { createTestServer, type TestAnswer } from '../test-kit.js';

const path = '/v1/responses';

const thinkAndCall = () =>
  say(
    [
      { type: 'reasoning', text: 'let me ' },
      { type: 'reasoning', text: 'look' },
      'I will ',
      'look.',
      { type: 'tool-call', index: 0, id: 'call_a', name: 'look', argumentsDelta: '' },
      { type: 'tool-call', index: 0, argumentsDelta: '{"at":' },
      { type: 'tool-call', index: 0, argumentsDelta: '1}' },
      { type: 'tool-call', index: 1, id: 'call_b', name: 'wait', argumentsDelta: '{}' },
    ],
    'tool-calls',
  );

const typesOf = (answer: TestAnswer): string[] => answer.events().map((event) => event.type);

describe('a whole response', () => {
  it('has the shape of OpenAI with the spillway block', async () => {
    const { post } = createTestServer();
    const body = (
      await post(path, { input: 'one two', instructions: 'be brief', metadata: { a: 'b' }, temperature: 0.5 })
    ).json();
    expect(body).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      object: 'response',
      status: 'completed',
      model: 'fake',
      error: null,
      incomplete_details: null,
      instructions: 'be brief',
      metadata: { a: 'b' },
      temperature: 0.5,
      previous_response_id: null,
      store: true,
      tool_choice: 'auto',
      tools: [],
      text: { format: { type: 'text' } },
      output: [
        {
          type: 'message',
          id: expect.stringMatching(/^msg_/),
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'one two', annotations: [], logprobs: [] }],
        },
      ],
      usage: {
        input_tokens: 7,
        input_tokens_details: { cached_tokens: 3 },
        output_tokens: 2,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 9,
      },
      spillway: { tier: 'device' },
    });
  });

  it('gives reasoning, message and calls as items of their own', async () => {
    const { post } = createTestServer({ chat: thinkAndCall });
    const { output, status } = (await post(path, { input: 'x' })).json();
    expect(status).toBe('completed');
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'let me look' }] },
      { type: 'message', content: [{ text: 'I will look.' }] },
      { type: 'function_call', call_id: 'call_a', name: 'look', arguments: '{"at":1}', status: 'completed' },
      { type: 'function_call', call_id: 'call_b', name: 'wait', arguments: '{}' },
    ]);
  });

  it('is incomplete when the tokens ran out', async () => {
    const { post } = createTestServer({ chat: () => say(['half'], 'length') });
    expect((await post(path, { input: 'x', max_output_tokens: 1 })).json()).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    });
  });

  it('of a model that hands over is an empty message', async () => {
    const { post } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield endEvent('stop', { overflow: true, confidence: 0.9 });
      },
    });
    const body = (await post(path, { input: 'x' })).json();
    expect(body.output).toMatchObject([{ type: 'message', content: [{ text: '' }] }]);
    expect(body.spillway).toMatchObject({ overflow: true, confidence: 0.9 });
  });
});

describe('the request to the tier', () => {
  it('carries instructions, items and settings', async () => {
    const { post, tier } = createTestServer();
    const answer = await post(path, {
      instructions: 'be brief',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url: 'data:x' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' },
        { type: 'function_call', call_id: 'c2', name: 'wait', arguments: '{}', status: 'completed', id: null },
        { type: 'function_call_output', call_id: 'c1', output: 'a cat' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'done' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It is a cat' }] },
        { role: 'user', content: 'sure?' },
      ],
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: true }],
      tool_choice: { type: 'function', name: 'look' },
      text: { format: { type: 'json_schema', name: 'cat', schema: { type: 'object' }, strict: true } },
      reasoning: { effort: 'low' },
      max_output_tokens: 9,
      top_logprobs: 2,
      parallel_tool_calls: false,
    });
    expect(answer.status).toBe(200);
    expect(tier.chatRequests[0]).toEqual({
      model: 'fake',
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image', url: 'data:x' },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning: 'hm',
          toolCalls: [
            { id: 'c1', name: 'look', arguments: '{}' },
            { id: 'c2', name: 'wait', arguments: '{}' },
          ],
        },
        { role: 'tool', content: 'a cat', toolCallId: 'c1' },
        { role: 'tool', content: 'done', toolCallId: 'c2' },
        { role: 'assistant', content: 'It is a cat' },
        { role: 'user', content: 'sure?' },
      ],
      tools: [{ name: 'look', parameters: { type: 'object' } }],
      toolChoice: { name: 'look' },
      responseFormat: { type: 'json-schema', name: 'cat', schema: { type: 'object' } },
      templateVariables: { reasoning_effort: 'low' },
      parallelToolCalls: false,
      sampling: {},
      maxTokens: 9,
      logprobs: 2,
      client: expect.any(String),
    });
  });
});

describe('a streamed response', () => {
  it('has the event sequence of OpenAI, numbered, each under its event name', async () => {
    const { post } = createTestServer({ chat: thinkAndCall });
    const answer = await post(path, { input: 'x', stream: true });
    expect(typesOf(answer)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const events = answer.events();
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    const names = [...answer.text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(names).toEqual(typesOf(answer));
    expect(answer.text).not.toContain('[DONE]');
  });

  it('builds up to the very output that it completes with', async () => {
    const { post } = createTestServer({ chat: thinkAndCall });
    const events = (await post(path, { input: 'x', stream: true })).events();
    const done = events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
    expect(events.at(-1).response.output).toEqual(done);
    for (const delta of events.filter((event) => event.type.endsWith('.delta')))
      expect(done[delta.output_index].id).toBe(delta.item_id);
    const deltas = (type: string) =>
      events
        .filter((event) => event.type === type)
        .map((event) => event.delta)
        .join('|');
    expect(deltas('response.output_text.delta')).toBe('I will |look.');
    expect(deltas('response.function_call_arguments.delta')).toBe('{"at":|1}|{}');
  });

  it('shows log-probabilities where asked', async () => {
    const token = { token: 1, text: 'a', bytes: [97], logprob: -1 };
    const { post } = createTestServer({
      chat: () => say([{ type: 'text', text: 'a', logprobs: [{ ...token, top: [token] }] }]),
    });
    const events = (await post(path, { input: 'x', stream: true, include: ['message.output_text.logprobs'] })).events();
    const wire = { token: 'a', logprob: -1, bytes: [97] };
    const expected = [{ ...wire, top_logprobs: [wire] }];
    expect(events.find((event) => event.type === 'response.output_text.delta').logprobs).toEqual(expected);
    expect(events.at(-1).response.output[0].content[0].logprobs).toEqual(expected);
  });

  it('ends incomplete when the tokens ran out', async () => {
    const { post } = createTestServer({ chat: () => say(['half'], 'length') });
    const events = (await post(path, { input: 'x', stream: true })).events();
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete' } });
  });

  it('ends with error and response.failed when it broke, and is not stored', async () => {
    const { post, get } = createTestServer({
      chat: async function* () {
        yield startEvent();
        yield { type: 'text', text: 'half' };
        throw new EngineError('host-crashed', 'The engine host died');
      },
    });
    const answer = await post(path, { input: 'x', stream: true });
    const events = answer.events();
    expect(typesOf(answer)).not.toContain('response.completed');
    expect(events.at(-2)).toMatchObject({ type: 'error', code: 'engine_crashed', message: 'The engine host died' });
    const { response } = events.at(-1);
    expect(response).toMatchObject({
      status: 'failed',
      error: { code: 'engine_crashed' },
      output: [{ status: 'incomplete', content: [{ text: 'half' }] }],
    });
    expect((await get(`${path}/${response.id}`)).status).toBe(404);
  });
});

describe('stored responses', () => {
  it('are continued by previous_response_id, without the instructions before', async () => {
    const { post, tier } = createTestServer();
    const first = (await post(path, { input: 'one', instructions: 'old' })).json();
    const second = (await post(path, { input: 'two', previous_response_id: first.id, stream: true }))
      .events()
      .at(-1).response;
    expect(second.previous_response_id).toBe(first.id);
    await post(path, { input: 'three', previous_response_id: second.id, instructions: 'new' });
    expect(tier.chatRequests[2]?.messages).toEqual([
      { role: 'system', content: 'new' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'three' },
    ]);
  });

  it('carry tool calls into the next turn', async () => {
    const { post, tier } = createTestServer({ chat: thinkAndCall });
    const { id } = (await post(path, { input: 'x' })).json();
    await post(path, {
      previous_response_id: id,
      input: [
        { type: 'function_call_output', call_id: 'call_a', output: '1' },
        { type: 'function_call_output', call_id: 'call_b', output: '2' },
      ],
    });
    expect(tier.chatRequests[1]?.messages).toEqual([
      { role: 'user', content: 'x' },
      {
        role: 'assistant',
        content: 'I will look.',
        reasoning: 'let me look',
        toolCalls: [
          { id: 'call_a', name: 'look', arguments: '{"at":1}' },
          { id: 'call_b', name: 'wait', arguments: '{}' },
        ],
      },
      { role: 'tool', content: '1', toolCallId: 'call_a' },
      { role: 'tool', content: '2', toolCallId: 'call_b' },
    ]);
  });

  it('can be read, listed and deleted', async () => {
    const { post, get, server } = createTestServer();
    const first = (await post(path, { input: 'one' })).json();
    expect((await get(`${path}/${first.id}`)).json()).toEqual(first);

    const second = (
      await post(path, {
        input: [
          { role: 'user', content: 'two' },
          { role: 'user', content: 'three' },
        ],
        previous_response_id: first.id,
      })
    ).json();
    const textsOf = (answer: TestAnswer) =>
      answer.json().data.map((item: { content: { text: string }[] }) => item.content[0]?.text);
    expect(textsOf(await get(`${path}/${second.id}/input_items`))).toEqual(['three', 'two', 'one', 'one']);
    const page = await get(`${path}/${second.id}/input_items?order=asc&limit=2`);
    expect(textsOf(page)).toEqual(['one', 'one']);
    expect(page.json()).toMatchObject({ object: 'list', has_more: true });
    const rest = await get(`${path}/${second.id}/input_items?order=asc&after=${page.json().last_id}`);
    expect([textsOf(rest), rest.json().has_more]).toEqual([['two', 'three'], false]);
    expect((await get(`${path}/${second.id}/input_items?limit=0`)).status).toBe(400);
    expect((await get(`${path}/${second.id}/input_items?after=none`)).json().error.param).toBe('after');

    const json = { 'content-type': 'application/json' };
    const deleted = await server.inject({ method: 'DELETE', url: `${path}/${first.id}`, headers: json });
    expect(deleted.json()).toEqual({ id: first.id, object: 'response', deleted: true });
    expect((await get(`${path}/${first.id}`)).status).toBe(404);
    expect((await server.inject({ method: 'DELETE', url: `${path}/${first.id}` })).statusCode).toBe(404);
    const orphan = await post(path, { input: 'x', previous_response_id: second.id });
    expect([orphan.status, orphan.json().error]).toMatchObject([
      400,
      { code: 'previous_response_not_found', param: 'previous_response_id' },
    ]);
  });

  it('are not kept with store false', async () => {
    const { post, get } = createTestServer();
    const { id, store } = (await post(path, { input: 'x', store: false })).json();
    expect([store, (await get(`${path}/${id}`)).status]).toEqual([false, 404]);
  });

  it('cannot be cancelled or streamed again', async () => {
    const { post, get } = createTestServer();
    const { id } = (await post(path, { input: 'x' })).json();
    expect((await post(`${path}/${id}/cancel`, {})).json().error.message).toMatch(/background/);
    expect((await get(`${path}/${id}?stream=true`)).status).toBe(400);
  });
});

describe('POST /v1/responses refuses', () => {
  it.each([
    [{}, 'input', 'missing_required_parameter'],
    [{ input: [] }, 'input', 'empty_array'],
    [{ input: 5 }, 'input', 'invalid_type'],
    [{ input: ['x'] }, 'input[0]', 'invalid_type'],
    [{ input: Array(3000).fill({ role: 'user', content: 'a' }) }, 'input', 'array_above_max_length'],
    [{ input: [{ role: 'boss', content: 'x' }] }, 'input[0].role', 'invalid_value'],
    [{ input: [{ role: 'user', content: 'x' }, { type: 'computer_call' }] }, 'input[1].type', 'invalid_value'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type', 'invalid_value'],
    [
      { input: [{ type: 'function_call', name: 'a', arguments: '{}' }] },
      'input[0].call_id',
      'missing_required_parameter',
    ],
    [{ input: [{ role: 'user', content: [{ type: 'input_file' }] }] }, 'input[0].content[0].type', 'invalid_value'],
    [{ input: [{ type: 'reasoning', summary: [] }] }, 'input', 'empty_array'],
    [{ input: 'x', tools: [{ type: 'web_search' }] }, 'tools[0].type', 'invalid_value'],
    [
      {
        input: 'x',
        tools: [
          { type: 'function', name: 'a' },
          { type: 'function', name: 'a' },
        ],
      },
      'tools[1].name',
      'invalid_value',
    ],
    [
      { input: 'x', text: { format: { type: 'json_schema', name: 'a' } } },
      'text.format.schema',
      'missing_required_parameter',
    ],
    [{ input: 'x', max_output_tokens: -1 }, 'max_output_tokens', 'integer_below_min_value'],
    [{ input: 'x', background: true }, 'background', 'unsupported_parameter'],
    [{ input: 'x', conversation: 'conv_1' }, 'conversation', 'unsupported_parameter'],
    [{ input: 'x', previous_response_id: 'resp_none' }, 'previous_response_id', 'previous_response_not_found'],
  ])('%j', async (body, param, code) => {
    const { post, tier } = createTestServer();
    const answer = await post(path, body);
    expect([answer.status, answer.json().error.param, answer.json().error.code]).toEqual([400, param, code]);
    expect(tier.chatRequests).toHaveLength(0);
  });
});
