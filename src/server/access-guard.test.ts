import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAccessGuard, hostnameOf, isLoopback } from './access-guard.js';
import { createTestServer } from './test-kit.js';

describe('the Host check', () => {
  const guard = createAccessGuard('127.0.0.1', { allowedHosts: ['box.lan:8080'] });

  it.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    'localhost:1',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    '[::1]:8080',
    '::1',
    '127.9.9.9',
    'box.lan',
    'Box.Lan:99',
    '[::ffff:127.0.0.1]',
  ])('lets %s in', (host) => expect(() => guard.checkHost(host)).not.toThrow());

  it.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5',
    '0.0.0.0',
    '',
    '[::2]',
    'localhost@evil.example',
    'notlocalhost',
    undefined,
  ])('refuses %s', (host) => expect(() => guard.checkHost(host)).toThrow(/Host header/));

  it('refuses every name that is not known, so that rebinding has nothing to point here', () => {
    fc.assert(
      fc.property(fc.domain(), (domain) => {
        fc.pre(!isLoopback(hostnameOf(domain)));
        expect(() => guard.checkHost(`${domain}:8080`)).toThrow(/Host header/);
      }),
    );
  });

  it('holds on the network only where names were given', () => {
    expect(() => createAccessGuard('0.0.0.0').checkHost('any.name')).not.toThrow();
    const named = createAccessGuard('0.0.0.0', { allowedHosts: ['box.lan'] });
    expect(() => named.checkHost('evil.example')).toThrow();
    expect(() => named.checkHost('box.lan')).not.toThrow();
    expect(() => named.checkHost('192.168.1.5:80')).not.toThrow();
  });
});

describe('the Origin check', () => {
  const guard = createAccessGuard('127.0.0.1', { allowedOrigins: ['https://App.example/'] });

  it('lets programs, own pages and allowed origins in', () => {
    expect(guard.checkOrigin(undefined, 'localhost')).toEqual({});
    expect(guard.checkOrigin('http://localhost:8080', 'localhost:8080')).toEqual({});
    expect(guard.checkOrigin('https://app.example', 'localhost:8080')).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      vary: 'origin',
    });
  });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'https://app.example.evil.example',
    'http://app.example',
  ])('refuses %s', (origin) => expect(() => guard.checkOrigin(origin, 'localhost:8080')).toThrow(/may not call/));

  it('advises nobody to let "null" in, which is every sandboxed frame', () => {
    expect(() => guard.checkOrigin('null', 'localhost')).toThrow(/may not call this server\.$/);
    expect(() => guard.checkOrigin('https://a.example', 'localhost')).toThrow(/--allow-origin https:\/\/a\.example/);
  });

  it('does not take a rebound name for an own page on the network', () => {
    const open = createAccessGuard('0.0.0.0');
    expect(() => open.checkOrigin('http://evil.example:8080', 'evil.example:8080')).toThrow();
    expect(open.checkOrigin('http://192.168.1.5:8080', '192.168.1.5:8080')).toEqual({});
  });

  it('lets everyone in for *', () => {
    const open = createAccessGuard('127.0.0.1', { allowedOrigins: ['*'] });
    expect(open.checkOrigin('null', 'localhost')).toMatchObject({ 'access-control-allow-origin': 'null' });
  });
});

describe('a web page in the browser of this machine', () => {
  it('gets 403 in the envelope for a foreign origin or a rebound name, on every endpoint', async () => {
    const { get, post, tier } = createTestServer();
    for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }]) {
      for (const answer of [
        await post('/v1/chat/completions', {}, headers),
        await get('/v1/models', headers),
        await get('/health', headers),
        await get('/metrics', headers),
        await get('/nothing', headers),
      ]) {
        expect(answer.status).toBe(403);
        expect(answer.json().error).toMatchObject({
          type: 'permission_error',
          message: expect.stringMatching(/--allow-/),
        });
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
    }
    expect(tier.chatRequests).toHaveLength(0);
  });

  it('gets a preflight answered for an allowed origin, without a key, and refused for another', async () => {
    const { server } = createTestServer({}, { allowedOrigins: ['https://app.example'], apiKeys: ['k'] });
    const preflight = (origin: string) =>
      server.inject({
        method: 'OPTIONS',
        url: '/v1/chat/completions',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-os',
        },
      });
    const allowed = await preflight('https://app.example');
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': 'authorization,content-type,x-stainless-os',
      'access-control-allow-methods': 'GET, POST, DELETE',
    });
    expect((await preflight('https://evil.example')).statusCode).toBe(403);
  });

  it('can read streams of an allowed origin', async () => {
    const { post } = createTestServer({}, { allowedOrigins: ['https://app.example'] });
    const answer = await post(
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'a' }], stream: true },
      { origin: 'https://app.example' },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
  });
});
