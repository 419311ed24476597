/**
 * A process that uses a ledger as a server does, for tests with several of them. Its arguments are one JSON text; it says
 * `ready` when the ledger is open and begins when it is told to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openLedger } from './open-ledger.js';
import { reservation, settlement } from './requests.test-support.js';

export interface ChildTask {
  readonly url: string;
  readonly signingKeyPath: string;
  /** Begins the ids of its requests. */
  readonly name: string;
  /** `burst`: all requests at once, then an account of them. `stream`: settles until it is killed, saying each. */
  readonly type: 'burst' | 'stream';
  readonly requests: number;
  readonly nanoUsd: number;
  /** Every request is settled at the worst case; else some cost less and some are released. */
  readonly exact: boolean;
}

export interface ChildAccount {
  readonly reserved: number;
  readonly refused: number;
  readonly settledNanoUsd: number;
  readonly settledTokens: number;
}

const now = (): number => Date.now();

const burst = async (task: ChildTask): Promise<ChildAccount> => {
  const ledger = await openLedger(task);
  await begin();
  const account = { reserved: 0, refused: 0, settledNanoUsd: 0, settledTokens: 0 };
  await Promise.all(
    Array.from({ length: task.requests }, async (_, index) => {
      const id = `${task.name}-${index}`;
      const worst = task.exact ? task.nanoUsd : task.nanoUsd + index;
      const { type } = await ledger.reserve(reservation(id, { nanoUsd: worst, expiresMs: now() + 600_000 }));
      if (type !== 'reserved') {
        account.refused++;
        return;
      }
      account.reserved++;
      if (!task.exact && index % 5 === 0) {
        await ledger.release(id);
        return;
      }
      const nanoUsd = task.exact ? worst : worst - (index % 7) * 10;
      await ledger.settle(settlement(id, { nanoUsd, receipt: { startedMs: now(), endedMs: now() } }));
      account.settledNanoUsd += nanoUsd;
      account.settledTokens += 10;
    }),
  );
  await ledger.close();
  return account;
};

const stream = async (task: ChildTask): Promise<never> => {
  const ledger = await openLedger(task);
  await begin();
  let next = 0;
  const one = async (): Promise<never> => {
    for (;;) {
      const id = `${task.name}-${next++}`;
      await ledger.reserve(reservation(id, { nanoUsd: task.nanoUsd, expiresMs: now() + 600_000 }));
      await ledger.settle(settlement(id, { nanoUsd: task.nanoUsd, receipt: { startedMs: now(), endedMs: now() } }));
      process.stdout.write(`${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: task.requests }, one));
  throw new Error('It settles until it is killed.');
};

const begin = async (): Promise<void> => {
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
};

export interface ServerChild {
  readonly process: ChildProcess;
  /** Lines that it has said so far, without `ready`; whole ones only. */
  readonly lines: string[];
  readonly ready: Promise<void>;
  /** Resolves with its exit code, null when it was killed. */
  readonly ended: Promise<number | null>;
  go(): void;
}

export const startChild = (task: ChildTask): ServerChild => {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let markReady: (() => void) | undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const whole = text.split('\n');
    text = whole.pop() ?? '';
    for (const line of whole)
      if (line === 'ready') markReady?.();
      else lines.push(line);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { process: child, lines, ready, ended, go: () => child.stdin.write('go\n') };
};

/** Runs bursts in as many processes at once; their accounts. */
export const runBursts = async (tasks: readonly ChildTask[]): Promise<ChildAccount[]> => {
  const children = tasks.map(startChild);
  await Promise.all(children.map(({ ready, ended }) => Promise.race([ready, ended])));
  for (const child of children) child.go();
  const codes = await Promise.all(children.map(({ ended }) => ended));
  if (codes.some((code) => code !== 0)) throw new Error(`Children ended with ${codes.join(', ')}.`);
  return children.map(({ lines }) => JSON.parse(lines.at(-1)!) as ChildAccount);
};

// As the program that runs, this is the child.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const task = JSON.parse(process.argv[2]!) as ChildTask;
  if (task.type === 'burst') process.stdout.write(`${JSON.stringify(await burst(task))}\n`);
  else await stream(task);
}
