/** What the tests of this room share: a server on a fake tier, and readers of its answers. */
import { createFakeTier, type FakeTier, type FakeTierOptions } from './fake-tier.js';
import { createServer, type SpillwayServer } from './server.js';
import type { ServerOptions } from './server-options.js';

export interface TestServer {
  readonly server: SpillwayServer;
  readonly tier: FakeTier;
  /** POST without a socket; the body is JSON text or is made to be. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  get(path: string, headers?: Record<string, string>): Promise<TestAnswer>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any endpoint, read by the tests field by field
  json(): any;
  /** The `data:` of each server-sent event, parsed where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: see json
  events(): any[];
}

/** The data of each event of an event stream, parsed where it is JSON; comments are left out. */
export const readEvents = (text: string): unknown[] =>
  text
    .split('\n\n')
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
    .map((data) => (data === '[DONE]' ? data : JSON.parse(data)));

export const createTestServer = (
  tierOptions: FakeTierOptions = {},
  options: Partial<ServerOptions> = {},
): TestServer => {
  const tier = createFakeTier(tierOptions);
  const server = createServer({ tier, stats: () => ({}), host: '127.0.0.1', port: 0, ...options });
  const answerOf = (response: Awaited<ReturnType<SpillwayServer['inject']>>): TestAnswer => ({
    status: response.statusCode,
    headers: response.headers,
    text: response.payload,
    json: () => JSON.parse(response.payload),
    events: () => readEvents(response.payload),
  });
  return {
    server,
    tier,
    post: async (url, body, headers = {}) =>
      answerOf(
        await server.inject({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/json', ...headers },
          payload: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    get: async (url, headers = {}) => answerOf(await server.inject({ method: 'GET', url, headers })),
  };
};

/** A chat body of one user message and these fields. */
export const chatBody = (fields: object = {}): object => ({
  messages: [{ role: 'user', content: 'one two' }],
  ...fields,
});

/** Waits until `condition` holds; fails after ten seconds. */
export const until = async (condition: () => boolean): Promise<void> => {
  const endMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('until: the condition did not come true within 10000 ms');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
