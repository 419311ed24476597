import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClientProtocol, StreamsQuestion } from './http-client.js';
import { startSide } from './side-process.js';

const usage = (completion: number): string =>
  `data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":${completion},"total_tokens":9}}\n\n`;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that answers each request by `answer`, and the client's side asked to read from it. */
const readFrom = async (
  answer: (response: ServerResponse, body: Record<string, unknown>) => void,
  question: Partial<StreamsQuestion> = {},
) => {
  const bodies: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Record<string, unknown>;
    bodies.push({ url: request.url, ...body });
    answer(response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = startSide<ClientProtocol>('http-client');
  closers.push(
    () => client.close(),
    () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  );
  const result = await client.ask('stream', {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kind: 'completion',
    requests: 5,
    concurrency: 2,
    promptLength: 4,
    tokens: 3,
    vocabularySize: 100,
    seed: 1,
    ...question,
  });
  return { result, bodies };
};

describe('the HTTP client', () => {
  it('adds up the usage of all streams and asks each with a prompt of its own', async () => {
    const { result, bodies } = await readFrom((response) => response.end(`${usage(3)}data: [DONE]\n\n`));
    expect(result).toMatchObject({ tokens: 15, promptTokens: 35 });
    expect(result.seconds).toBeGreaterThan(0);
    expect(new Set(bodies.map(({ prompt }) => JSON.stringify(prompt))).size).toBe(5);
    expect(bodies[0]).toMatchObject({ url: '/v1/completions', max_tokens: 3, ignore_eos: true, stream: true });
  });

  it('keeps the end of a stream that is much longer than what it keeps', async () => {
    const { result } = await readFrom(
      (response) => {
        for (let index = 0; index < 50; index++) response.write(`data: ${'x'.repeat(4000)}\n\n`);
        response.end(`${usage(9)}data: [DONE]\n\n`);
      },
      { kind: 'chat', requests: 1 },
    );
    expect(result).toMatchObject({ tokens: 9, promptTokens: 7 });
  });

  it('takes no figure from a stream that broke off, said nothing of its usage, or was refused', async () => {
    await expect(readFrom((response) => response.end(usage(3)))).rejects.toThrow('The stream broke off');
    await expect(readFrom((response) => response.end('data: [DONE]\n\n'))).rejects.toThrow('without completion_tokens');
    await expect(readFrom((response) => response.writeHead(503).end('busy'))).rejects.toThrow('HTTP 503: busy');
  });
});
