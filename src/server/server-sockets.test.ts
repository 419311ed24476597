import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../tiers/tier.js';
import { createFakeTier, endEvent, type FakeTier, type FakeTierOptions, startEvent } from './fake-tier.js';
import { createServer, type SpillwayServer } from './server.js';
import type { ServerOptions } from './server-options.js';
import { chatBody, readEvents, until } from './test-kit.js';

const open: SpillwayServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const listen = async (
  tierOptions: FakeTierOptions = {},
  options: Partial<ServerOptions> = {},
): Promise<{ server: SpillwayServer; tier: FakeTier; url: string; port: number }> => {
  const tier = createFakeTier(tierOptions);
  const server = createServer({ tier, stats: () => ({}), host: '127.0.0.1', port: 0, ...options });
  open.push(server);
  return { server, tier, ...(await server.listen()) };
};

const chatPath = '/v1/chat/completions';
const postJson = (url: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });

/** Everything a socket says until it closes. */
const readSocket = (socket: net.Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });

const httpRequest = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** Says `first`, then nothing until it is cancelled. */
const speechless = (first: readonly ChatEvent[]) =>
  async function* (_: unknown, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    yield* first;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };

/** Text without end, as fast as it is taken. */
const endless = (pulled: { count: number }) =>
  async function* (_: unknown, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    yield startEvent();
    const text = 'x'.repeat(4096);
    while (!signal.aborted) {
      pulled.count++;
      yield { type: 'text', text };
      if (pulled.count % 64 === 0) await sleep(0);
    }
    throw signal.reason;
  };

describe('listening', () => {
  it('says which port is in use', async () => {
    const { port } = await listen();
    const second = createServer({ tier: createFakeTier(), stats: () => ({}), host: '127.0.0.1', port });
    await expect(second.listen()).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other program or choose another port (--port)`,
    );
  });

  it('says that an address is not of this machine', async () => {
    const server = createServer({ tier: createFakeTier(), stats: () => ({}), host: '203.0.113.7', port: 0 });
    await expect(server.listen()).rejects.toThrow(
      /Cannot listen on 203\.0\.113\.7:0: this machine has no such address/,
    );
  });
});

describe('bodies that are too large', () => {
  it('of 50 MB are refused with 413 in the envelope, whether or not their length was said', async () => {
    const { url, tier } = await listen();
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(50_000_000) }] });
    const chunks = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from(body));
        controller.close();
      },
    });
    for (const init of [{ body }, { body: chunks, duplex: 'half' } as RequestInit]) {
      const response = await postJson(url + chatPath, null, init);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        error: { code: 'body_too_large', message: expect.stringContaining('20971520 bytes') },
      });
    }
    expect(tier.chatRequests).toHaveLength(0);
    expect((await postJson(url + chatPath, chatBody())).status).toBe(200);
  });
});

describe('a client that hangs up', () => {
  it('mid-stream cancels its request at once', async () => {
    const { url, tier } = await listen({ chat: speechless([startEvent(), { type: 'text', text: 'a' }]) });
    const controller = new AbortController();
    const response = await postJson(url + chatPath, chatBody({ stream: true }), { signal: controller.signal });
    await response.body?.getReader().read();
    expect(tier.cancelledCount).toBe(0);
    controller.abort();
    await until(() => tier.cancelledCount === 1);
  });

  it('before the first token cancels its request, streamed or not', async () => {
    const { url, tier } = await listen({ chat: speechless([]) });
    const controller = new AbortController();
    const requests = [true, false].map((stream) =>
      postJson(url + chatPath, chatBody({ stream }), { signal: controller.signal }).catch(() => null),
    );
    await until(() => tier.chatRequests.length === 2);
    controller.abort();
    await Promise.all(requests);
    await until(() => tier.cancelledCount === 2);
  });

  it('with n choices cancels all of them', async () => {
    const { url, tier } = await listen({ chat: speechless([startEvent()]) });
    const controller = new AbortController();
    const response = await postJson(url + chatPath, chatBody({ stream: true, n: 3 }), { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await until(() => tier.cancelledCount === 3);
  });

  it('in the middle of its body leaves the server whole', async () => {
    const { url, port } = await listen();
    const socket = net.connect(port, '127.0.0.1');
    socket.write(httpRequest(chatPath, 'x'.repeat(1000)).slice(0, -500));
    await sleep(20);
    socket.destroy();
    expect((await postJson(url + chatPath, chatBody())).status).toBe(200);
  });
});

describe('a client that does not read', () => {
  it('stops the pulling, and after the stall limit ends its request', async () => {
    const pulled = { count: 0 };
    const { tier, port } = await listen({ chat: endless(pulled) }, { limits: { stallMs: 300 } });
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(httpRequest(chatPath, JSON.stringify(chatBody({ stream: true }))));
    await until(() => pulled.count > 10);
    let before = -1;
    await until(() => {
      const standing = pulled.count === before;
      before = pulled.count;
      return standing;
    });
    const standing = pulled.count;
    await sleep(50);
    expect(pulled.count).toBe(standing);
    await until(() => tier.cancelledCount === 1);
    socket.destroy();
  });

  it('for a while gets everything once it reads again', async () => {
    const pieces = 2_000;
    const { port, tier } = await listen({
      chat: async function* () {
        yield startEvent();
        for (let index = 0; index < pieces; index++) yield { type: 'text', text: `${index};`.padEnd(4096, '.') };
        yield endEvent();
      },
    });
    const request = http.request({
      port,
      path: chatPath,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.end(JSON.stringify(chatBody({ stream: true })));
    const text = await new Promise<string>((resolve) => {
      request.on('response', async (response) => {
        await sleep(200);
        let all = '';
        for await (const bytes of response) all += (bytes as Buffer).toString();
        resolve(all);
      });
    });
    // biome-ignore lint/suspicious/noExplicitAny: chunks read field by field
    const events = readEvents(text) as any[];
    expect(events.at(-1)).toBe('[DONE]');
    const numbers = events.flatMap((event) => event.choices?.[0].delta.content?.match(/^\d+/)?.[0] ?? []);
    expect(numbers).toEqual(Array.from({ length: pieces }, (_, index) => String(index)));
    expect(tier.cancelledCount).toBe(0);
  });
});

describe('a long wait', () => {
  it('for the first token sends comments, so that no proxy gives up', async () => {
    const { url } = await listen(
      {
        chat: async function* () {
          await sleep(150);
          yield startEvent();
          yield { type: 'text', text: 'late' };
          await sleep(100);
          yield endEvent();
        },
      },
      { limits: { heartbeatMs: 30 } },
    );
    const text = await (await postJson(url + chatPath, chatBody({ stream: true }))).text();
    expect(text).toMatch(/^: waiting\n\n/);
    expect(text).toMatch(/late[^:]*[\s\S]*: waiting\n\n/);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('that fails after the comments began ends as a broken stream', async () => {
    const { url } = await listen(
      {
        // biome-ignore lint/correctness/useYield: it fails before its first event
        chat: async function* () {
          await sleep(100);
          throw new Error('boom');
        },
      },
      { limits: { heartbeatMs: 20 } },
    );
    const response = await postJson(url + chatPath, chatBody({ stream: true }));
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('event: error\ndata: {"error":{"message":"The server failed');
    expect(text).not.toContain('[DONE]');
  });
});

describe('a refusal of a body that is still arriving', () => {
  /** Writes everything before it reads, as many clients do; resolves with what it then reads. */
  const writeThenRead = (port: number, headers: string, bytes: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1').on('error', reject).pause();
      socket.write(
        `POST ${chatPath} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n${headers}\r\n`,
      );
      socket.write(Buffer.alloc(bytes, ' '), () => readSocket(socket.resume()).then(resolve));
    });

  it.each([
    ['too large', '', 413],
    ['without a key', '', 401],
    ['for another host', 'origin: https://evil.example\r\n', 403],
    ['compressed', 'content-encoding: gzip\r\n', 415],
  ])('%s reaches a client that closes its connection afterwards', async (name, headers, status) => {
    const { port } = await listen(
      {},
      { limits: { bodyBytes: 1000 }, ...(name === 'without a key' ? { apiKeys: ['k'] } : {}) },
    );
    const answer = await writeThenRead(port, headers, 16 * 1024 * 1024);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.split('\r\n\r\n')[1]).toMatch(/^\{"error":\{"message":.*\}\}$/);
  });

  it('goes out before the body is there, and leaves the connection usable', async () => {
    const { port } = await listen({}, { limits: { bodyBytes: 1000 } });
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    const request = httpRequest(chatPath, ' '.repeat(2000));
    socket.write(request.slice(0, -1500));
    await until(() => text.includes('body_too_large'));
    socket.write(request.slice(-1500));
    text = '';
    socket.write(httpRequest(chatPath, JSON.stringify(chatBody())));
    await until(() => text.includes('"chat.completion"'));
    socket.destroy();
  });
});

describe('many and slow clients', () => {
  it('500 connections at once all get their answer', async () => {
    const { port } = await listen();
    const body = JSON.stringify(chatBody({ stream: true }));
    const agent = new http.Agent({ maxSockets: 500 });
    const statuses = await Promise.all(
      Array.from(
        { length: 500 },
        () =>
          new Promise<number>((resolve, reject) => {
            const request = http.request(
              { port, agent, path: chatPath, method: 'POST', headers: { 'content-type': 'application/json' } },
              (response) => {
                response.resume();
                response.on('end', () => resolve(response.statusCode ?? 0));
              },
            );
            request.on('error', reject);
            request.end(body);
          }),
      ),
    );
    agent.destroy();
    expect(statuses.filter((status) => status === 200)).toHaveLength(500);
  });

  it('500 that send nothing do not keep others out', async () => {
    const { url, port } = await listen();
    const sockets = Array.from({ length: 500 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined));
    expect((await postJson(url + chatPath, chatBody())).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('that never finish their headers or body are cut off with 408', async () => {
    const { port } = await listen({}, { limits: { headersTimeoutMs: 200, requestTimeoutMs: 300 } });
    for (const partial of [
      'POST / HTTP/1.1\r\nhost: localhost\r\nx-slow: ',
      httpRequest(chatPath, 'abc').slice(0, -1),
    ]) {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(partial);
      expect(await readSocket(socket)).toMatch(/^HTTP\/1\.1 408 /);
    }
  });

  it('that send endless headers get a 431 that says the limit', async () => {
    const { port } = await listen();
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(await readSocket(socket)).toMatch(/^HTTP\/1\.1 431 [\s\S]*larger than the limit of \d+ bytes/);
  });

  it('that do not speak HTTP get a 400 in the envelope', async () => {
    const { port } = await listen();
    const socket = net.connect(port, '127.0.0.1');
    socket.write('hello there\r\n\r\n');
    const answer = await readSocket(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"malformed_request"');
  });
});

describe('drain', () => {
  it('lets running answers end, refuses new ones, says so on /health, and closes', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { server, url } = await listen({
      chat: async function* () {
        yield startEvent();
        await released;
        yield { type: 'text', text: 'whole' };
        yield endEvent();
      },
    });
    const running = await postJson(url + chatPath, chatBody({ stream: true }));
    const drained = server.drain();
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'draining', requests: 1 }]);
    const refused = await postJson(url + chatPath, chatBody());
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ error: { code: 'shutting_down' } });
    release();
    const text = await running.text();
    expect(text).toContain('whole');
    expect(text).toMatch(/\[DONE\]\n\n$/);
    await drained;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('breaks off what does not end in time, and tells the client', async () => {
    const { server, url, tier } = await listen({ chat: speechless([startEvent(), { type: 'text', text: 'half' }]) });
    const running = await postJson(url + chatPath, chatBody({ stream: true }));
    await server.drain({ timeoutMs: 50 });
    const text = await running.text();
    expect(text).toContain('"code":"shutting_down"');
    expect(text).not.toContain('[DONE]');
    expect(tier.cancelledCount).toBe(1);
  });

  it('ends when nothing runs, and close after it is harmless', async () => {
    const { server } = await listen();
    await server.drain();
    await server.close();
  });
});
