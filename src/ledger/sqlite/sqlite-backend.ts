/**
 * The backend on one SQLite file: a thread that books, and, once it is needed, one for reading much, so that adding up a
 * year of usage holds up no request.
 */
import { Worker } from 'node:worker_threads';
import type { ActionName, ArgsOf, ResultOf } from '../actions/actions.js';
import { actionNamed } from '../actions/actions.js';
import type { LedgerBackend } from '../backend.js';
import type { BookOperation, BookResult } from '../book/book-types.js';
import { createWorkerClient, type WorkerClient } from './worker-client.js';
import type { WorkerSettings } from './worker-protocol.js';

type ResultFor<Operation extends BookOperation> = Extract<BookResult, { readonly type: Operation['type'] }>;

/** Does not keep its process alive. Without it the thread that books does its work. */
const startCheckpointer = (path: string): Worker => {
  const started = new Worker(new URL('./sqlite-checkpointer.js', import.meta.url), {
    workerData: { path },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  started.unref();
  started.on('error', () => undefined);
  return started;
};

const endCheckpointer = (checkpointer: Worker): Promise<unknown> => {
  checkpointer.ref();
  const ended = new Promise((resolve) => checkpointer.once('exit', resolve));
  checkpointer.postMessage('end');
  return checkpointer.threadId === -1 ? Promise.resolve() : ended;
};

export const createSqliteBackend = (settings: WorkerSettings): LedgerBackend => {
  const books = createWorkerClient(settings);
  let checkpointer: Worker | null = null;
  let scans: WorkerClient | null = null;
  const clientFor = (name: ActionName): WorkerClient => {
    if (actionNamed(name).access !== 'scan') return books;
    scans ??= createWorkerClient(settings);
    return scans;
  };
  return {
    async book<Operation extends BookOperation>(operation: Operation) {
      if (settings.checkpointsApart === true) checkpointer ??= startCheckpointer(settings.path);
      // Under load; an answer does not wait for its settlement.
      const later = operation.type === 'settle' && operation.booking.held !== null;
      return (await books.ask({ type: 'book', operation }, { later })) as ResultFor<Operation>;
    },
    run: async <Name extends ActionName>(name: Name, args: ArgsOf<Name>) =>
      (await clientFor(name).ask({ type: 'run', name, args })) as ResultOf<Name>,
    async connect() {
      await books.ask({ type: 'connect' });
    },
    async close() {
      await Promise.all([books.close(), scans?.close(), checkpointer === null ? null : endCheckpointer(checkpointer)]);
    },
  };
};
