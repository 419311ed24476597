/**
 * The server's side of a ledger thread: numbers requests, sends those of one turn of the event loop together, and starts
 * the thread again when it ended. Knows no SQL.
 */
import { Worker } from 'node:worker_threads';
import { LedgerError } from '../ledger-error.js';
import type { WorkerFailure, WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.js';

/** A request without its number. */
export type UnnumberedRequest = WorkerRequest extends infer Request
  ? Request extends WorkerRequest
    ? Omit<Request, 'id'>
    : never
  : never;

export interface WorkerClient {
  /** With `later` it may wait for others to come, a few milliseconds: what nobody waits for. */
  ask(request: UnnumberedRequest, options?: { readonly later?: boolean }): Promise<unknown>;
  /** Lets what was asked finish, then closes the file. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What nobody waits for is gathered for so long: a commit costs the same for many. */
const gatherMs = 15;
const mostGathered = 128;

const errorOf = ({ code, message, stack }: WorkerFailure): Error => {
  if (code !== null) return new LedgerError(code, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
};

export const createWorkerClient = (settings: WorkerSettings): WorkerClient => {
  const waiting = new Map<number, Waiting>();
  let unsent: WorkerRequest[] = [];
  let nextId = 1;
  let isSending = false;
  let laterTimer: NodeJS.Timeout | null = null;
  /** Of the clock that does not jump. */
  let sentMs = Number.NEGATIVE_INFINITY;
  let worker: Worker | null = null;
  let closing: Promise<void> | null = null;

  const settle = (responses: readonly WorkerResponse[]): void => {
    for (const response of responses) {
      const caller = waiting.get(response.id);
      if (caller === undefined) continue;
      waiting.delete(response.id);
      if ('failure' in response) caller.reject(errorOf(response.failure));
      else caller.resolve(response.value);
    }
    // While it closes, its end is waited for.
    if (waiting.size === 0 && closing === null) worker?.unref();
  };

  const start = (): Worker => {
    const started = new Worker(new URL('./sqlite-worker.js', import.meta.url), { workerData: settings });
    let reason = 'it ended';
    started.on('message', settle);
    started.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    // Whatever it had not answered may or may not be written; asking again is safe.
    started.on('exit', () => {
      if (worker === started) worker = null;
      const message = `Cannot use the ledger ${settings.path}: its thread stopped (${reason}).`;
      for (const caller of waiting.values()) caller.reject(new LedgerError('unavailable', message));
      waiting.clear();
    });
    return started;
  };

  const send = (): void => {
    isSending = false;
    if (laterTimer !== null) clearTimeout(laterTimer);
    laterTimer = null;
    if (unsent.length === 0) return;
    const requests = unsent;
    unsent = [];
    sentMs = performance.now();
    worker ??= start();
    // An idle ledger does not keep its process alive.
    worker.ref();
    worker.postMessage(requests);
  };

  const ask = (request: UnnumberedRequest, { later = false } = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      unsent.push({ ...request, id } as WorkerRequest);
      if (isSending) return;
      const waitMs = later && unsent.length < mostGathered ? sentMs + gatherMs - performance.now() : 0;
      if (waitMs <= 0) {
        isSending = true;
        setImmediate(send);
      } else laterTimer ??= setTimeout(send, waitMs);
    });

  const close = async (): Promise<void> => {
    if (worker === null && unsent.length === 0) return;
    const answered = ask({ type: 'close' });
    send();
    const ended = new Promise((resolve) => worker!.once('exit', resolve));
    // A thread that stops by itself meanwhile has closed its file too.
    await Promise.allSettled([answered, ended]);
  };

  return {
    ask: (request, options) =>
      closing === null
        ? ask(request, options)
        : Promise.reject(new LedgerError('closed', `Cannot use the ledger ${settings.path}: it was closed.`)),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};
