import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent, ChatRequest } from '../tier.js';
import type { RemoteTimeouts } from './deadlines.js';
import {
  type Answer,
  jsonOf,
  type Loopback,
  readAll,
  startLoopback,
  streamOf,
  until,
} from './fixtures/loopback.test-kit.js';
import { chunk, openAiError, openAiText, openAiWhole, sse, usageChunk } from './fixtures/openai.test-kit.js';
import { createOpenAiCodec } from './openai/openai-codec.js';
import { createRemoteTransport, type TransportLimits } from './remote-transport.js';

const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'SECRET-PROMPT' }] };
/** Long enough for none of them to pass unless a test says so. */
const patient: RemoteTimeouts = { firstTokenMs: 60_000, stallMs: 60_000, totalMs: 60_000 };
const codec = createOpenAiCodec();

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const serve = async (...answers: readonly Answer[]): Promise<Loopback> => {
  const server = await startLoopback(...answers);
  open.push(server);
  return server;
};

const connect = (url: string, limits: TransportLimits = {}) => {
  const transport = createRemoteTransport({ endpoint: 'rack', url, ...limits });
  open.push(transport);
  const chat = (timeouts: Partial<RemoteTimeouts> = {}, signal?: AbortSignal): AsyncIterableIterator<ChatEvent> =>
    transport.stream({
      signal,
      open: () => ({
        request: codec.encodeChat(request),
        credentials: codec.credentialHeaders('SECRET-KEY'),
        decoder: codec.chatDecoder({ endpoint: 'rack', submittedMs: performance.now(), now: () => performance.now() }),
        timeouts: { ...patient, ...timeouts },
      }),
    });
  return { transport, chat };
};

const against = async (answer: Answer, timeouts: Partial<RemoteTimeouts> = {}, limits: TransportLimits = {}) => {
  const { url } = await serve(answer);
  const outcome = await readAll(connect(url, limits).chat(timeouts));
  // Whatever happened: nothing of what was said, and no key.
  expect(inspect(outcome.error, { depth: 10, showHidden: true })).not.toContain('SECRET');
  return outcome;
};

const text = chunk({ content: 'SECRET-ANSWER' });
const begun = sse([chunk({ role: 'assistant', content: '' }), text], '');
const textEvent = { type: 'text', text: 'SECRET-ANSWER' };

describe('a whole answer', () => {
  it('comes with the request sent as it was encoded', async () => {
    const server = await serve(streamOf([openAiText]));
    const { events, error } = await readAll(connect(server.url).chat());
    expect(error).toBeNull();
    expect(events.map((event) => event.type)).toEqual(['start', 'text', 'end']);
    expect(server.received[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer SECRET-KEY', 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    expect(JSON.parse(server.received[0]!.body)).toMatchObject({ model: 'm', stream: true });
  });

  it('comes from a server that answers in one piece, asked or not', async () => {
    const { events } = await against(jsonOf(200, openAiWhole));
    expect(events[1]).toEqual({ type: 'text', text: 'Grüße aus 京都.' });
  });

  it('leaves its connection for the next one', async () => {
    const server = await serve(streamOf([openAiText]));
    const { chat } = connect(server.url);
    for (let count = 0; count < 5; count++) {
      expect((await readAll(chat())).error).toBeNull();
      await until(() => server.answering() === 0);
    }
    expect(server.connections()).toBeLessThan(5);
  });

  it('ends at its end mark, and the connection of a server that then says nothing more is given up', async () => {
    const server = await serve(streamOf([openAiText], { open: true }));
    expect((await readAll(connect(server.url).chat())).error).toBeNull();
    await until(() => server.answering() === 0);
  });

  it('takes nothing from what is sent after its end mark', async () => {
    const { events, error } = await against(streamOf([openAiText, openAiText, 'x'.repeat(200_000)]));
    expect(error).toBeNull();
    expect(events).toHaveLength(3);
  });

  it('sends nothing before the first read', async () => {
    const server = await serve(streamOf([openAiText]));
    const stream = connect(server.url).chat();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received).toHaveLength(0);
    await stream.return!();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(server.connections()).toBe(0);
  });

  it('reaches a reader who is slow: the endpoint waits, no silence is counted against it', async () => {
    const count = 6000;
    const body = sse([
      ...Array<object>(count).fill(chunk({ content: 'x'.repeat(400) })),
      chunk({}, 'stop'),
      usageChunk,
    ]);
    const server = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(body);
    });
    const stream = connect(server.url).chat({ stallMs: 400 });
    expect((await stream.next()).value).toMatchObject({ type: 'start' });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // Were the endpoint not held back, everything would be in the one event that nobody has read.
    const first = (await stream.next()).value as ChatEvent;
    expect(first.type === 'text' && first.text.length).toBeLessThan((count * 400) / 2);
    const { events, error } = await readAll(stream);
    expect(error).toBeNull();
    const rest = events[0]!;
    expect((first.type === 'text' ? first.text : '').length + (rest.type === 'text' ? rest.text : '').length).toBe(
      count * 400,
    );
  });
});

describe('each fault of an endpoint', () => {
  it('accepts and never answers: first-token-timeout', async () => {
    const { events, error } = await against(() => {}, { firstTokenMs: 100 });
    expect(events).toEqual([]);
    expect(error).toMatchObject({ code: 'first-token-timeout', details: { endpoint: 'rack', answerStarted: false } });
    expect(error.message).toBe('Endpoint rack sent no token within 100 ms, the limit');
  });

  it('sends comments and no token: first-token-timeout', async () => {
    const { error } = await against(
      streamOf([': OPENROUTER PROCESSING\n\n', sse([chunk({ role: 'assistant', content: '' })], '')], { open: true }),
      { firstTokenMs: 100 },
    );
    expect(error).toMatchObject({ code: 'first-token-timeout', details: { answerStarted: false, status: 200 } });
  });

  it('stops in the middle: stalled, after all that came', async () => {
    const { events, error } = await against(streamOf([begun], { open: true }), { stallMs: 100 });
    expect(events.at(-1)).toEqual(textEvent);
    expect(error).toMatchObject({ code: 'stalled', details: { answerStarted: true } });
    expect(error.message).toBe('Endpoint rack sent nothing for 100 ms, the limit');
  });

  it('goes on and on: total-timeout, and no stall while bytes come', async () => {
    const { error } = await against(
      (response) => {
        streamOf([begun], { open: true })(response, {} as never);
        const timer = setInterval(() => response.write(': ping\n\n'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { stallMs: 10_000, totalMs: 300 },
    );
    expect(error).toMatchObject({ code: 'total-timeout', details: { answerStarted: true } });
  });

  it('sends what is no event stream: malformed', async () => {
    const page: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>SECRET-ANSWER</html>');
    };
    expect((await against(page)).error).toMatchObject({ code: 'malformed', details: { answerStarted: false } });
  });

  it('sends events that are no JSON: malformed, after all that came', async () => {
    const { events, error } = await against(streamOf([begun, 'data: {"SECRET-ANSWER\n\n']));
    expect(events.at(-1)).toEqual(textEvent);
    expect(error).toMatchObject({ code: 'malformed', details: { answerStarted: true } });
  });

  it('sends JSON that is no answer, or is cut: malformed', async () => {
    expect((await against(jsonOf(200, { hello: 'SECRET-ANSWER' }))).error.code).toBe('malformed');
    expect((await against(jsonOf(200, 'SECRET-ANSWER'))).error.code).toBe('malformed');
  });

  it('compresses what nobody asked to be compressed: malformed', async () => {
    const packed: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end('....');
    };
    expect((await against(packed)).error.code).toBe('malformed');
  });

  it('ends its body without [DONE]: truncated', async () => {
    const { events, error } = await against(streamOf([begun]));
    expect(events.at(-1)).toEqual(textEvent);
    expect(error).toMatchObject({ code: 'truncated', details: { answerStarted: true } });
  });

  it('breaks the connection in the middle: truncated', async () => {
    const { events, error } = await against((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(begun, () => setTimeout(() => response.socket?.resetAndDestroy(), 50));
    });
    expect(events.at(-1)).toEqual(textEvent);
    expect(error).toMatchObject({ code: 'truncated', details: { answerStarted: true } });
  });

  it('closes in the middle of a promised length: truncated', async () => {
    const { error } = await against((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': '100000' });
      response.write(begun, () => setTimeout(() => response.socket?.end(), 50));
    });
    expect(error).toMatchObject({ code: 'truncated', details: { answerStarted: true } });
  });

  it('sends no byte: empty', async () => {
    expect((await against(streamOf([]))).error).toMatchObject({ code: 'empty', details: { answerStarted: false } });
  });

  it('sends a whole answer with nothing in it: empty', async () => {
    expect((await against(streamOf([sse([chunk({}, 'stop')])]))).error.code).toBe('empty');
  });

  it('sends everything twice in one stream: malformed without an end mark between, once with it', async () => {
    const half = openAiText.replace('data: [DONE]\n\n', '');
    expect((await against(streamOf([half, openAiText]))).error.code).toBe('malformed');
    expect((await against(streamOf([openAiText, openAiText]))).error).toBeNull();
  });

  it('sends too much: oversized, for one event and for all together', async () => {
    const endless: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        while (!response.destroyed && response.write(sse([text], ''))) {}
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const { error } = await against(endless, {}, { maxAnswerBytes: 100_000 });
    expect(error).toMatchObject({ code: 'oversized', details: { answerStarted: true } });
    expect(error.message).toBe('Endpoint rack sent an answer of more than 100000 bytes, the limit');
    const long = `data: ${'SECRET'.repeat(1_000_000)}`;
    expect((await against(streamOf([long]))).error).toMatchObject({ code: 'oversized' });
  });

  it('reports an error inside a 200, as JSON or as an event: provider-failed or what the error says', async () => {
    const inside = openAiError(null, 'server_error');
    expect((await against(jsonOf(200, inside))).error).toMatchObject({
      code: 'provider-failed',
      details: { status: 200 },
    });
    const { events, error } = await against(streamOf([begun, sse([inside], '')]));
    expect(events.at(-1)).toEqual(textEvent);
    expect(error).toMatchObject({ code: 'provider-failed', details: { answerStarted: true } });
    expect((await against(streamOf([sse([openAiError('rate_limit_exceeded', 'requests')])]))).error.code).toBe(
      'rate-limited',
    );
  });

  it('answers 429: rate-limited, with how long to wait in either form, or without', async () => {
    const limited = (headers: Record<string, string>) =>
      against(jsonOf(429, openAiError('rate_limit_exceeded', 'tokens'), headers));
    expect((await limited({ 'retry-after': '7' })).error).toMatchObject({
      code: 'rate-limited',
      message: 'Endpoint rack answered with status 429 (rate_limit_exceeded)',
      details: { status: 429, retryAfterMs: 7000, answerStarted: false },
    });
    const { details } = (await limited({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() })).error;
    expect(details.retryAfterMs).toBeGreaterThan(30_000);
    expect(details.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect((await limited({})).error.details).not.toHaveProperty('retryAfterMs');
  });

  it('answers 401, 403 or 402: unauthorized, without the key that the provider quotes', async () => {
    for (const status of [401, 402, 403])
      expect(
        (await against(jsonOf(status, openAiError('invalid_api_key', 'invalid_request_error')))).error,
      ).toMatchObject({
        code: 'unauthorized',
        message: `Endpoint rack answered with status ${status} (invalid_api_key)`,
      });
  });

  it('answers 400, 404 or 413: refused', async () => {
    for (const status of [400, 404, 413])
      expect((await against(jsonOf(status, openAiError('SECRET', 'SECRET')))).error).toMatchObject({
        code: 'refused',
        message: `Endpoint rack answered with status ${status}`,
        details: { status },
      });
  });

  it('answers 500, 503, 529 or 408: provider-failed, with how long to wait', async () => {
    for (const status of [500, 529, 408])
      expect((await against(jsonOf(status, {}))).error).toMatchObject({ code: 'provider-failed', details: { status } });
    expect((await against(jsonOf(503, 'SECRET', { 'retry-after': '2' }))).error.details.retryAfterMs).toBe(2000);
  });

  it('answers an error whose body breaks off or never ends: the status counts', async () => {
    const broken: Answer = (response) => {
      response.writeHead(500, { 'content-length': '1000' });
      response.write('{"err', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
    };
    expect((await against(broken)).error).toMatchObject({ code: 'provider-failed', details: { status: 500 } });
    const long: Answer = (response) => {
      response.writeHead(400);
      response.write('SECRET'.repeat(20_000));
    };
    expect((await against(long)).error).toMatchObject({ code: 'refused' });
  });

  it('redirects: provider-failed, and nobody goes there', async () => {
    const other = await serve(streamOf([openAiText]));
    const moved: Answer = (response) => {
      response.writeHead(307, { location: `${other.url}/chat/completions` });
      response.end();
    };
    const { error } = await against(moved);
    expect(error).toMatchObject({ code: 'provider-failed', details: { status: 307 } });
    expect(error.message).toBe('Endpoint rack answered with status 307; redirects are not followed');
    expect(other.received).toHaveLength(0);
  });

  it('closes at once: unreachable', async () => {
    const { error } = await against((response) => response.socket?.destroy());
    expect(error).toMatchObject({ code: 'unreachable', details: { answerStarted: false } });
  });

  it('is not there, or is no HTTP server: unreachable, malformed', async () => {
    const gone = await startLoopback(() => {});
    await gone.close();
    const { error } = await readAll(connect(gone.url).chat());
    expect(error).toMatchObject({ code: 'unreachable', message: 'Endpoint rack cannot be reached (ECONNREFUSED)' });

    const server = createServer((socket) => socket.resume().end('SSH-2.0-SECRET\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const strange = await readAll(connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`).chat());
    expect(strange.error.code).toMatch(/^(malformed|unreachable)$/);
    expect(inspect(strange.error, { depth: 10, showHidden: true })).not.toContain('SECRET');
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a caller who does not want the answer any more', () => {
  it('aborts before, while it waits, or in the middle: the reason is thrown and the connection is closed', async () => {
    const reason = new Error('enough');
    const before = await serve(streamOf([openAiText]));
    expect((await readAll(connect(before.url).chat({}, AbortSignal.abort(reason)))).error).toBe(reason);
    expect(before.received).toHaveLength(0);

    for (const answer of [() => {}, streamOf([begun], { open: true })] as const) {
      const server = await serve(answer);
      const controller = new AbortController();
      const outcome = readAll(connect(server.url).chat({}, controller.signal));
      await until(() => server.received.length === 1);
      controller.abort(reason);
      expect((await outcome).error).toBe(reason);
      await until(() => server.answering() === 0);
    }
  });

  it('leaves early: the connection is closed', async () => {
    const server = await serve(streamOf([begun], { open: true }));
    for await (const event of connect(server.url).chat()) if (event.type === 'text') break;
    await until(() => server.answering() === 0);
  });

  it('waits for a connection in vain: its own time passes, and the request is never sent', async () => {
    const server = await serve(streamOf([begun], { open: true }));
    const { chat } = connect(server.url, { maxConnections: 1 });
    const first = chat();
    await first.next();
    const { error } = await readAll(chat({ firstTokenMs: 100 }));
    expect(error.code).toBe('first-token-timeout');
    await first.return!();
    await until(() => server.answering() === 0);
    expect(server.received).toHaveLength(1);
  });

  it('leaves no listener on a signal that outlives the answer', async () => {
    const server = await serve(streamOf([openAiText]));
    const { signal } = new AbortController();
    let listeners = 0;
    const counted = new Proxy(signal, {
      get: (target, key) => {
        if (key === 'addEventListener') listeners++;
        if (key === 'removeEventListener') listeners--;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await readAll(connect(server.url).chat({}, counted));
    expect(listeners).toBe(0);
  });
});

describe('whole bodies', () => {
  const collect = async (answer: Answer, totalMs = 60_000) => {
    const { url } = await serve(answer);
    const { transport } = connect(url);
    return transport.collect({ request: { method: 'GET', path: '/models' }, credentials: {}, totalMs });
  };

  it('come as their bytes', async () => {
    expect(Buffer.from(await collect(jsonOf(200, { a: 1 }))).toString()).toBe('{"a":1}');
  });

  it('fail as streams do', async () => {
    await expect(collect(jsonOf(401, {}))).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(collect(() => {}, 100)).rejects.toMatchObject({ code: 'total-timeout' });
    await expect(collect((response) => response.socket?.destroy())).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('addresses', () => {
  it('are refused without being told where they are no plain http or https', () => {
    for (const url of [
      'nonsense',
      'ftp://x/v1',
      'http://user:SECRET@x/v1',
      'http://x/v1?key=SECRET',
      'http://x/v1#SECRET',
    ]) {
      expect(() => createRemoteTransport({ endpoint: 'rack', url })).toThrow(
        /^Cannot use the URL of endpoint rack: it /,
      );
      expect(() => createRemoteTransport({ endpoint: 'rack', url })).not.toThrow(/SECRET/);
    }
  });
});
