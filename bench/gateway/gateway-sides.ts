/**
 * The gateways that are measured, each a process on a core of its own in front of the same upstream: Spillway as a user
 * runs it (key, policy, budget, receipts, SQLite), a bare proxy on node:http, and Portkey's gateway and nginx where this
 * machine has them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BenchOutcome } from '../bench.js';
import { findProgram, onCore, whyNotApart } from '../on-core.js';
import { checkout, peerInstallHint, portkeyEntry } from '../peers.js';
import { freePort, startSpillway, stopper } from '../server-process.js';
import { endWithBench, type SideProcess, startSide } from '../side-process.js';
import { tokenText, upstreamModel } from './fixed-upstream.js';
import type { LoadProtocol, LoadQuestion, ProxyProtocol } from './load-protocol.js';

/** What asks and what answers behind the gateway share one core, the gateway has the other. */
const loadCore = 0;
const gatewayCore = 1;
const startLimitMs = 20_000;

export interface GatewaySide {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly headers: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Load generator and upstream, for as many gateways as come. */
export interface Surroundings {
  readonly upstreamUrl: string;
  readonly load: SideProcess<LoadProtocol>;
  close(): Promise<void>;
}

const startSurroundings = async ({ tokens }: { readonly tokens: number }): Promise<Surroundings> => {
  const load = startSide<LoadProtocol>('gateway-load', { core: loadCore });
  const { url } = await load.ask('listen', { tokens });
  return { upstreamUrl: url, load, close: () => load.close() };
};

/** Runs a bench between load generator and upstream, and ends them; says why where they cannot be kept apart. */
export const withSurroundings = async (
  options: { readonly tokens: number },
  run: (surroundings: Surroundings) => Promise<BenchOutcome>,
): Promise<BenchOutcome> => {
  const reason = whyNotApart();
  if (reason !== null) return { rows: [], notes: [`Not measured here: ${reason}.`] };
  const surroundings = await startSurroundings(options);
  try {
    return await run(surroundings);
  } finally {
    await surroundings.close();
  }
};

const chatPath = '/v1/chat/completions';

const chatBody = (stream: boolean): string =>
  JSON.stringify({
    model: upstreamModel,
    messages: [
      { role: 'system', content: 'You answer in one short sentence.' },
      { role: 'user', content: 'What is the capital of Peru, and where does it lie?' },
    ],
    max_tokens: 256,
    temperature: 0,
    ...(stream ? { stream: true } : {}),
  });

/** What a load of chats asks of a side, streamed or whole. */
export const chatLoad = (
  side: Pick<GatewaySide, 'url' | 'headers'>,
  load: Pick<LoadQuestion, 'connections' | 'requests' | 'seconds' | 'perSecond'> & {
    /** Tokens of a streamed answer; absent: whole answers. */
    readonly tokens?: number;
  },
): LoadQuestion => {
  const { tokens, ...rest } = load;
  return {
    ...rest,
    url: side.url,
    path: chatPath,
    headers: side.headers,
    body: chatBody(tokens !== undefined),
    // A gateway may put tokens that come together into one event; their text must be there.
    ...(tokens === undefined ? {} : { endsWith: 'data: [DONE]\n\n', leastBytes: tokens * tokenText.length }),
  };
};

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'spillway-bench-gateway-'));

const untilAnswers = async (name: string, url: string): Promise<void> => {
  for (const startedMs = performance.now(); performance.now() - startedMs < startLimitMs; await wait(50))
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      // Not yet.
    }
  throw new Error(`${name} did not listen within ${startLimitMs / 1000} s`);
};

/** A configuration with all that a request can meet on its way to a private endpoint. */
export const spillwayConfig = (upstreamUrl: string, folder: string) => ({
  tiers: { device: { models: [] }, private: [{ name: 'upstream', url: `${upstreamUrl}/v1`, models: [upstreamModel] }] },
  policy: { reach: 'private', keys: { bench: { reach: 'private' } } },
  budgets: [{ key: 'bench', perMonthUsd: 1_000_000, perMonthTokens: 1_000_000_000_000 }],
  prices: { [`upstream/${upstreamModel}`]: { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.4 } },
  ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
});

export const startSpillwaySide = async (upstreamUrl: string): Promise<GatewaySide> => {
  const folder = temporaryFolder();
  const configPath = join(folder, 'spillway.config.json');
  writeFileSync(configPath, JSON.stringify(spillwayConfig(upstreamUrl, folder)));
  const made = execFileSync(
    process.execPath,
    [`${checkout}bin/spillway.js`, 'keys', 'create', 'bench', '--config', configPath, '--json'],
    { encoding: 'utf8' },
  );
  const { secret } = JSON.parse(made) as { secret: string };
  const server = await startSpillway({ configPath, core: gatewayCore });
  return {
    name: 'Spillway',
    url: server.url,
    pid: server.pid,
    headers: { authorization: `Bearer ${secret}` },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export const startBareProxy = async (upstreamUrl: string): Promise<GatewaySide> => {
  const side = startSide<ProxyProtocol>('bare-proxy', { core: gatewayCore });
  const { url } = await side.ask('listen', { upstreamUrl });
  return { name: 'bare proxy', url, pid: side.pid, headers: {}, stop: () => side.close() };
};

/** Null with a reason where it is not installed. */
export const startPortkey = async (upstreamUrl: string): Promise<GatewaySide | string> => {
  const entry = portkeyEntry();
  if (entry === null) return `Portkey was not measured: \`${peerInstallHint}\` installs it.`;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(...onCore(gatewayCore, process.execPath, [entry, `--port=${port}`, '--headless']), {
    stdio: 'ignore',
  });
  endWithBench(child);
  await untilAnswers('Portkey', url);
  return {
    name: 'Portkey',
    url,
    pid: child.pid ?? -1,
    headers: {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstreamUrl}/v1`,
      authorization: 'Bearer x',
    },
    stop: stopper(child),
  };
};

const nginxConfig = (port: number, upstreamUrl: string, folder: string): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000000;
  upstream fixed { server ${new URL(upstreamUrl).host}; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://fixed;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;

/** A reason where nginx is not on this machine. */
export const startNginx = async (upstreamUrl: string): Promise<GatewaySide | string> => {
  const program = findProgram('nginx');
  if (program === null) return 'nginx was not measured: it is not installed (Debian: nginx-light).';
  const folder = temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(port, upstreamUrl, folder));
  const child = spawn(...onCore(gatewayCore, program, ['-p', folder, '-c', join(folder, 'nginx.conf')]), {
    stdio: 'ignore',
  });
  endWithBench(child);
  const stop = stopper(child);
  await untilAnswers('nginx', `${url}/v1/models`);
  return {
    name: 'nginx',
    url,
    pid: child.pid ?? -1,
    headers: {},
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
