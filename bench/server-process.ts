/**
 * Servers as child processes: `spillway serve` of this checkout, and llama.cpp's own server where there is one.
 * Waits until they can answer; knows nothing of what is asked of them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { onCore } from './on-core.js';
import { checkout } from './peers.js';
import { endWithBench } from './side-process.js';

export interface ServerProcess {
  /** Without a path at its end. */
  readonly url: string;
  readonly pid: number;
  /** Spawning the process to knowing that it listens. */
  readonly listeningMs: number;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Default: the embedded model. */
  readonly modelPath?: string;
  readonly parallel: number;
  readonly contextLength: number;
  readonly threads: number;
}

const startLimitMs = 120_000;
const stopLimitMs = 15_000;

/** How to end a server: SIGTERM, and SIGKILL where that takes too long. */
export const stopper = (child: ChildProcess): (() => Promise<void>) => {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return async () => {
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await gone;
    clearTimeout(killing);
  };
};

/** What `spillway serve --json` says when it listens. */
interface Listening {
  readonly url: string;
  readonly pid: number;
}

const parseListening = (text: string): Listening | null => {
  try {
    return JSON.parse(text) as Listening;
  } catch {
    return null;
  }
};

export interface SpillwayOptions extends Partial<ServerOptions> {
  /** A configuration file. */
  readonly configPath?: string;
  /** The one core that it may use. */
  readonly core?: number;
}

/** `spillway serve` on a free port. */
export const startSpillway = async (options: SpillwayOptions): Promise<ServerProcess> => {
  const flags = [
    ...(options.configPath === undefined ? [] : ['--config', options.configPath]),
    ...(options.modelPath === undefined ? [] : ['--model', options.modelPath]),
    ...(options.parallel === undefined ? [] : ['--parallel', String(options.parallel)]),
    ...(options.contextLength === undefined ? [] : ['--context', String(options.contextLength)]),
    ...(options.threads === undefined ? [] : ['--threads', String(options.threads)]),
  ];
  const started = performance.now();
  const serve = [`${checkout}bin/spillway.js`, 'serve', '--port', '0', '--json', ...flags];
  const child = spawn(...onCore(options.core, process.execPath, serve), { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithBench(child);
  const stop = stopper(child);
  let output = '';
  const listening = await new Promise<Listening>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`spillway serve did not listen within ${startLimitMs / 1000} s`)),
      startLimitMs,
    );
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`spillway serve ended: ${signal ?? `exit code ${code}`}`));
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const parsed = parseListening(output);
      if (parsed === null) return;
      clearTimeout(timer);
      resolve(parsed);
    });
  }).catch(async (error: unknown) => {
    if (child.exitCode === null && child.signalCode === null) await stop();
    throw error;
  });
  return { url: listening.url, pid: listening.pid, listeningMs: performance.now() - started, stop };
};

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const isHealthy = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
};

/** llama.cpp's `llama-server` at `path`, with a cell for each token of each sequence as ours has. */
export const startLlamaServer = async (
  path: string,
  options: ServerOptions & { readonly modelPath: string },
): Promise<ServerProcess> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn(
    path,
    [
      ...['--model', options.modelPath, '--host', '127.0.0.1', '--port', String(port)],
      ...['--parallel', String(options.parallel), '--ctx-size', String(options.parallel * options.contextLength)],
      ...['--threads', String(options.threads), '--threads-batch', String(options.threads)],
    ],
    { stdio: 'ignore' },
  );
  endWithBench(child);
  let failure: string | null = null;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure ??= `it ended: ${signal ?? `exit code ${code}`}`;
  });
  const stop = stopper(child);
  while (!(await isHealthy(url))) {
    if (failure !== null) throw new Error(`Cannot start ${path}: ${failure}`);
    if (performance.now() - started > startLimitMs) {
      await stop();
      throw new Error(`Cannot start ${path}: it was not healthy within ${startLimitMs / 1000} s`);
    }
    await wait(50);
  }
  return { url, pid: child.pid ?? -1, listeningMs: performance.now() - started, stop };
};
