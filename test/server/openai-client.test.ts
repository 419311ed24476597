import OpenAI, { APIError, APIUserAbortError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ListeningServer, listenScripted } from './scripted-server.js';

let server: ListeningServer;
let client: OpenAI;
beforeAll(async () => {
  server = await listenScripted();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

const model = 'scripted';
const user = (content: string) => [{ role: 'user' as const, content }];
const Person = z.object({ name: z.string(), age: z.number() });
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
  },
};

const until = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 2000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
};

describe('chat completions of the openai client', () => {
  it('create', async () => {
    const completion = await client.chat.completions.create({ model, messages: user('hello there') });
    expect(completion.choices[0]?.message.content).toBe('hello there');
    expect(completion._request_id).toMatch(/^req_/);
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('create with stream and usage', async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: user('hello there'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe('hello there');
    expect(usage?.prompt_tokens_details?.cached_tokens).toBe(3);
  });

  it('the stream helper builds the whole message', async () => {
    const stream = client.chat.completions.stream({ model, messages: user('hello there'), n: 2 });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices.map((choice) => [choice.message.content, choice.finish_reason])).toEqual([
      ['hello there', 'stop'],
      ['hello there', 'stop'],
    ]);
  });

  it.each(['auto', 'required', { type: 'function', function: { name: 'get_weather' } }] as const)(
    'tools with choice %j, and the result sent back',
    async (tool_choice) => {
      const messages: OpenAI.ChatCompletionMessageParam[] = user('weather in oslo');
      const first = await client.chat.completions.create({ model, messages, tools: [weather], tool_choice });
      const call = first.choices[0]?.message.tool_calls?.[0];
      expect(first.choices[0]?.finish_reason).toBe('tool_calls');
      expect(call).toMatchObject({
        type: 'function',
        function: { name: 'get_weather', arguments: '{"place":"Oslo"}' },
      });
      messages.push(first.choices[0]!.message, { role: 'tool', tool_call_id: call!.id, content: 'rain' });
      const second = await client.chat.completions.create({ model, messages, tools: [weather] });
      expect(second.choices[0]?.message.content).toBe('It said rain');
    },
  );

  it('streamed tool calls, put together by the helper', async () => {
    const stream = client.chat.completions.stream({ model, messages: user('weather'), tools: [weather] });
    const pieces: string[] = [];
    stream.on('tool_calls.function.arguments.delta', (event) => pieces.push(event.arguments_delta));
    const message = await stream.finalMessage();
    expect(pieces).toEqual(['{"pl', 'ace":"Os', 'lo"}']);
    expect(message.tool_calls?.[0]).toMatchObject({ id: 'call_1', function: { arguments: '{"place":"Oslo"}' } });
  });

  it('runTools drives the whole loop', async () => {
    const runner = client.chat.completions.runTools({
      model,
      messages: user('weather in oslo'),
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'weather of a place',
            parameters: { type: 'object', properties: { place: { type: 'string' } } },
            parse: JSON.parse,
            function: ({ place }: { place: string }) => `sun in ${place}`,
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('It said sun in Oslo');
  });

  it('parse with a zod schema and zod tools', async () => {
    const parsed = await client.chat.completions.parse({
      model,
      messages: user('who'),
      response_format: zodResponseFormat(Person, 'person'),
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: 'Ada', age: 36 });
    expect(server.tier.chatRequests.at(-1)?.responseFormat).toMatchObject({
      type: 'json-schema',
      name: 'person',
      schema: { type: 'object', required: ['name', 'age'] },
    });
    const called = await client.chat.completions.parse({
      model,
      messages: user('weather'),
      tools: [zodFunction({ name: 'get_weather', parameters: z.object({ place: z.string() }) })],
    });
    expect(called.choices[0]?.message.tool_calls?.[0]?.function.parsed_arguments).toEqual({ place: 'Oslo' });
  });

  it('reasoning arrives as reasoning_content', async () => {
    const { choices } = await client.chat.completions.create({ model, messages: user('think') });
    expect(choices[0]?.message).toMatchObject({ content: 'thought', reasoning_content: 'let me think' });
  });

  it('an abort cancels the request at the tier', async () => {
    const before = server.tier.cancelledCount;
    const stream = await client.chat.completions.create({ model, messages: user('go on forever'), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'and on') break;
    await until(() => server.tier.cancelledCount === before + 1);

    const controller = new AbortController();
    const whole = client.chat.completions.create(
      { model, messages: user('go on forever') },
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 50);
    await expect(whole).rejects.toThrow(APIUserAbortError);
    await until(() => server.tier.cancelledCount === before + 2);
  });
});

describe('failures as the openai client shows them', () => {
  it('a bad request, with the field', async () => {
    const error = await client.chat.completions.create({ model, messages: [] }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, param: 'messages', code: 'empty_array', type: 'invalid_request_error' });
  });

  it('an unknown model', async () => {
    const error = await client.chat.completions
      .create({ model: 'gpt-4o', messages: user('x') })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('scripted, second') });
  });

  it('a stream that breaks throws, and is never a whole one', async () => {
    const stream = await client.chat.completions.create({ model, messages: user('break'), stream: true });
    let text = '';
    const read = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toThrow(APIError);
    expect(text).toBe('half an ans');
    await expect(
      client.chat.completions.stream({ model, messages: user('break') }).finalChatCompletion(),
    ).rejects.toThrow(/engine host died/);
  });

  it('a missing key', async () => {
    const guarded = await listenScripted({ apiKeys: ['right'] });
    const as = (apiKey: string) => new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey, maxRetries: 0 });
    await expect(as('wrong').models.list()).rejects.toThrow(AuthenticationError);
    expect((await as('right').models.list()).data).toHaveLength(2);
    await guarded.close();
  });
});

describe('responses of the openai client', () => {
  it('create, with output_text', async () => {
    const response = await client.responses.create({ model, input: 'hello there' });
    expect([response.output_text, response.status]).toEqual(['hello there', 'completed']);
  });

  it('create with stream', async () => {
    const stream = await client.responses.create({ model, input: 'hello there', stream: true });
    let text = '';
    let final: OpenAI.Responses.Response | undefined;
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') final = event.response;
    }
    expect(text).toBe('hello there');
    expect(final?.usage?.input_tokens_details.cached_tokens).toBe(3);
  });

  it('the stream helper follows messages, reasoning and calls', async () => {
    const plain = await client.responses.stream({ model, input: 'hello there' }).finalResponse();
    expect(plain.output[0]).toMatchObject({ type: 'message', content: [{ text: 'hello there' }] });
    const thought = await client.responses.stream({ model, input: 'think' }).finalResponse();
    expect(thought.output.map((item) => item.type)).toEqual(['reasoning', 'message']);
    const stream = client.responses.stream({
      model,
      input: 'weather',
      tools: [{ type: 'function', name: 'get_weather', parameters: {}, strict: false }],
    });
    const snapshots: string[] = [];
    stream.on('response.function_call_arguments.delta', (event) => snapshots.push(event.snapshot));
    expect((await stream.finalResponse()).output[0]).toMatchObject({ type: 'function_call', name: 'get_weather' });
    expect(snapshots.at(-1)).toBe('{"place":"Oslo"}');
  });

  it('parse with a zod schema', async () => {
    const response = await client.responses.parse({
      model,
      input: 'who',
      text: { format: zodTextFormat(Person, 'person') },
    });
    expect(response.output_parsed).toEqual({ name: 'Ada', age: 36 });
  });

  it('a conversation by previous_response_id, with a tool result', async () => {
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters: {}, strict: false }];
    const first = await client.responses.create({ model, input: 'weather', tools });
    const call = first.output[0] as OpenAI.Responses.ResponseFunctionToolCall;
    const second = await client.responses.create({
      model,
      tools,
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: call.call_id, output: 'rain' }],
    });
    expect(second.output_text).toBe('It said rain');
    const resent = await client.responses.create({
      model,
      tools,
      input: [
        { role: 'user', content: 'weather' },
        ...first.output,
        { type: 'function_call_output', call_id: call.call_id, output: 'sun' },
      ],
    });
    expect(resent.output_text).toBe('It said sun');
    const items: unknown[] = [];
    for await (const item of client.responses.inputItems.list(second.id, { order: 'asc', limit: 1 })) items.push(item);
    expect(items).toMatchObject([{ role: 'user' }, { type: 'function_call' }, { type: 'function_call_output' }]);
    expect((await client.responses.retrieve(first.id)).id).toBe(first.id);
    await client.responses.delete(first.id);
    await expect(client.responses.retrieve(first.id)).rejects.toThrow(NotFoundError);
  });

  it('a stream that breaks ends as failed', async () => {
    const types: string[] = [];
    for await (const event of await client.responses.create({ model, input: 'break', stream: true }))
      types.push(event.type);
    expect(types.slice(-2)).toEqual(['error', 'response.failed']);
  });
});

describe('the rest of the openai client', () => {
  it('legacy completions, whole and streamed', async () => {
    const whole = await client.completions.create({ model, prompt: 'a b', max_tokens: 5 });
    expect(whole.choices[0]?.text).toBe('a b');
    let text = '';
    for await (const chunk of await client.completions.create({ model, prompt: 'a b', stream: true }))
      text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('a b');
  });

  it('embeddings, which it asks for as base64 by itself', async () => {
    const { data } = await client.embeddings.create({ model, input: ['a', 'b'] });
    expect(data[1]?.embedding[0]).toBeCloseTo(0.6, 6);
    const floats = await client.embeddings.create({ model, input: 'a', encoding_format: 'float' });
    expect(floats.data[0]?.embedding).toEqual([1, 0]);
  });

  it('models', async () => {
    const ids: string[] = [];
    for await (const entry of client.models.list()) ids.push(entry.id);
    expect(ids).toEqual(['scripted', 'second']);
    expect((await client.models.retrieve('second')).owned_by).toBe('spillway');
  });
});
