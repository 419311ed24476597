/**
 * `spillway serve --workers`: several processes that look like one, over one engine host. Every request here comes over a
 * connection of its own, and connections go to the workers in turn.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openLedger } from '../../src/ledger/open-ledger.js';
import { type Loopback, startLoopback, until } from '../../src/tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../../src/tiers/remote/fixtures/openai.test-kit.js';
import { verifyChain } from '../../src/trust/verify-chain.js';
import { tinyShape, writeRandomModel } from '../../src/tune/random-model.js';
import { type RunningServer, runSpillway, startServer } from './spillway-process.js';

interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any endpoint, read field by field
  json(): any;
  readonly headers: IncomingMessage['headers'];
}

const read = async (response: IncomingMessage): Promise<Answer> => {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response) text += piece;
  const { statusCode: status = 0, headers } = response;
  return { status, text, headers, json: () => JSON.parse(text) };
};
const fresh = (): Agent => new Agent({ keepAlive: false });
const responseOf = async (sent: ReturnType<typeof request>): Promise<IncomingMessage> =>
  (await once(sent, 'response'))[0] as IncomingMessage;
const fetchFrom = async (url: string): Promise<Answer> => read(await responseOf(get(url, { agent: fresh() })));
/** The answer from its head on. */
const begin = async (url: string, body: object): Promise<IncomingMessage> => {
  const sent = request(url, { method: 'POST', agent: fresh(), headers: { 'content-type': 'application/json' } });
  sent.end(JSON.stringify(body));
  return responseOf(sent);
};
const post = async (url: string, body: object): Promise<Answer> => read(await begin(url, body));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const isRunning = (pid: number): boolean => {
  try {
    // A process that ended and was not yet waited for has no command any more.
    return commandOf(pid) !== '';
  } catch {
    return false;
  }
};
const workersOf = (server: RunningServer): number[] =>
  childrenOf(server.process.pid!).filter((pid) => commandOf(pid).includes('serve'));
const hostsOf = (server: RunningServer): number[] =>
  childrenOf(server.process.pid!).filter((pid) => commandOf(pid).includes('host/main.js'));

const onLinux = describe.skipIf(platform() !== 'linux');

onLinux('spillway serve --workers with a model', () => {
  let folder = '';
  let server: RunningServer;
  const noise = {
    model: 'tiny',
    max_tokens: 8,
    ignore_eos: true,
    messages: [{ role: 'user', content: 'the than in' }],
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-workers-'));
    writeRandomModel(join(folder, 'tiny.gguf'), tinyShape, { type: 'F32', seed: 1 });
    server = await startServer(['--model', join(folder, 'tiny.gguf'), '--threads', '1', '--workers', '2']);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const chat = (fields: object = {}) => post(`${server.url}/v1/chat/completions`, { ...noise, ...fields });

  it('loads the model once, and answers the same from each worker', async () => {
    expect(workersOf(server)).toHaveLength(2);
    expect(hostsOf(server)).toHaveLength(1);
    const answers = await Promise.all([1, 2, 3, 4].map(() => chat({ seed: 5, temperature: 1 })));
    const texts = new Set(answers.map((answer) => answer.json().choices[0].message.content));
    expect(texts.size).toBe(1);
    const streamed = await chat({ seed: 5, temperature: 1, stream: true });
    expect(streamed.text).toMatch(/data: \[DONE\]\n\n$/);
    const embedded = await post(`${server.url}/v1/embeddings`, { model: 'tiny', input: ['a', 'b'] });
    expect(embedded.json().data).toHaveLength(2);
  });

  it('goes on with a conversation on whichever worker it meets', async () => {
    const url = `${server.url}/v1/responses`;
    const body = { model: 'tiny', max_output_tokens: 16 };
    let previous = (await post(url, { ...body, input: 'one' })).json();
    for (const input of ['two', 'three', 'four']) {
      const next = await post(url, { ...body, input, previous_response_id: previous.id });
      expect(next.status).toBe(200);
      previous = next.json();
    }
    for (const _ of [1, 2]) {
      const items = await fetchFrom(`${url}/${previous.id}/input_items`);
      expect(items.json().data).toHaveLength(7);
    }
  });

  it('counts all workers under /metrics, whichever is asked', async () => {
    const count = async () => {
      const { text } = await fetchFrom(`${server.url}/metrics`);
      const labels = 'method="POST",route="/v1/chat/completions",status="200"';
      const made = /^spillway_completion_tokens_total\{gen_ai_request_model="tiny"\} (\S+)$/m.exec(text)?.[1];
      return [Number(new RegExp(`\\{${labels}\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0), Number(made)] as const;
    };
    /** What the host counts reaches those who did not ask it a moment later. */
    const settled = async () => {
      for (let last = await count(); ; ) {
        await wait(300);
        const now = await count();
        if (now[1] === last[1]) return now;
        last = now;
      }
    };
    const [requests, tokens] = await settled();
    for (const _ of [1, 2, 3, 4, 5]) await chat();
    for (const _ of [1, 2, 3]) expect(await settled()).toEqual([requests + 5, tokens + 40]);
  });

  it('serves on when the engine host dies', async () => {
    const [host] = hostsOf(server);
    process.kill(host!, 'SIGKILL');
    while (hostsOf(server)[0] === host || hostsOf(server).length === 0) await wait(10);
    for (const _ of [1, 2, 3, 4]) {
      const { status } = await chat();
      if (status !== 503) expect(status).toBe(200);
    }
    for (;;) if ((await Promise.all([chat(), chat()])).every(({ status }) => status === 200)) break;
  });

  it('replaces a worker that dies', async () => {
    const [gone, stays] = workersOf(server);
    process.kill(gone!, 'SIGKILL');
    while (workersOf(server).length < 2 || workersOf(server).includes(gone!)) await wait(10);
    expect(workersOf(server)).toContain(stays);
    expect(hostsOf(server)).toHaveLength(1);
    const answers = await Promise.all([1, 2, 3, 4].map(() => chat()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(server.errors()).toMatch(/Worker \d ended \(signal SIGKILL\); another one takes its place/);
  });
});

onLinux('spillway serve --workers with a configuration', () => {
  const words = sse([
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'hello' }),
    chunk({}, 'stop'),
    usageChunk,
  ]);
  let folder = '';
  let rack: Loopback;
  let held: ServerResponse[] = [];
  let holds = false;
  let server: RunningServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-workers-'));
    held = [];
    holds = false;
    rack = await startLoopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(sse([chunk({ role: 'assistant', content: '' }), chunk({ content: 'first ' })], ''));
      if (holds) held.push(response);
      else response.end(words);
    });
  });
  afterEach(async () => {
    await server.stop();
    await rack.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ledgerUrl = () => `sqlite:${join(folder, 'ledger.db')}`;
  const serve = async (config: object, workers = 3): Promise<void> => {
    const path = join(folder, 'spillway.config.yaml');
    writeFileSync(
      path,
      stringify({
        tiers: { device: { models: [] }, private: [{ name: 'rack', url: rack.url, models: ['medium'] }] },
        policy: { reach: 'private', retries: 0 },
        ledger: { url: ledgerUrl() },
        server: { workers },
        ...config,
      }),
    );
    server = await startServer(['--config', path], { SPILLWAY_HOME: join(folder, 'home') });
  };
  const body = { model: 'medium', max_tokens: 20, messages: [{ role: 'user', content: 'hi' }] };
  const chat = (fields: object = {}) => post(`${server.url}/v1/chat/completions`, { ...body, ...fields });
  const stream = () => begin(`${server.url}/v1/chat/completions`, { ...body, stream: true });

  it('lets in exactly as many as the limits say, over all workers, and books each once', async () => {
    await serve({ rateLimits: [{ requestsPerMinute: 20 }], budgets: [{ perMonthTokens: 1_000_000 }] });
    expect(workersOf(server)).toHaveLength(3);
    const answers = await Promise.all(Array.from({ length: 60 }, () => chat()));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
    await server.stop();
    const ledger = await openLedger({ url: ledgerUrl(), signingKeyPath: join(folder, 'home', 'receipt-key.pem') });
    const receipts = await ledger.receipts({ limit: 100 });
    const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
    expect(verifyChain(receipts, keys)).toMatchObject({ checked: 20, faults: [] });
    expect(await ledger.budgets()).toMatchObject([{ spentTokens: 20 * 29, reservedTokens: 0 }]);
    await ledger.close();
  });

  it('explains a route on whichever worker is asked', async () => {
    await serve({});
    const { route_id: id } = (await chat()).json().spillway;
    for (const _ of [1, 2, 3]) {
      const { status, json } = await fetchFrom(`${server.url}/v1/routes/${id}`);
      expect([status, status === 200 ? json().served_by : null]).toEqual([200, 'private/rack/medium']);
    }
    expect((await fetchFrom(`${server.url}/v1/routes/route_none`)).status).toBe(404);
  });

  it('breaks off what ran in a worker that dies, and nothing else', async () => {
    await serve({}, 2);
    holds = true;
    const responses = await Promise.all([stream(), stream()]);
    await until(() => held.length === 2);
    process.kill(workersOf(server)[0]!, 'SIGKILL');
    const ends = responses.map((response) =>
      read(response).then(
        ({ text }) => text,
        (error: NodeJS.ErrnoException) => error.code,
      ),
    );
    // The endpoint of the one that died is left; the other answers.
    await until(() => held.some((response) => response.closed));
    for (const response of held) response.end(words);
    expect((await Promise.all(ends)).filter((end) => end === 'ECONNRESET')).toHaveLength(1);
    expect((await Promise.all(ends)).filter((end) => end?.endsWith('data: [DONE]\n\n') === true)).toHaveLength(1);
  });

  it('drains all workers on SIGTERM', async () => {
    await serve({}, 2);
    holds = true;
    const responses = await Promise.all([stream(), stream()]);
    await until(() => held.length === 2);
    const pids = workersOf(server);
    const stopped = server.stop();
    for (;;)
      if (
        await fetchFrom(`${server.url}/health`).then(
          ({ status }) => status === 503,
          () => true,
        )
      )
        break;
    for (const response of held) response.end(words);
    for (const response of responses) expect((await read(response)).text).toMatch(/data: \[DONE\]\n\n$/);
    await stopped;
    expect(server.process.exitCode).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('leaves no process behind when it is killed', async () => {
    await serve({}, 2);
    const pids = childrenOf(server.process.pid!);
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    while (pids.some(isRunning)) await wait(10);
  });

  it('ends with the reason when its workers cannot start', async () => {
    await serve({}, 1);
    const blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const args = ['serve', '--config', join(folder, 'spillway.config.yaml'), '--workers', '2', '--port', String(port)];
    const { status, stderr } = runSpillway(args, { SPILLWAY_HOME: join(folder, 'home') });
    blocker.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/Cannot listen on 127\.0\.0\.1:\d+: the port is in use/);
    expect(stderr).toMatch(/Cannot serve with 2 workers: number \d could not start/);
    expect(stderr).not.toMatch(/unexpected error/);
  });
});
