/**
 * `spillway serve` with a configuration and its ledger: a database that is away at the start or goes away, limits of the
 * configuration, receipts that name the model. The private endpoint is a server on loopback.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { InternalServerError, RateLimitError } from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Ledger } from '../../src/ledger/ledger.js';
import { openLedger } from '../../src/ledger/open-ledger.js';
import {
  hasPostgres,
  type PrivatePostgres,
  startPostgres,
} from '../../src/ledger/postgres/private-postgres.test-support.js';
import { type Answer, type Loopback, startLoopback, until } from '../../src/tiers/remote/fixtures/loopback.test-kit.js';
import { chunk, sse, usageChunk } from '../../src/tiers/remote/fixtures/openai.test-kit.js';
import { verifyChain } from '../../src/trust/verify-chain.js';
import { tinyShape, writeRandomModel } from '../../src/tune/random-model.js';
import { type RunningServer, startServer } from './spillway-process.js';

const words = sse([
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'hello' }),
  chunk({}, 'stop'),
  usageChunk,
]);
/** Of usageChunk at these prices. */
const price = { inputUsdPerMillion: 1, outputUsdPerMillion: 2 };
const costNanoUsd = 19 * 1000 + 10 * 2000;

let folder = '';
let rack: Loopback;
/** Answers that the endpoint has begun and not ended, while `holds`. */
let held: ServerResponse[] = [];
let holds = false;
let server: RunningServer | null = null;

const answer: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (holds) held.push(response);
  else response.end(words);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-served-'));
  held = [];
  holds = false;
  rack = await startLoopback(answer);
});
afterEach(async () => {
  await server?.stop();
  server = null;
  await rack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The server of a configuration, and a client of it. */
const serve = async (
  config: { readonly ledger: string; readonly device?: readonly string[] } & Readonly<Record<string, unknown>>,
  flags: readonly string[] = [],
): Promise<OpenAI> => {
  const { ledger, device = [], ...rest } = config;
  const path = join(folder, 'spillway.config.yaml');
  writeFileSync(
    path,
    stringify({
      tiers: { device: { models: device }, private: [{ name: 'rack', url: rack.url, models: ['medium'] }] },
      policy: { reach: 'private', retries: 0 },
      prices: { 'rack/medium': price },
      ledger: { url: ledger },
      ...rest,
    }),
  );
  server = await startServer(['--config', path, ...flags], { SPILLWAY_HOME: join(folder, 'home') });
  return clientWith('none');
};
const clientWith = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server!.url}/v1`, apiKey, maxRetries: 0 });
const ask = (client: OpenAI, model = 'medium') =>
  client.chat.completions.create({ model, max_tokens: 20, messages: [{ role: 'user', content: 'hi' }] });
const signingKeyPath = () => join(folder, 'home', 'receipt-key.pem');
const withLedger = async <T>(url: string, look: (ledger: Ledger) => Promise<T>): Promise<T> => {
  const ledger = await openLedger({ url, signingKeyPath: signingKeyPath() });
  try {
    return await look(ledger);
  } finally {
    await ledger.close();
  }
};

const expectRefused = async (client: OpenAI): Promise<void> => {
  const error = await ask(client).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InternalServerError);
  expect(error).toMatchObject({ status: 503, code: 'ledger_unavailable' });
  expect(Number((error as InternalServerError).headers?.get('retry-after'))).toBeGreaterThanOrEqual(1);
};

/** Asks until it is answered: the service comes back by itself, some moment after its database. */
const askUntilAnswered = async (client: OpenAI): Promise<void> => {
  for (;;) {
    const answered = await ask(client).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'ledger_unavailable' });
        return false;
      },
    );
    if (answered) return;
  }
};

interface Outage {
  readonly url: string;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

/** Files of settlements that are not in the ledger. */
const unbooked = (): string[] => {
  const path = join(folder, 'home', 'unbooked');
  return existsSync(path)
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
    : [];
};

/** Asks, and has the answer whole, while the ledger is away. */
const spendDuring = async (client: OpenAI, outage: Outage): Promise<void> => {
  holds = true;
  const running = ask(client);
  await until(() => held.length === 1);
  holds = false;
  await outage.goAway();
  held[0]!.end(words);
  await running;
};

/** The same for whatever the ledger is: refused while it is away, whole when it is back. */
const testOutages = (open: () => Promise<Outage>): void => {
  it('starts without it, refuses requests, and serves once it is there, within the limits of the configuration', async () => {
    const outage = await open();
    await outage.goAway();
    const client = await serve({ ledger: outage.url, budgets: [{ perMonthUsd: 1 }] });
    expect(server!.errors()).toContain('Requests are refused until the ledger is back');
    expect((await fetch(`${server!.url}/health`)).status).toBe(200);
    await expectRefused(client);
    expect(rack.received).toEqual([]);
    await outage.comeBack();
    await askUntilAnswered(client);
    await server!.stop();
    expect(await withLedger(outage.url, (ledger) => ledger.budgets())).toMatchObject([
      { perMonthNanoUsd: 1e9, spentNanoUsd: costNanoUsd, reservedNanoUsd: 0 },
    ]);
  });

  it('goes on without it with what runs, refuses what is new, and books everything when it is back', async () => {
    const outage = await open();
    const client = await serve({ ledger: outage.url, budgets: [{ perMonthUsd: 1 }] });
    await ask(client);
    holds = true;
    const running = [ask(client), ask(client), ask(client)];
    await until(() => held.length === 3);
    holds = false;
    await outage.goAway();
    await expectRefused(client);
    // The answers come whole although nothing can be written.
    for (const response of held) response.end(words);
    for (const answered of await Promise.all(running)) expect(answered.choices[0]?.message.content).toBe('hello');
    await expectRefused(client);
    const sent = rack.received.length;
    expect(sent).toBe(4);
    await outage.comeBack();
    await askUntilAnswered(client);
    await server!.stop();
    await withLedger(outage.url, async (ledger) => {
      const receipts = await ledger.receipts({ limit: 100 });
      const keys = (await ledger.signers()).map(({ publicKeyPem }) => publicKeyPem);
      expect(verifyChain(receipts, keys)).toMatchObject({ checked: 5, faults: [] });
      expect(await ledger.budgets()).toMatchObject([{ spentNanoUsd: 5 * costNanoUsd, reservedNanoUsd: 0 }]);
    });
  });

  it('books what it must when it is stopped in the middle of an outage that ends', async () => {
    const outage = await open();
    const client = await serve({ ledger: outage.url, budgets: [{ perMonthUsd: 1 }] });
    await spendDuring(client, outage);
    const stopped = server!.stop();
    // It takes no connection any more when it waits for the ledger alone.
    for (;;)
      if (
        await fetch(`${server!.url}/health`).then(
          () => false,
          () => true,
        )
      )
        break;
    await outage.comeBack();
    await stopped;
    expect(server!.process.exitCode).toBe(0);
    expect(await withLedger(outage.url, (ledger) => ledger.budgets())).toMatchObject([
      { spentNanoUsd: costNanoUsd, reservedNanoUsd: 0 },
    ]);
  });

  it('books what it must although it was killed in the middle of an outage, when it is started again', async () => {
    const outage = await open();
    const config = { ledger: outage.url, budgets: [{ perMonthUsd: 1 }] };
    const client = await serve(config);
    await spendDuring(client, outage);
    await until(() => unbooked().length === 1);
    server!.process.kill('SIGKILL');
    await once(server!.process, 'exit');
    await outage.comeBack();
    const again = await serve(config);
    await until(() => unbooked().length === 0);
    await ask(again);
    await server!.stop();
    expect(await withLedger(outage.url, (ledger) => ledger.budgets())).toMatchObject([
      { spentNanoUsd: 2 * costNanoUsd, reservedNanoUsd: 0 },
    ]);
  });
};

describe('spillway serve with a SQLite file that is away', () => {
  testOutages(async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const away = `${data}.away`;
    return {
      url: `sqlite:${join(data, 'ledger.db')}`,
      async goAway() {
        renameSync(data, away);
        // Nobody can make another one meanwhile.
        writeFileSync(data, '');
      },
      async comeBack() {
        rmSync(data);
        renameSync(away, data);
      },
    };
  });
});

describe.skipIf(!hasPostgres)('spillway serve with a PostgreSQL that is away', () => {
  let postgres: PrivatePostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres.remove();
  });
  testOutages(async () => ({
    url: await postgres.createDatabase(),
    goAway: () => postgres.stop('fast'),
    comeBack: () => postgres.start(),
  }));
});

describe('spillway serve with limits in its configuration', () => {
  const ledgerUrl = () => `sqlite:${join(folder, 'ledger.db')}`;

  it('holds everything to its rate limit, and says in every answer where that stands', async () => {
    const client = await serve({ ledger: ledgerUrl(), rateLimits: [{ requestsPerMinute: 2, tokensPerMinute: 9000 }] });
    const { response } = await ask(client).withResponse();
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    expect(response.headers.get('x-ratelimit-reset-requests')).toBe('1m0s');
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('9000');
    await ask(client);
    await expect(ask(client)).rejects.toBeInstanceOf(RateLimitError);
    const long = { model: 'medium', max_tokens: 9000, messages: [{ role: 'user' as const, content: 'hi' }] };
    await expect(client.chat.completions.create(long)).rejects.toThrow(/limit is 9,000 per minute.*max_tokens/);
  });

  it('holds a key to the limits of its name from its first request on, though it was made later', async () => {
    await serve({
      ledger: ledgerUrl(),
      budgets: [{ key: 'late', perMonthUsd: 0.00002 }],
      rateLimits: [{ key: 'slow', requestsPerMinute: 1 }],
    });
    expect(server!.errors()).toContain('spillway keys create late');
    const [late, slow] = await withLedger(ledgerUrl(), (ledger) =>
      Promise.all(['late', 'slow'].map((name) => ledger.createKey({ name }))),
    );
    await expect(ask(clientWith(late!.secret))).rejects.toMatchObject({ code: 'insufficient_quota' });
    await ask(clientWith(slow!.secret));
    await expect(ask(clientWith(slow!.secret))).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  });

  it('passes over what its budget does not cover, and explains it', async () => {
    const client = await serve(
      {
        ledger: ledgerUrl(),
        budgets: [{ perMonthUsd: 0.00001 }],
        device: [join(folder, 'tiny.gguf')],
        ...(() => {
          writeRandomModel(join(folder, 'tiny.gguf'), tinyShape, { type: 'F32', seed: 1 });
          return { aliases: { either: ['medium', 'tiny'] } };
        })(),
      },
      ['--threads', '1'],
    );
    const answered = await ask(client, 'either');
    const { tier, route_id } = (answered as unknown as { spillway: { tier: string; route_id: string } }).spillway;
    expect(tier).toBe('device');
    expect(await client.get(`/routes/${route_id}`)).toMatchObject({
      passed_over: [{ model: 'medium', reason: 'over-budget' }],
    });
    expect(rack.received).toEqual([]);
  });
});

describe('the receipts of a server', () => {
  it("name the model's file by its digest, at once after a restart", async () => {
    const model = join(folder, 'tiny.gguf');
    const url = `sqlite:${join(folder, 'ledger.db')}`;
    writeRandomModel(model, tinyShape, { type: 'F32', seed: 1 });
    const digest = `sha256:${createHash('sha256').update(readFileSync(model)).digest('hex')}`;
    const digests = () =>
      withLedger(url, async (ledger) => (await ledger.receipts({ limit: 1000 })).map(({ body }) => body.modelDigest));
    const client = await serve({ ledger: url, device: [model] }, ['--threads', '1']);
    for (;;) {
      await ask(client, 'tiny');
      if (existsSync(join(folder, 'home', 'digests.json'))) break;
    }
    await ask(client, 'tiny');
    await server!.stop();
    const first = await digests();
    expect(first.at(-1)).toBe(digest);
    // Unknown for a moment, or known; never another one.
    expect(new Set([...first, null])).toEqual(new Set([null, digest]));
    await ask(await serve({ ledger: url, device: [model] }, ['--threads', '1']), 'tiny');
    await server!.stop();
    expect((await digests()).slice(first.length)).toEqual([digest]);
  });
});
