import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI, { APIError, BadRequestError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GenerateRequest } from '../../src/engine/engine.js';
import { EngineError } from '../../src/engine/engine-error.js';
import { createFakeEngine, type FakeAnswer, type FakeEngineOptions } from '../../src/engine/fake-engine.js';
import { createServer, type SpillwayServer } from '../../src/server/server.js';
import { createDeviceTier } from '../../src/tiers/device/device-tier.js';

/** The shape of the templates of Qwen and Hermes: ChatML, tools in the system turn, calls between tags. */
const template = `{%- if tools %}{{- '<|im_start|>system\\n# Tools\\n' }}{%- for tool in tools %}{{- tool | tojson }}{{- '\\n' }}{%- endfor %}{{- 'Answer with <tool_call>{"name": ..., "arguments": ...}</tool_call><|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}{{- '<tool_call>' + (call.function | tojson) + '</tool_call>' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}`;

const lastTurn = (prompt: string): { role: string; text: string } => {
  const turns = [...prompt.matchAll(/<\|im_start\|>(\w+)\n([\s\S]*?)<\|im_end\|>/g)];
  const [, role = '', text = ''] = turns.at(-1) ?? [];
  return { role, text };
};

/** A model that calls the weather when it may, tells what a tool said, and repeats its user otherwise. */
const respond = (prompt: string, request: GenerateRequest): string | FakeAnswer => {
  const { role, text } = lastTurn(prompt);
  if (text === 'break')
    return {
      text: 'half an answer',
      error: new EngineError('host-crashed', 'The engine host died'),
      errorAfterTokens: 2,
    };
  if (role === 'tool') return `It said ${text}`;
  if (text.includes('weather') && prompt.includes('# Tools'))
    return '<tool_call>\n{"name": "get_weather", "arguments": {"place": "Oslo"}}\n</tool_call>';
  if (request.grammar !== undefined) return '{"name":"Ada","age":36}';
  return text;
};

const open: SpillwayServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const listen = async (options: FakeEngineOptions = {}) => {
  const engine = createFakeEngine({
    name: 'words',
    respond,
    ...options,
    info: { chatTemplate: template, ...options.info },
  });
  const tier = createDeviceTier({ engines: () => new Map([['words', engine]]) });
  const server = createServer({ tier, stats: () => ({ words: engine.stats() }), host: '127.0.0.1', port: 0 });
  open.push(server);
  const { url } = await server.listen();
  return {
    engine,
    url,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 }),
    model: createOpenAICompatible({
      name: 'spillway',
      baseURL: `${url}/v1`,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })('words'),
  };
};

const model = 'words';
const user = (content: string) => [{ role: 'user' as const, content }];
const parameters = { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] };
const weather = { type: 'function' as const, function: { name: 'get_weather', parameters } };
const Person = z.object({ name: z.string(), age: z.number().int() });

describe('the openai client on the device tier', () => {
  it('chats, whole and streamed, with usage and cached tokens', async () => {
    const { client } = await listen();
    const messages = user('hello there, how are you');
    const first = await client.chat.completions.create({ model, messages });
    expect(first.choices[0]).toMatchObject({
      message: { content: 'hello there, how are you' },
      finish_reason: 'stop',
    });
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage;
    }
    expect(text).toBe('hello there, how are you');
    expect(usage?.prompt_tokens).toBe(first.usage?.prompt_tokens);
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0);
  });

  it('stops at max_tokens and at stop strings', async () => {
    const { client } = await listen();
    const cut = await client.chat.completions.create({ model, messages: user('one two three'), max_tokens: 2 });
    expect([cut.choices[0]?.finish_reason, cut.usage?.completion_tokens]).toEqual(['length', 2]);
    const stopped = await client.chat.completions.create({ model, messages: user('one two three'), stop: [' three'] });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'one two' } });
  });

  it('gives log-probabilities of as many tokens as it made', async () => {
    const { client } = await listen();
    const { choices, usage } = await client.chat.completions.create({
      model,
      messages: user('one two'),
      logprobs: true,
      top_logprobs: 2,
    });
    expect(choices[0]?.logprobs?.content).toHaveLength(usage!.completion_tokens);
    expect(choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(2);
  });

  it('calls tools and takes their results', async () => {
    const { client } = await listen();
    const messages: OpenAI.ChatCompletionMessageParam[] = user('the weather?');
    const first = await client.chat.completions.create({ model, messages, tools: [weather] });
    const call = first.choices[0]?.message.tool_calls?.[0];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } });
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ place: 'Oslo' });
    messages.push(first.choices[0]!.message, { role: 'tool', tool_call_id: call!.id, content: 'rain' });
    const second = await client.chat.completions.create({ model, messages, tools: [weather] });
    expect(second.choices[0]?.message.content).toBe('It said rain');
  });

  it('streams tool calls, and enforces a required one by grammar', async () => {
    const { client, engine } = await listen();
    const stream = client.chat.completions.stream({
      model,
      messages: user('the weather?'),
      tools: [weather],
      tool_choice: 'required',
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
    expect(JSON.parse(completion.choices[0]!.message.tool_calls![0]!.function.arguments)).toEqual({ place: 'Oslo' });
    expect(engine.requests[0]?.grammar?.gbnf).toContain('get_weather');
    expect(engine.requests[0]?.grammar?.lazyTriggers).toBeUndefined();
  });

  it('parses a schema that a grammar holds it to', async () => {
    const { client, engine } = await listen();
    const parsed = await client.chat.completions.parse({
      model,
      messages: user('who'),
      response_format: zodResponseFormat(Person, 'person'),
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: 'Ada', age: 36 });
    expect(engine.requests[0]?.grammar?.gbnf).toContain('age');
  });

  it('creates, streams and continues responses', async () => {
    const { client, engine } = await listen();
    const first = await client.responses.create({ model, input: 'hello there', instructions: 'be brief' });
    expect(first.output_text).toBe('hello there');
    let text = '';
    for await (const event of await client.responses.create({
      model,
      input: 'again',
      previous_response_id: first.id,
      stream: true,
    }))
      if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toBe('again');
    expect(engine.requests[1]?.prompt).toBe(
      '<|im_start|>user\nhello there<|im_end|>\n<|im_start|>assistant\nhello there<|im_end|>\n<|im_start|>user\nagain<|im_end|>\n<|im_start|>assistant\n',
    );
    const called = await client.responses.create({
      model,
      input: 'the weather?',
      tools: [{ type: 'function', name: 'get_weather', parameters, strict: true }],
    });
    expect(called.output[0]).toMatchObject({ type: 'function_call', name: 'get_weather' });
  });

  it('completes, echoes and embeds', async () => {
    const { client } = await listen({ respond: () => ' and so on' });
    const echoed = await client.completions.create({ model, prompt: 'it began', echo: true });
    expect(echoed.choices[0]?.text).toBe('it began and so on');
    const { choices } = await client.completions.create({ model, prompt: 'it began', logprobs: 1 });
    expect(choices[0]?.logprobs?.tokens?.join('')).toBe(' and so on');
    const { data } = await client.embeddings.create({ model, input: ['a', 'b', 'a'] });
    expect(data[0]?.embedding).toHaveLength(8);
    expect(data[0]?.embedding).toEqual(data[2]?.embedding);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
  });

  it('gets context overflow, bad schemas and unreadable content as a 400', async () => {
    const { client } = await listen({ info: { contextLength: 64 } });
    const failureOf = (request: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
      client.chat.completions
        .create({ model, messages: user('hi'), ...request })
        .catch((error: unknown) => error as BadRequestError);
    const overflow = await failureOf({ messages: user('word '.repeat(200)) });
    expect(overflow).toBeInstanceOf(BadRequestError);
    expect(overflow).toMatchObject({ code: 'context_length_exceeded', message: expect.stringContaining('64') });
    const endless = { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] };
    const schema = await failureOf({
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: endless } },
    });
    expect(schema).toBeInstanceOf(BadRequestError);
    expect(schema).toMatchObject({ code: 'invalid_schema', param: 'response_format.json_schema.schema' });
    const response = client.responses.create({
      model,
      input: 'x',
      text: { format: { type: 'json_schema', name: 'x', schema: endless } },
    });
    await expect(response).rejects.toMatchObject({ code: 'invalid_schema', param: 'text.format.schema' });
    const image = await failureOf({
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] }],
    });
    expect(image).toMatchObject({ status: 400, code: 'unsupported_content' });
  });

  it('gets an error from a crash mid-stream, and the next request works', async () => {
    const { client } = await listen();
    const stream = await client.chat.completions.create({ model, messages: user('break'), stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow(APIError);
    const next = await client.chat.completions.create({ model, messages: user('fine') });
    expect(next.choices[0]?.message.content).toBe('fine');
  });

  it('is answered 503 with Retry-After when the queue is full, 504 past its deadline', async () => {
    const { client, url, engine } = await listen({ tokenDelayMs: 20, queueLimit: 1, info: { parallel: 1 } });
    const messages = user('one two three four five six seven eight nine ten');
    const controller = new AbortController();
    const running = [0, 1].map(() =>
      client.chat.completions.create({ model, messages }, { signal: controller.signal }).catch(() => null),
    );
    await expect
      .poll(async () => (await (await fetch(`${url}/metrics`)).text()).match(/spillway_sequences_queued{.*} (\d)/)?.[1])
      .toBe('1');
    const full = await client.chat.completions.create({ model, messages }).catch((error: unknown) => error);
    expect(full).toMatchObject({ status: 503, code: 'server_overloaded' });
    expect((full as APIError).headers?.get('retry-after')).toBe('1');
    controller.abort();
    await Promise.all(running);
    await expect.poll(() => engine.stats().sequencesRunning).toBe(0);
    const late = client.chat.completions.create({ model, messages, deadline_ms: 30 } as never);
    await expect(late).rejects.toMatchObject({ status: 504, code: 'deadline_exceeded' });
  });

  it('cancels in the engine the moment it hangs up', async () => {
    const { client, engine } = await listen({ tokenDelayMs: 10 });
    const messages = user('word '.repeat(500).trim());
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, n: 2 }))
      if (chunk.choices[0]?.delta.content) break;
    await expect.poll(() => engine.cancelledCount).toBe(2);
  });
});

describe('the AI SDK on the device tier', () => {
  const tools = {
    get_weather: tool({
      inputSchema: z.object({ place: z.string() }),
      execute: async ({ place }) => `sun in ${place}`,
    }),
  };

  it('generates text and objects', async () => {
    const { model: words } = await listen();
    const { text } = await generateText({ model: words, prompt: 'hello there', maxRetries: 0 });
    expect(text).toBe('hello there');
    const { object } = await generateObject({ model: words, schema: Person, prompt: 'who', maxRetries: 0 });
    expect(object).toEqual({ name: 'Ada', age: 36 });
  });

  it('streams through a tool loop', async () => {
    const { model: words } = await listen();
    const result = streamText({ model: words, prompt: 'the weather?', tools, stopWhen: stepCountIs(3), maxRetries: 0 });
    for await (const _ of result.fullStream);
    expect(await result.text).toBe('It said sun in Oslo');
    expect((await result.steps)[0]?.toolCalls[0]).toMatchObject({ input: { place: 'Oslo' } });
  });
});
