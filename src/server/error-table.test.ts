import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.js';
import { TierError } from '../tiers/tier-error.js';
import { isInternal, toApiError } from './error-table.js';
import { invalidParameter, ServerError } from './server-error.js';

describe('toApiError', () => {
  it.each([
    [new EngineError('context-overflow', 'm'), 400, 'context_length_exceeded'],
    [new EngineError('invalid-grammar', 'm'), 400, 'invalid_grammar'],
    [new EngineError('queue-full', 'm'), 503, 'server_overloaded'],
    [new EngineError('deadline', 'm'), 504, 'deadline_exceeded'],
    [new EngineError('host-crashed', 'm'), 503, 'engine_crashed'],
    [new EngineError('shutting-down', 'm'), 503, 'shutting_down'],
    [new EngineError('decode-failed', 'm'), 500, 'decode_failed'],
    [new TierError('model-not-found', 'm'), 404, 'model_not_found'],
    [new TierError('unsupported-content', 'm', { param: 'messages[0]' }), 400, 'unsupported_content'],
    [new ServerError('body-too-large', 'm'), 413, 'body_too_large'],
    [new ServerError('invalid-api-key', 'm'), 401, 'invalid_api_key'],
    [invalidParameter('n', 'm', 'invalid_type'), 400, 'invalid_type'],
  ])('%s is %d %s', (error, status, code) => {
    const apiError = toApiError(error);
    expect([apiError.status, apiError.body.error.code, apiError.body.error.message]).toEqual([status, code, 'm']);
    expect(isInternal(error)).toBe(false);
  });

  it('tells clients to try again only what may work a second later', () => {
    const retried = ['queue-full', 'host-crashed', 'shutting-down'] as const;
    for (const code of retried) expect(toApiError(new EngineError(code, 'm')).headers).toHaveProperty('retry-after');
    for (const code of ['deadline', 'decode-failed', 'model-load-failed'] as const)
      expect(toApiError(new EngineError(code, 'm')).headers).toEqual({ 'x-should-retry': 'false' });
    expect(toApiError(new EngineError('context-overflow', 'm')).headers).toEqual({});
  });

  it('keeps what it does not know to itself', () => {
    for (const unknown of [new TypeError('secret'), 'secret', null, { code: 'queue-full', message: 'secret' }]) {
      const apiError = toApiError(unknown);
      expect(apiError.status).toBe(500);
      expect(JSON.stringify(apiError)).not.toContain('secret');
      expect(isInternal(unknown)).toBe(true);
    }
  });
});
