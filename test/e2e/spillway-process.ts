/** Starts the real `spillway` command in a child process, for tests that go all the way from a socket to llama.cpp. */
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type StdioOptions,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const entry = join(projectRoot, 'bin', 'spillway.js');

export interface RunningServer {
  readonly url: string;
  readonly models: readonly string[];
  readonly process: ChildProcess;
  /** What it said on standard error so far. */
  readonly errors: () => string;
  /** Process ids of the engine hosts. Linux only. */
  hostPids(): number[];
  stop(): Promise<void>;
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export const runSpillway = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdio: StdioOptions = 'pipe',
): CommandResult => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio,
  });
  return { status, stdout, stderr };
};

/** A command that is running, for tests that feed it, signal it or close its output. */
export interface RunningCommand {
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves when it said something on standard output, or ended. */
  readonly firstOutput: Promise<void>;
  readonly ended: Promise<CommandResult>;
}

/** Starts a command; unlike `runSpillway`, this process goes on and can serve what the command asks for. */
export const startSpillway = (args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCommand => {
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr }));
  const firstOutput = Promise.race([once(child.stdout, 'data'), ended]).then(() => undefined);
  return { process: child, firstOutput, ended };
};

/** Starts `spillway serve` on a free port; rejects with what it said when it ends before it listens. */
export const startServer = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> => {
  const child = spawn(process.execPath, [entry, 'serve', '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += line;
    if (line === '}') break;
  }
  if (text === '') throw new Error(`spillway serve ended before it listened: ${errors}`);
  const { url, models } = JSON.parse(text) as { url: string; models: string[] };
  child.stdout.resume();
  return {
    url,
    models,
    process: child,
    errors: () => errors,
    hostPids: () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
        .trim()
        .split(/\s+/)
        .filter(Boolean)
        .map(Number),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
};
