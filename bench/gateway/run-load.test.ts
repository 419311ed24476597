/** A load generator that loses answers, or takes bad ones for good, measures nothing. */
import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createFixedUpstream } from './fixed-upstream.js';
import { listenOnLoopback } from './listen.js';
import { runLoad } from './run-load.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const upstream = async (tokens: number): Promise<string> => {
  const server = createFixedUpstream({ tokens });
  closing.push(() => server.close());
  return listenOnLoopback(server);
};

const ask = (url: string, body: object) => ({
  url,
  path: '/v1/chat/completions',
  headers: {},
  body: JSON.stringify(body),
});

test('counts whole answers and streams to their ends', async () => {
  const url = await upstream(20);
  const whole = await runLoad({ ...ask(url, { model: 'fixed' }), connections: 4, requests: 50 });
  expect(whole).toMatchObject({ requests: 50, failed: 0 });
  const streamed = await runLoad({
    ...ask(url, { stream: true }),
    connections: 3,
    requests: 7,
    endsWith: 'data: [DONE]\n\n',
  });
  expect(streamed).toMatchObject({ requests: 7, failed: 0 });
  expect(streamed.bodyBytes).toBeGreaterThan(7 * 20 * 'data: {}'.length);
});

test('open loop asks as often as it should', async () => {
  const url = await upstream(1);
  const answer = await runLoad({ ...ask(url, {}), connections: 2, perSecond: 500, requests: 25 });
  expect(answer).toMatchObject({ requests: 25, failed: 0 });
  expect(answer.seconds).toBeGreaterThan(24 / 500);
});

test('an answer that is no 200 or has another end is a failure', async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.statusCode = 429;
    response.end('slow down');
  });
  closing.push(() => server.close());
  const url = await listenOnLoopback(server);
  const refused = await runLoad({ ...ask(url, {}), connections: 1, requests: 2 });
  expect(refused).toMatchObject({ requests: 0, failed: 3, firstFailure: '429, 9 bytes: slow down' });
  const short = await runLoad({
    ...ask(await upstream(2), { stream: true }),
    connections: 1,
    requests: 1,
    leastBytes: 1_000_000,
  });
  expect(short).toMatchObject({ requests: 0, failed: 2 });
  const cut = await runLoad({ ...ask(await upstream(1), {}), connections: 1, requests: 1, endsWith: '[DONE]' });
  expect(cut).toMatchObject({ requests: 0, failed: 2 });
});

test('a server that hangs up ends the load with an error', async () => {
  const server = createServer((request) => request.socket.destroy());
  closing.push(() => server.close());
  const url = await listenOnLoopback(server);
  await expect(runLoad({ ...ask(url, {}), connections: 1, requests: 1 })).rejects.toThrow(
    /closed a connection|ECONNRESET/,
  );
});
