import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBytes, decode, decodeWhole, testContext, timings } from '../fixtures/decode.test-kit.js';
import {
  mistralCalls,
  mistralContinued,
  mistralThinking,
  openRouterBrokenOff,
  openRouterErrorReason,
  openRouterText,
} from '../fixtures/mistral-openrouter.test-kit.js';
import {
  chunk,
  openAiCalls,
  openAiCompletion,
  openAiLogprobs,
  openAiRefusal,
  openAiText,
  openAiWhole,
  sse,
  usageChunk,
  vllmReasoning,
} from '../fixtures/openai.test-kit.js';
import { createCompatibleCodec, createMistralCodec, createOpenAiCodec, createOpenRouterCodec } from './openai-codec.js';

const openAi = () => createOpenAiCodec().chatDecoder(testContext);
const run = (text: string) => decode(openAi(), [text]);

const usage = { promptTokens: 19, cachedTokens: 8, completionTokens: 10 };
const start = { type: 'start', promptTokens: 0, cachedTokens: 0 };

describe('chat streams of OpenAI', () => {
  it('gives text, usage with cached and reasoning tokens, and the finish reason', () => {
    expect(run(openAiText)).toEqual({
      events: [
        start,
        { type: 'text', text: 'Grüße aus 京都.' },
        { type: 'end', reason: 'stop', usage, timings, reasoningTokens: 4 },
      ],
      error: null,
    });
  });

  it('gives parallel calls, each with id and name first', () => {
    expect(run(openAiCalls).events.slice(1)).toEqual([
      {
        type: 'tool-call',
        index: 0,
        id: 'call_DdmO9pD3xa9XTPNJ32zg2hcA',
        name: 'get_weather',
        argumentsDelta: '{"city":"Oslo"}',
      },
      { type: 'tool-call', index: 1, id: 'call_pH9cQbVnYqX1oJ2kWm4LsTzR', name: 'get_time', argumentsDelta: '{}' },
      { type: 'end', reason: 'tool-calls', usage, timings, reasoningTokens: 4 },
    ]);
  });

  it('gives log-probabilities with the text they belong to', () => {
    expect(run(openAiLogprobs).events[1]).toEqual({
      type: 'text',
      text: 'Yes',
      logprobs: [
        {
          token: -1,
          text: 'Yes',
          bytes: [89, 101, 115],
          logprob: -0.25,
          top: [
            { token: -1, text: 'Yes', bytes: [89, 101, 115], logprob: -0.25 },
            { token: -1, text: 'No', bytes: [78, 111], logprob: -1.75 },
          ],
        },
      ],
    });
  });

  it('gives a refusal as the text that it is', () => {
    expect(run(openAiRefusal).events[1]).toEqual({ type: 'text', text: "I'm sorry, I cannot assist with that." });
  });

  it('gives the same events whatever the pieces', () => {
    const streams = [openAiText, openAiCalls, openAiLogprobs, openRouterText, vllmReasoning];
    fc.assert(
      fc.property(fc.constantFrom(...streams), fc.array(fc.nat(5000), { maxLength: 40 }), (stream, places) => {
        expect(decode(openAi(), cutBytes(Buffer.from(stream), places))).toEqual(run(stream));
      }),
    );
  });

  it('takes no prefix of a stream for a whole answer', () => {
    fc.assert(
      fc.property(fc.constantFrom(openAiText, openAiCalls), fc.nat(), (stream, place) => {
        const bytes = Buffer.from(stream);
        const { error } = decode(openAi(), [bytes.subarray(0, place % (bytes.length - 1))]);
        expect(error?.code).toMatch(/^(truncated|malformed)$/);
      }),
    );
  });

  it('reads an answer that came in one piece', () => {
    expect(decodeWhole(openAi(), openAiWhole).events).toEqual([
      { type: 'start', promptTokens: 19, cachedTokens: 8 },
      ...run(openAiText).events.slice(1),
    ]);
  });

  it('says that a named call is one, where OpenAI says stop', () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(run(sse([chunk({ tool_calls: [call] }), chunk({}, 'stop')])).events.at(-1)).toMatchObject({
      reason: 'tool-calls',
    });
  });
});

describe('streams of the servers that follow it', () => {
  it('tells reasoning from text (vLLM, SGLang, llama-server)', () => {
    const { events } = decode(createCompatibleCodec('vllm').chatDecoder(testContext), [vllmReasoning]);
    expect(events.slice(1, 3)).toEqual([
      { type: 'reasoning', text: 'Add the two.' },
      { type: 'text', text: '\n\n4' },
    ]);
  });

  it('reads the calls of Mistral, which have no index, and its usage', () => {
    const { events, error } = decode(createMistralCodec().chatDecoder(testContext), [mistralCalls]);
    expect(error).toBeNull();
    expect(events.slice(1)).toEqual([
      { type: 'tool-call', index: 0, id: 'gSIMJiOkT', name: 'get_weather', argumentsDelta: '{"city": "Oslo"}' },
      { type: 'tool-call', index: 1, id: 'k9fQwLm2Z', name: 'get_time', argumentsDelta: '{}' },
      {
        type: 'end',
        reason: 'tool-calls',
        usage: { promptTokens: 124, cachedTokens: 0, completionTokens: 22 },
        timings,
      },
    ]);
  });

  it('reads the thinking of Mistral, which is a part of the content', () => {
    const { events } = decode(createMistralCodec().chatDecoder(testContext), [mistralThinking]);
    expect(events.slice(1, 3)).toEqual([
      { type: 'reasoning', text: 'Add them.' },
      { type: 'text', text: '4' },
    ]);
  });

  it('takes the continued text off the answer where Mistral repeats it, in pieces too, and leaves other answers', () => {
    const context = { ...testContext, continuedText: 'Once upon' };
    const textOf = (stream: string, pieces: readonly number[] = []): unknown =>
      decode(createMistralCodec().chatDecoder(context), cutBytes(Buffer.from(stream), pieces)).events[1];
    expect(textOf(mistralContinued('Once upon', ' a time'))).toEqual({ type: 'text', text: ' a time' });
    expect(textOf(mistralContinued('Once', ' upon a time'))).toEqual({ type: 'text', text: ' a time' });
    expect(textOf(mistralContinued('Once', ' more'))).toEqual({ type: 'text', text: 'Once more' });
    expect(textOf(mistralContinued(' a', ' time'))).toEqual({ type: 'text', text: ' a time' });
  });

  it('reads OpenRouter with its comments, its reasoning, and the usage after the finish reason', () => {
    const { events, error } = decode(createOpenRouterCodec().chatDecoder(testContext), [openRouterText]);
    expect(error).toBeNull();
    expect(events.slice(1)).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Grüße aus 京都.' },
      {
        type: 'end',
        reason: 'stop',
        usage: { promptTokens: 14, cachedTokens: 0, completionTokens: 12 },
        timings,
        reasoningTokens: 3,
      },
    ]);
  });

  it('fails where OpenRouter reports an error mid-stream, beside the choice or as its finish reason', () => {
    for (const stream of [openRouterBrokenOff, openRouterErrorReason]) {
      const { events, error } = decode(createOpenRouterCodec().chatDecoder(testContext), [stream]);
      expect(events.at(-1)).toEqual({ type: 'text', text: 'Once' });
      expect(error).toMatchObject({ code: 'provider-failed', details: { answerStarted: true } });
      expect(error?.message).not.toContain('SECRET');
    }
  });

  it('passes on what another Spillway says of its own decision', () => {
    const last = { ...chunk({}, 'stop'), spillway: { tier: 'device', overflow: true, confidence: 0.3 } };
    expect(run(sse([chunk({ content: 'x' }), last])).events.at(-1)).toMatchObject({ overflow: true, confidence: 0.3 });
  });

  it('keeps calls apart whose server gives all of them the index 0, and invents the ids that are missing', () => {
    const call = (id: string, name: string) => ({ index: 0, id, function: { name, arguments: '{}' } });
    const { events } = run(
      sse([chunk({ tool_calls: [call('a', 'f')] }), chunk({ tool_calls: [call('b', 'f')] }), chunk({}, 'tool_calls')]),
    );
    expect(events.filter((event) => event.type === 'tool-call')).toMatchObject([
      { index: 0, id: 'a' },
      { index: 1, id: 'b' },
    ]);
    const nameless = run(sse([chunk({ tool_calls: [call('', 'f')] }), chunk({}, 'tool_calls')])).events[1];
    expect(nameless).toMatchObject({ id: expect.stringMatching(/^call_[0-9a-f]{24}$/) });
  });
});

describe('completions', () => {
  it('gives text, log-probabilities and usage', () => {
    const { events, error } = decode(createOpenAiCodec().completionDecoder(testContext), [openAiCompletion]);
    expect(error).toBeNull();
    expect(events.slice(1)).toEqual([
      { type: 'text', text: 'This' },
      {
        type: 'text',
        text: ' is',
        logprobs: [
          {
            token: -1,
            text: ' is',
            bytes: [32, 105, 115],
            logprob: -0.5,
            top: [
              { token: -1, text: ' is', bytes: [32, 105, 115], logprob: -0.5 },
              { token: -1, text: ' was', bytes: [32, 119, 97, 115], logprob: -1.5 },
            ],
          },
        ],
      },
      { type: 'end', reason: 'length', usage: { promptTokens: 5, cachedTokens: 0, completionTokens: 2 }, timings },
    ]);
  });
});

describe('what is no whole answer', () => {
  const codeOf = (events: readonly object[], end?: string) => run(sse(events, end)).error?.code;
  const text = chunk({ content: 'x' });

  it('is truncated without [DONE], and with [DONE] but no finish reason', () => {
    expect(codeOf([text, chunk({}, 'stop')], '')).toBe('truncated');
    expect(codeOf([text])).toBe('truncated');
  });

  it('is malformed where an event is no JSON object, no part of an answer, or the body no event stream', () => {
    expect(codeOf([text], 'data: {"choices":[{"del\n\n')).toBe('malformed');
    expect(codeOf([text], 'data: 7\n\n')).toBe('malformed');
    expect(codeOf([{ hello: 'world' }])).toBe('malformed');
    expect(codeOf([{ choices: [3] }])).toBe('malformed');
    expect(run('<html>Bad gateway</html>\n').error?.code).toBe('malformed');
  });

  it('is malformed where a second answer is mixed in: another choice, content after the end, another id that begins', () => {
    expect(codeOf([{ choices: [{ index: 1, delta: { content: 'x' } }] }])).toBe('malformed');
    expect(codeOf([text, chunk({}, 'stop'), text])).toBe('malformed');
    expect(codeOf([text, { ...chunk({ role: 'assistant', content: 'y' }), id: 'chatcmpl-other' }])).toBe('malformed');
  });

  it('stays whole where a chunk id changes only, an opening comes twice, or everything is repeated after [DONE]', () => {
    expect(codeOf([text, { ...text, id: 'chatcmpl-2' }, chunk({}, 'stop')])).toBeUndefined();
    const opening = chunk({
      tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
    });
    expect(run(sse([opening, opening, chunk({}, 'tool_calls')])).events[1]).toMatchObject({
      argumentsDelta: '{"x":1}',
    });
    expect(run(sse([chunk({}, 'stop'), chunk({}, 'stop'), usageChunk])).error).toBeNull();
    expect(run(openAiText + openAiText)).toEqual(run(openAiText));
  });

  it('is empty where it ends without content and without tokens, and is none where tokens were spent', () => {
    expect(codeOf([chunk({ role: 'assistant', content: '' }), chunk({}, 'stop')])).toBe('empty');
    expect(codeOf([chunk({}, 'stop'), usageChunk])).toBeUndefined();
    expect(codeOf([chunk({}, 'length')])).toBeUndefined();
  });

  it('is oversized where one event is', () => {
    const decoder = createOpenAiCodec().chatDecoder({ ...testContext, maxEventBytes: 1000 });
    expect(decode(decoder, [sse([chunk({ content: 'x'.repeat(1001) })])]).error?.code).toBe('oversized');
  });

  it('fails with the finish reasons of servers that gave up', () => {
    for (const reason of ['abort', 'error', 'whatever'])
      expect(codeOf([text, chunk({}, reason)])).toBe('provider-failed');
  });

  it('fails with an error inside, in each of the shapes that servers use', () => {
    const inside = (error: object) => run(sse([text, error])).error;
    expect(inside({ error: { message: 'SECRET', type: 'server_error' } })).toMatchObject({ code: 'provider-failed' });
    expect(inside({ object: 'error', message: 'SECRET', type: 'BadRequestError', code: 400 })).toMatchObject({
      code: 'refused',
    });
    expect(inside({ error: { message: 'SECRET', code: 429 } })).toMatchObject({ code: 'rate-limited' });
    expect(inside({ error: 'SECRET' })?.message).toBe('Endpoint test reported an error inside its answer');
    expect(decodeWhole(openAi(), { error: { message: 'SECRET', type: 'invalid_api_key' } }).error).toMatchObject({
      code: 'unauthorized',
      details: { answerStarted: false },
    });
  });

  it('keeps what came before the fault, in the same piece of bytes', () => {
    expect(run(sse([text, chunk({ content: 'y' })], 'data: {\n\n')).events.at(-1)).toEqual({
      type: 'text',
      text: 'xy',
    });
  });

  it('throws nothing but RemoteError for any bytes', () => {
    const json = fc.json().map((value) => `data: ${value}\n\n`);
    const field = fc.constantFrom(
      'choices',
      'delta',
      'tool_calls',
      'content',
      'usage',
      'error',
      'finish_reason',
      'index',
    );
    const shaped = fc
      .array(fc.dictionary(field, fc.jsonValue()), { maxLength: 3 })
      .map((choices) => `data: ${JSON.stringify({ choices, usage: choices[0] })}\n\n`);
    fc.assert(
      fc.property(fc.array(fc.oneof(json, shaped, fc.string()), { maxLength: 6 }), (parts) => {
        const { error } = decode(openAi(), parts);
        expect(error?.name).toBe('RemoteError');
      }),
      { numRuns: 300 },
    );
  });
});
