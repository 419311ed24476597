import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatBody, createTestServer } from './test-kit.js';

const user = { role: 'user', content: 'a' };
const tool = (name: string) => ({ type: 'function', function: { name } });
const nested = (depth: number): unknown => (depth === 0 ? {} : { properties: { a: nested(depth - 1) } });

/** What is sent, the field that the error names, its code, and a part of its message. */
const cases: [title: string, body: unknown, param: string | null, code: string, message: RegExp][] = [
  ['no messages', {}, 'messages', 'missing_required_parameter', /Missing required parameter: 'messages'/],
  ['empty messages', { messages: [] }, 'messages', 'empty_array', /minimum length 1/],
  [
    '10,000 messages',
    { messages: Array(10_000).fill(user) },
    'messages',
    'array_above_max_length',
    /maximum length 2048, but got an array with length 10000/,
  ],
  [
    'messages of a wrong type',
    { messages: 'hi' },
    'messages',
    'invalid_type',
    /expected an array of objects, but got a string/,
  ],
  ['a message that is text', { messages: ['hi'] }, 'messages[0]', 'invalid_type', /expected an object/],
  [
    'a message without role',
    { messages: [user, { content: 'x' }] },
    'messages[1].role',
    'missing_required_parameter',
    /role/,
  ],
  ['an unknown role', { messages: [{ role: 'boss', content: 'x' }] }, 'messages[0].role', 'invalid_value', /'user'/],
  [
    'a legacy function result',
    { messages: [{ role: 'function', content: 'x' }] },
    'messages[0].role',
    'invalid_value',
    /role "tool"/,
  ],
  [
    'content of a wrong type',
    { messages: [{ role: 'user', content: 5 }] },
    'messages[0].content',
    'invalid_type',
    /string or an array/,
  ],
  ['no content', { messages: [{ role: 'user' }] }, 'messages[0].content', 'missing_required_parameter', /content/],
  [
    'null content of a user',
    { messages: [{ role: 'user', content: null }] },
    'messages[0].content',
    'invalid_type',
    /null/,
  ],
  [
    'a file part',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'file', file: {} },
          ],
        },
      ],
    },
    'messages[0].content[1].type',
    'invalid_value',
    /Files are not read/,
  ],
  [
    'an empty assistant',
    { messages: [{ role: 'assistant', content: null }] },
    'messages[0].content',
    'invalid_value',
    /needs content/,
  ],
  [
    'a result of no call',
    { messages: [{ role: 'tool', content: 'x' }] },
    'messages[0].tool_call_id',
    'missing_required_parameter',
    /tool_call_id/,
  ],
  ['negative max_tokens', chatBody({ max_tokens: -1 }), 'max_tokens', 'integer_below_min_value', />= 1, but got -1/],
  [
    'zero max_completion_tokens',
    chatBody({ max_completion_tokens: 0 }),
    'max_completion_tokens',
    'integer_below_min_value',
    />= 1/,
  ],
  [
    'fractional max_tokens',
    chatBody({ max_tokens: 1.5 }),
    'max_tokens',
    'invalid_type',
    /expected an integer, but got a decimal/,
  ],
  ['max_tokens as text', chatBody({ max_tokens: '5' }), 'max_tokens', 'invalid_type', /but got a string/],
  ['a hot temperature', chatBody({ temperature: 2.5 }), 'temperature', 'decimal_above_max_value', /<= 2, but got 2.5/],
  ['a negative top_p', chatBody({ top_p: -0.1 }), 'top_p', 'decimal_below_min_value', />= 0/],
  ['no repeat penalty at all', chatBody({ repeat_penalty: 0 }), 'repeat_penalty', 'decimal_below_min_value', /> 0/],
  ['n of 1,000', chatBody({ n: 1000 }), 'n', 'integer_above_max_value', /<= 32/],
  [
    '21 alternatives',
    chatBody({ logprobs: true, top_logprobs: 21 }),
    'top_logprobs',
    'integer_above_max_value',
    /<= 20/,
  ],
  ['top_logprobs alone', chatBody({ top_logprobs: 2 }), 'top_logprobs', 'invalid_value', /needs 'logprobs'/],
  [
    '10,000 stops',
    chatBody({ stop: Array(10_000).fill('x') }),
    'stop',
    'array_above_max_length',
    /maximum length 16.*10000/,
  ],
  ['an empty stop', chatBody({ stop: '' }), 'stop', 'empty_string', /minimum length 1/],
  ['stops of a wrong type', chatBody({ stop: ['a', 1] }), 'stop[1]', 'invalid_type', /expected a string/],
  [
    'a tool name with odd characters',
    chatBody({ tools: [tool('rm -rf /\u0000')] }),
    'tools[0].function.name',
    'invalid_value',
    /pattern/,
  ],
  [
    'a tool name of 65',
    chatBody({ tools: [tool('a'.repeat(65))] }),
    'tools[0].function.name',
    'string_above_max_length',
    /64/,
  ],
  ['an empty tool name', chatBody({ tools: [tool('')] }), 'tools[0].function.name', 'empty_string', /minimum length 1/],
  [
    'the same tool twice',
    chatBody({ tools: [tool('a'), tool('a')] }),
    'tools[1].function.name',
    'invalid_value',
    /twice/,
  ],
  [
    '1,000 tools',
    chatBody({ tools: Array.from({ length: 1000 }, (_, i) => tool(`t${i}`)) }),
    'tools',
    'array_above_max_length',
    /256/,
  ],
  [
    'a tool of another type',
    chatBody({ tools: [{ type: 'web_search' }] }),
    'tools[0].type',
    'invalid_value',
    /'function'/,
  ],
  [
    'parameters that are no object',
    chatBody({ tools: [{ type: 'function', function: { name: 'a', parameters: [] } }] }),
    'tools[0].function.parameters',
    'invalid_type',
    /an object/,
  ],
  [
    'an unknown tool_choice',
    chatBody({ tool_choice: 'maybe' }),
    'tool_choice',
    'invalid_value',
    /'auto', 'required' and 'none'/,
  ],
  [
    'a choice of no tool',
    chatBody({ tools: [tool('a')], tool_choice: tool('b') }),
    'tool_choice',
    'invalid_value',
    /'b' is not among/,
  ],
  [
    'required without tools',
    chatBody({ tools: [], tool_choice: 'required' }),
    'tool_choice',
    'invalid_value',
    /at least one/,
  ],
  [
    'an unknown response_format',
    chatBody({ response_format: { type: 'xml' } }),
    'response_format.type',
    'invalid_value',
    /json_schema/,
  ],
  [
    'json_schema without it',
    chatBody({ response_format: { type: 'json_schema' } }),
    'response_format.json_schema',
    'missing_required_parameter',
    /json_schema/,
  ],
  [
    'a schema nested 200 deep',
    chatBody({ tools: [{ type: 'function', function: { name: 'a', parameters: nested(200) } }] }),
    'body',
    'json_too_deep',
    /at most 128/,
  ],
  ['a logit_bias by word', chatBody({ logit_bias: { hello: 1 } }), 'logit_bias', 'invalid_value', /token ids/],
  [
    'a logit_bias of 1,000',
    chatBody({ logit_bias: { 5: 1000 } }),
    'logit_bias[5]',
    'decimal_above_max_value',
    /<= 100/,
  ],
  [
    '10,000 logit biases',
    chatBody({ logit_bias: Object.fromEntries(Array.from({ length: 10_000 }, (_, id) => [id, 1])) }),
    'logit_bias',
    'object_above_max_properties',
    /at most 1024, but got 10000/,
  ],
  ['legacy functions', chatBody({ functions: [] }), 'functions', 'unsupported_parameter', /'tools'/],
  [
    'a legacy function_call',
    chatBody({ function_call: 'auto' }),
    'function_call',
    'unsupported_parameter',
    /'tool_choice'/,
  ],
  ['audio output', chatBody({ modalities: ['text', 'audio'] }), 'modalities', 'unsupported_parameter', /audio/],
  ['a grammar', chatBody({ grammar: 'root ::= "a"' }), 'grammar', 'unsupported_parameter', /only \/v1\/completions/],
  [
    'stream_options without stream',
    chatBody({ stream_options: {} }),
    'stream_options',
    'invalid_value',
    /'stream' is true/,
  ],
  ['a body that is an array', [1], 'body', 'invalid_type', /expected an object, but got an array/],
  ['a body that is text', '"hello"', 'body', 'invalid_type', /a string/],
  ['no body', '', null, 'invalid_json', /empty/],
  ['malformed JSON', '{"messages": [', null, 'invalid_json', /JSON/],
  ['JSON with a tail', '{"messages": []} x', null, 'invalid_json', /JSON/],
  ['ten million brackets', '['.repeat(10_000_000), 'body', 'json_too_deep', /at most 128/],
];

describe('POST /v1/chat/completions refuses with a 400 that names the field', () => {
  it.each(cases)('%s', async (_, body, param, code, message) => {
    const { post, tier } = createTestServer();
    const answer = await post('/v1/chat/completions', body);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      { message: expect.stringMatching(message), type: 'invalid_request_error', param, code },
    ]);
    expect(tier.chatRequests).toHaveLength(0);
  });

  it('an unknown model with 404 and the names there are', async () => {
    const { post } = createTestServer();
    const answer = await post('/v1/chat/completions', chatBody({ model: 'gpt-4o' }));
    expect([answer.status, answer.json().error]).toEqual([
      404,
      {
        message: "The model 'gpt-4o' does not exist here. Available: fake",
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    ]);
  });

  it('a request without any body or content type', async () => {
    const { server } = createTestServer();
    const response = await server.inject({ method: 'POST', url: '/v1/chat/completions' });
    expect([response.statusCode, response.json().error.message]).toEqual([
      400,
      "Invalid type for 'body': expected an object, but got nothing instead.",
    ]);
  });

  it('bytes that are no UTF-8', async () => {
    const { server } = createTestServer();
    const response = await server.inject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    expect(response.statusCode).toBe(400);
    expect(response.json().error.message).toMatch(/UTF-8/);
  });

  it('a body that claims to be text, so that no web form can send one', async () => {
    const { post } = createTestServer();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await post('/v1/chat/completions', JSON.stringify(chatBody()), { 'content-type': type });
      expect([answer.status, answer.json().error.code]).toEqual([415, 'unsupported_media_type']);
    }
  });

  it('a body that is compressed', async () => {
    const { post } = createTestServer();
    const answer = await post('/v1/chat/completions', chatBody(), { 'content-encoding': 'gzip' });
    expect([answer.status, answer.json().error.code]).toEqual([415, 'unsupported_media_type']);
    expect(answer.json().error.message).toContain('gzip');
    const plain = await post('/v1/chat/completions', chatBody(), { 'content-encoding': 'identity' });
    expect(plain.status).toBe(200);
  });

  it('takes a key named __proto__ for what it is: an unknown field', async () => {
    const { post, tier } = createTestServer();
    const answer = await post(
      '/v1/chat/completions',
      `{"__proto__":{"model":"x"},"messages":[${JSON.stringify(user)}]}`,
    );
    expect(answer.status).toBe(200);
    expect(tier.chatRequests[0]?.model).toBe('fake');
  });
});

describe('any JSON at all', () => {
  it('is an answer or a 4xx in the envelope, never a 500', async () => {
    const { post } = createTestServer();
    const fields = fc.dictionary(
      fc.constantFrom(
        'model',
        'messages',
        'stop',
        'n',
        'tools',
        'tool_choice',
        'response_format',
        'logit_bias',
        'seed',
        'input',
        'prompt',
        'text',
      ),
      fc.jsonValue({ maxDepth: 4 }),
    );
    const message = fc.record(
      {
        role: fc.constantFrom('user', 'assistant', 'tool', 'system', 'x'),
        content: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 2 })),
        tool_calls: fc.jsonValue({ maxDepth: 3 }),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.jsonValue(),
      fields,
      fc.record(
        { messages: fc.array(message, { maxLength: 3 }), n: fc.constantFrom(1, 2, -1, 'x') },
        { requiredKeys: [] },
      ),
    );
    const paths = fc.constantFrom('/v1/chat/completions', '/v1/completions', '/v1/responses', '/v1/embeddings');
    await fc.assert(
      fc.asyncProperty(paths, body, async (path, value) => {
        const answer = await post(path, value);
        if (answer.status === 200) return;
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(answer.json().error).toMatchObject({ message: expect.any(String), type: expect.any(String) });
      }),
      { numRuns: 400 },
    );
  });
});
