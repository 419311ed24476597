import { describe, expect, it } from 'vitest';
import { createApiKeys } from './api-keys.js';
import { chatBody, createTestServer } from './test-kit.js';

describe('API keys', () => {
  it('are not asked for where none are configured', () => {
    expect(createApiKeys([]).identify(undefined)).toBeNull();
    expect(createApiKeys([]).identify('Bearer anything')).toBeNull();
  });

  it('name the caller by position, not by key', () => {
    const keys = createApiKeys(['first-key', 'second-key']);
    expect(keys.identify('Bearer second-key')).toBe('key:1');
    expect(keys.identify('bearer   first-key')).toBe('key:0');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic first-key',
    'first-key',
    'Bearer first',
    'Bearer first-key2',
    'Bearer FIRST-KEY',
  ])('refuse %j', (authorization) =>
    expect(() => createApiKeys(['first-key']).identify(authorization)).toThrow(/API key/),
  );

  it('guard every endpoint but /health, and are neither echoed nor logged', async () => {
    const lines: string[] = [];
    const log = (fields: object, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
    const { get, post } = createTestServer(
      {},
      { apiKeys: ['right-key'], logger: { info: log, warn: log, error: log } },
    );
    const wrong = { authorization: 'Bearer wrong-key' };
    for (const answer of [
      await post('/v1/chat/completions', chatBody(), wrong),
      await get('/v1/models', wrong),
      await get('/metrics'),
      await get('/nothing', wrong),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.json().error.code).toBe('invalid_api_key');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.text).not.toContain('wrong-key');
    }
    expect((await get('/health')).status).toBe(200);
    const right = { authorization: 'Bearer right-key' };
    expect((await post('/v1/chat/completions', chatBody(), right)).status).toBe(200);
    const metrics = await get('/metrics', right);
    expect(metrics.status).toBe(200);
    for (const text of [...lines, metrics.text]) expect(text).not.toMatch(/wrong-key|right-key|one two/);
    expect(lines.length).toBeGreaterThan(5);
  });

  it('separate callers in fairness, cache scope and stored responses', async () => {
    const { post, get, tier } = createTestServer({}, { apiKeys: ['a', 'b'] });
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    await post('/v1/chat/completions', chatBody(), as('a'));
    await post('/v1/chat/completions', chatBody(), as('b'));
    expect(tier.chatRequests.map(({ client, cacheScope }) => [client, cacheScope])).toEqual([
      ['key:0', 'key:0'],
      ['key:1', 'key:1'],
    ]);
    const { id } = (await post('/v1/responses', { input: 'secret' }, as('a'))).json();
    expect((await get(`/v1/responses/${id}`, as('a'))).status).toBe(200);
    expect((await get(`/v1/responses/${id}`, as('b'))).status).toBe(404);
    const follow = await post('/v1/responses', { input: 'x', previous_response_id: id }, as('b'));
    expect([follow.status, follow.json().error.code]).toEqual([400, 'previous_response_not_found']);
  });
});
