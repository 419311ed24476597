import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateObject, generateText, Output, stepCountIs, streamObject, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ListeningServer, listenScripted } from './scripted-server.js';

let server: ListeningServer;
let provider: ReturnType<typeof createOpenAICompatible>;
beforeAll(async () => {
  server = await listenScripted();
  provider = createOpenAICompatible({
    name: 'spillway',
    baseURL: `${server.url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
});
afterAll(() => server.close());

const Person = z.object({ name: z.string(), age: z.number() });
const tools = {
  get_weather: tool({
    description: 'weather of a place',
    inputSchema: z.object({ place: z.string() }),
    execute: async ({ place }) => `sun in ${place}`,
  }),
};
const shared = { maxRetries: 0 };

describe('the AI SDK with the openai-compatible provider', () => {
  it('generateText', async () => {
    const result = await generateText({ ...shared, model: provider('scripted'), prompt: 'hello there' });
    expect([result.text, result.finishReason]).toEqual(['hello there', 'stop']);
    expect(result.usage).toMatchObject({ inputTokens: 7, cachedInputTokens: 3 });
  });

  it('streamText, with reasoning and usage', async () => {
    const result = streamText({ ...shared, model: provider('scripted'), prompt: 'think' });
    const parts: string[] = [];
    for await (const part of result.fullStream) if ('text' in part) parts.push(`${part.type}:${part.text}`);
    expect(parts).toEqual(['reasoning-delta:let me ', 'reasoning-delta:think', 'text-delta:thought']);
    expect((await result.usage).inputTokens).toBe(7);
    expect(await result.finishReason).toBe('stop');
  });

  it('tools run to the end of the loop', async () => {
    const result = await generateText({
      ...shared,
      model: provider('scripted'),
      prompt: 'weather in oslo',
      tools,
      stopWhen: stepCountIs(3),
    });
    expect(result.steps[0]?.toolCalls[0]).toMatchObject({ toolName: 'get_weather', input: { place: 'Oslo' } });
    expect(result.text).toBe('It said sun in Oslo');
  });

  it.each([
    ['required', 'required'],
    [{ type: 'tool', toolName: 'get_weather' }, { name: 'get_weather' }],
  ] as const)('a tool choice of %j reaches the tier', async (toolChoice, expected) => {
    const result = await generateText({
      ...shared,
      model: provider('scripted'),
      prompt: 'weather in oslo',
      tools,
      toolChoice,
    });
    expect(result.toolCalls).toHaveLength(1);
    expect(server.tier.chatRequests.at(-1)?.toolChoice).toEqual(expected);
  });

  it('streamed tools run to the end of the loop', async () => {
    const result = streamText({
      ...shared,
      model: provider('scripted'),
      prompt: 'weather in oslo',
      tools,
      stopWhen: stepCountIs(3),
    });
    const deltas: string[] = [];
    for await (const part of result.fullStream) if (part.type === 'tool-input-delta') deltas.push(part.delta);
    expect(deltas.join('')).toBe('{"place":"Oslo"}');
    expect(await result.text).toBe('It said sun in Oslo');
  });

  it('generateObject, streamObject and Output.object send the schema and read the object', async () => {
    const model = provider('scripted');
    const { object } = await generateObject({ ...shared, model, schema: Person, prompt: 'who' });
    expect(object).toEqual({ name: 'Ada', age: 36 });
    expect(server.tier.chatRequests.at(-1)?.responseFormat).toMatchObject({
      type: 'json-schema',
      schema: { type: 'object', properties: { name: { type: 'string' } } },
    });
    const streamed = streamObject({ ...shared, model, schema: Person, prompt: 'who' });
    for await (const _ of streamed.partialObjectStream);
    expect(await streamed.object).toEqual({ name: 'Ada', age: 36 });
    const { output } = await generateText({
      ...shared,
      model,
      prompt: 'who',
      output: Output.object({ schema: Person }),
    });
    expect(output).toEqual({ name: 'Ada', age: 36 });
  });

  it('embedMany', async () => {
    const { embeddings } = await embedMany({
      ...shared,
      model: provider.embeddingModel('scripted'),
      values: ['a', 'b'],
    });
    expect(embeddings[0]).toEqual([1, 0]);
    expect(embeddings).toHaveLength(2);
  });

  it('shows the message of an error', async () => {
    const result = generateText({ ...shared, model: provider('gpt-4o'), prompt: 'x' });
    await expect(result).rejects.toThrow("The model 'gpt-4o' does not exist here. Available: scripted, second");
  });

  it('a stream that breaks is an error, not a shorter answer', async () => {
    const errors: unknown[] = [];
    const result = streamText({
      ...shared,
      model: provider('scripted'),
      prompt: 'break',
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    for await (const _ of result.fullStream);
    expect(errors).toMatchObject([{ code: 'engine_crashed', message: 'The engine host died' }]);
    expect(await result.finishReason).not.toBe('stop');
  });

  it('an abort cancels the request at the tier', async () => {
    const before = server.tier.cancelledCount;
    const controller = new AbortController();
    const result = streamText({
      ...shared,
      model: provider('scripted'),
      prompt: 'go on forever',
      abortSignal: controller.signal,
    });
    for await (const part of result.fullStream) if (part.type === 'text-delta') controller.abort();
    for (let turn = 0; turn < 2000 && server.tier.cancelledCount === before; turn++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.tier.cancelledCount).toBe(before + 1);
  });
});
