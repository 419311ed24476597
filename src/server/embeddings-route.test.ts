import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.js';
import { base64Of } from './embeddings-route.js';
import { fakeModel } from './fake-tier.js';
import { createTestServer } from './test-kit.js';

const path = '/v1/embeddings';

describe('POST /v1/embeddings', () => {
  it('gives one vector for each input', async () => {
    const { post, tier } = createTestServer();
    const body = (await post(path, { input: ['a', 'b'] })).json();
    expect(body).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [1, 0] },
        { object: 'embedding', index: 1, embedding: [Math.fround(0.6), Math.fround(0.8)] },
      ],
      model: 'fake',
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
    expect(tier.embeddingRequests[0]?.inputs).toEqual(['a', 'b']);
  });

  it.each([
    ['one', ['one']],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
  ])('takes %j as inputs', async (input, inputs) => {
    const { post, tier } = createTestServer();
    expect((await post(path, { input })).status).toBe(200);
    expect(tier.embeddingRequests[0]?.inputs).toEqual(inputs);
  });

  it('gives base64 of little-endian float32', async () => {
    const { post } = createTestServer();
    const [first] = (await post(path, { input: 'a', encoding_format: 'base64' })).json().data;
    expect(first.embedding).toBe('AACAPwAAAAA=');
    // A view into a larger buffer is not the whole buffer.
    expect(base64Of(new Float32Array([9, 1, 0, 9]).subarray(1, 3))).toBe('AACAPwAAAAA=');
  });

  it('takes dimensions only when they are what the model has', async () => {
    const { post } = createTestServer();
    expect((await post(path, { input: 'a', dimensions: 2 })).status).toBe(200);
    const refused = await post(path, { input: 'a', dimensions: 256 });
    expect([refused.status, refused.json().error.param]).toEqual([400, 'dimensions']);
  });

  it('takes the first model that embeds, and says which do when the named one does not', async () => {
    const chatOnly = fakeModel('chatter', { capabilities: { chat: true, tools: true, embeddings: false } });
    const { post } = createTestServer({ models: [chatOnly, fakeModel('embedder')] });
    expect((await post(path, { input: 'a' })).json().model).toBe('embedder');
    const refused = await post(path, { input: 'a', model: 'chatter' });
    expect([refused.status, refused.json().error.message]).toEqual([
      400,
      "The model 'chatter' cannot do embeddings. Models here that can: embedder",
    ]);
  });

  it.each([
    [{}, 'input', 'missing_required_parameter'],
    [{ input: '' }, 'input', 'empty_string'],
    [{ input: ['a', ''] }, 'input[1]', 'empty_string'],
    [{ input: [] }, 'input', 'empty_array'],
    [{ input: ['a', 5] }, 'input', 'invalid_type'],
    [{ input: Array(2049).fill('a') }, 'input', 'array_above_max_length'],
    [{ input: 'a', encoding_format: 'hex' }, 'encoding_format', 'invalid_value'],
    [{ input: 'a', dimensions: 0 }, 'dimensions', 'integer_below_min_value'],
  ])('refuses %j', async (body, param, code) => {
    const { post } = createTestServer();
    const answer = await post(path, body);
    expect([answer.status, answer.json().error.param, answer.json().error.code]).toEqual([400, param, code]);
  });

  it('passes a failure of the tier on', async () => {
    const { post } = createTestServer({
      embed: async () => {
        throw new EngineError('context-overflow', 'too long');
      },
    });
    const answer = await post(path, { input: 'a' });
    expect([answer.status, answer.json().error.code]).toEqual([400, 'context_length_exceeded']);
  });
});
