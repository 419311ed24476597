import { describe, expect, it } from 'vitest';
import type { TokenLogprobs } from '../engine/engine.js';
import { EngineError } from '../engine/engine-error.js';
import { fakeModel, say, startEvent } from './fake-tier.js';
import { createTestServer } from './test-kit.js';

const path = '/v1/completions';

const logprob = (text: string, bytes = [...Buffer.from(text)]): TokenLogprobs => ({
  token: 1,
  text,
  bytes,
  logprob: -0.25,
  top: [{ token: 1, text, bytes, logprob: -0.25 }],
});

describe('a whole completion', () => {
  it('has the legacy shape, 16 tokens by default', async () => {
    const { post, tier } = createTestServer();
    const body = (await post(path, { model: 'fake', prompt: 'a b' })).json();
    expect(body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      choices: [{ text: 'a b', index: 0, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      spillway: { tier: 'device' },
    });
    expect(tier.completionRequests[0]).toEqual({
      model: 'fake',
      prompt: 'a b',
      maxTokens: 16,
      sampling: {},
      client: expect.any(String),
    });
  });

  it('answers several prompts with n choices each, in order', async () => {
    const { post, tier } = createTestServer();
    const body = (await post(path, { prompt: ['a', [1, 2]], n: 2, best_of: 2, seed: 3 })).json();
    expect(body.choices.map((choice: { index: number; text: string }) => [choice.index, choice.text])).toEqual([
      [0, 'a'],
      [1, 'a'],
      [2, '1,2'],
      [3, '1,2'],
    ]);
    expect(tier.completionRequests.map((request) => request.sampling?.seed)).toEqual([3, 4, 3, 4]);
    expect(body.usage.prompt_tokens).toBe(14);
  });

  it('takes a list of integers as one prompt of tokens', async () => {
    const { post, tier } = createTestServer();
    await post(path, { prompt: [5, 6, 7], max_tokens: 0, echo: true, ignore_eos: true, grammar: 'root ::= "a"' });
    expect(tier.completionRequests).toMatchObject([
      { prompt: [5, 6, 7], maxTokens: 0, echo: true, ignoreEos: true, grammar: 'root ::= "a"' },
    ]);
  });

  it('gives log-probabilities as parallel arrays, offsets in characters, the taken token always among the top', async () => {
    const { post } = createTestServer({
      complete: () =>
        say([
          { type: 'reasoning', text: 'hm😀' },
          {
            type: 'text',
            text: ' hé',
            logprobs: [{ ...logprob(' hé'), top: [{ ...logprob(' ha'), logprob: -0.125 }] }],
          },
          { type: 'text', text: '😀', logprobs: [logprob('\ufffd', [0xf0, 0x9f]), logprob('😀')] },
        ]),
    });
    const { logprobs, text } = (await post(path, { prompt: 'x', logprobs: 1 })).json().choices[0];
    expect(text).toBe('hm😀 hé😀');
    expect(logprobs).toEqual({
      tokens: [' hé', 'bytes:\\xf0\\x9f', '😀'],
      token_logprobs: [-0.25, -0.25, -0.25],
      top_logprobs: [{ ' ha': -0.125, ' hé': -0.25 }, { 'bytes:\\xf0\\x9f': -0.25 }, { '😀': -0.25 }],
      text_offset: [3, 6, 7],
    });
  });

  it('refuses log-probabilities of an echoed prompt, which a scorer of prompts would miss without a word', async () => {
    const { post } = createTestServer();
    const answer = await post(path, { prompt: 'x', echo: true, logprobs: 0, max_tokens: 0 });
    expect([answer.status, answer.json().error.param]).toEqual([400, 'logprobs']);
  });

  it('works on a model without chat', async () => {
    const { post } = createTestServer({
      models: [fakeModel('base', { capabilities: { chat: false, tools: false, embeddings: false } })],
    });
    expect((await post(path, { prompt: 'a' })).status).toBe(200);
    expect((await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'a' }] })).status).toBe(400);
  });
});

describe('a streamed completion', () => {
  it('is text chunks, a finish per choice, usage and [DONE]', async () => {
    const { post } = createTestServer();
    const events = (
      await post(path, { prompt: ['a b', 'c'], stream: true, stream_options: { include_usage: true } })
    ).events();
    expect(events.pop()).toBe('[DONE]');
    const usage = events.pop();
    expect(usage).toMatchObject({ choices: [], usage: { completion_tokens: 3 }, spillway: { tier: 'device' } });
    const choices = events.map((chunk) => chunk.choices[0]);
    const textOf = (index: number) =>
      choices
        .filter((choice) => choice.index === index)
        .map((choice) => choice.text)
        .join('');
    expect([textOf(0), textOf(1)]).toEqual(['a b', 'c']);
    expect(choices.filter((choice) => choice.finish_reason === 'stop')).toHaveLength(2);
    expect(events.every((chunk) => chunk.object === 'text_completion')).toBe(true);
  });

  it('carries log-probabilities with running offsets', async () => {
    const { post } = createTestServer({
      complete: () =>
        say([
          { type: 'text', text: 'ab', logprobs: [logprob('ab')] },
          { type: 'text', text: 'c', logprobs: [logprob('c')] },
        ]),
    });
    const events = (await post(path, { prompt: 'x', stream: true, logprobs: 1 })).events();
    const offsets = events.flatMap((event) => event.choices?.[0]?.logprobs?.text_offset ?? []);
    expect(offsets).toEqual([0, 2]);
    expect(events.at(-2).spillway).toMatchObject({ tier: 'device' });
  });

  it('never looks whole after it broke', async () => {
    const { post } = createTestServer({
      complete: async function* () {
        yield startEvent();
        yield { type: 'text', text: 'half' };
        throw new EngineError('decode-failed', 'Cannot decode');
      },
    });
    const answer = await post(path, { prompt: 'x', stream: true });
    expect(answer.text).not.toContain('[DONE]');
    expect(answer.events().at(-1).error.code).toBe('decode_failed');
    expect(answer.events().at(-2).choices[0].finish_reason).toBe('error');
  });
});

describe('POST /v1/completions refuses', () => {
  it.each([
    [{}, 'prompt', 'missing_required_parameter'],
    [{ prompt: [] }, 'prompt', 'empty_array'],
    [{ prompt: ['a', 1] }, 'prompt', 'invalid_type'],
    [{ prompt: [1, 'a'] }, 'prompt', 'invalid_type'],
    [{ prompt: [[]] }, 'prompt[0]', 'empty_array'],
    [{ prompt: [-1] }, 'prompt[0]', 'integer_below_min_value'],
    [{ prompt: Array(65).fill('a') }, 'prompt', 'array_above_max_length'],
    [{ prompt: Array(64).fill('a'), n: 32 }, 'n', 'integer_above_max_value'],
    [{ prompt: 'a', max_tokens: -5 }, 'max_tokens', 'integer_below_min_value'],
    [{ prompt: 'a', best_of: 3 }, 'best_of', 'invalid_value'],
    [{ prompt: 'a', suffix: 'b' }, 'suffix', 'unsupported_parameter'],
    [{ prompt: 'a', logprobs: true }, 'logprobs', 'invalid_type'],
    [{ prompt: 'a', logprobs: 21 }, 'logprobs', 'integer_above_max_value'],
    [{ prompt: 'a', grammar: 'x', response_format: { type: 'json_object' } }, 'grammar', 'invalid_value'],
  ])('%j', async (body, param, code) => {
    const { post } = createTestServer();
    const answer = await post(path, body);
    expect([answer.status, answer.json().error.param, answer.json().error.code]).toEqual([400, param, code]);
  });
});
