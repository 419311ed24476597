/**
 * The thread that holds the ledger's file, so that waiting for the disk stops no request. Group commit: whatever arrived
 * while the last commit ran goes into the next one together, which costs one wait for the disk however many they are.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openSigningKey, type SigningKey } from '../../trust/signing-key.js';
import { actionNamed } from '../actions/actions.js';
import { type BookContext, bookBatch } from '../book/book-batch.js';
import type { BookOperation } from '../book/book-types.js';
import { LedgerError } from '../ledger-error.js';
import { createBookStatements } from '../sql/book-statements.js';
import { createDialect } from '../sql/dialect.js';
import { createSqliteStore } from './sqlite-store.js';
import type { WorkerFailure, WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.js';

/** Bookings in one commit; more would make the first of them wait for the last. */
const mostInBatch = 512;

const port = parentPort!;
const settings = workerData as WorkerSettings;
const store = createSqliteStore(settings);
const dialect = createDialect('sqlite');
let key: SigningKey | undefined;
const context: BookContext = {
  dialect,
  statements: createBookStatements(dialect),
  signingKey: () => {
    key ??= openSigningKey(settings.signingKeyPath);
    return key;
  },
};

const failureOf = (error: unknown): WorkerFailure => ({
  code: error instanceof LedgerError ? error.code : null,
  message: error instanceof Error ? error.message : String(error),
  stack: error instanceof Error ? error.stack : undefined,
});

type BookRequest = Extract<WorkerRequest, { readonly type: 'book' }>;

/** What was reserved need not outlive the machine: the request that it was for does not either. */
const mustLast = ({ type }: BookOperation): boolean => type === 'settle';

const bookTogether = (requests: readonly BookRequest[]): WorkerResponse[] => {
  const operations = requests.map(({ operation }) => operation);
  try {
    const results = store.write(bookBatch(operations, context), { durable: operations.some(mustLast) });
    return requests.map(({ id }, index) => {
      const result = results[index]!;
      return result.type === 'failed' ? { id, failure: failureOf(result.error) } : { id, value: result };
    });
  } catch (error) {
    const failure = failureOf(error);
    return requests.map(({ id }) => ({ id, failure }));
  }
};

const runAlone = (request: Extract<WorkerRequest, { readonly type: 'run' | 'connect' }>): WorkerResponse => {
  const { id } = request;
  if (request.type === 'connect') return { id, value: null };
  try {
    const action = actionNamed(request.name);
    const step = action.step(request.args, dialect);
    return { id, value: action.access === 'write' ? store.write(step, { durable: true }) : store.read(step) };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
};

/** The bookings that are waiting, in one commit as far as they fit; then the others, each by itself. */
const serve = async (requests: readonly WorkerRequest[]): Promise<void> => {
  const bookings = requests.filter((request) => request.type === 'book');
  const others = requests.filter((request) => request.type === 'run' || request.type === 'connect');
  try {
    if (bookings.length + others.length > 0) await store.open();
  } catch (error) {
    const failure = failureOf(error);
    port.postMessage([...bookings, ...others].map(({ id }): WorkerResponse => ({ id, failure })));
    return;
  }
  for (let from = 0; from < bookings.length; from += mostInBatch)
    port.postMessage(bookTogether(bookings.slice(from, from + mostInBatch)));
  if (others.length > 0) port.postMessage(others.map(runAlone));
};

const queue: WorkerRequest[] = [];
let serving = false;

const enqueue = (requests: readonly WorkerRequest[]): void => {
  for (const request of requests) queue.push(request);
};

/** Takes what arrived while this thread was at work; its event loop has not seen that yet. */
const takeArrived = (): void => {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    enqueue(next.message as WorkerRequest[]);
};

const serveAll = async (): Promise<void> => {
  serving = true;
  takeArrived();
  while (queue.length > 0) {
    const requests = queue.splice(0);
    await serve(requests);
    const close = requests.find(({ type }) => type === 'close');
    if (close !== undefined) {
      store.close();
      port.postMessage([{ id: close.id, value: null } satisfies WorkerResponse]);
      port.close();
      return;
    }
    takeArrived();
  }
  serving = false;
};

port.on('message', (requests: WorkerRequest[]) => {
  enqueue(requests);
  if (!serving) void serveAll();
});
