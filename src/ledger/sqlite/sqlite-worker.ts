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

/** Responses that wait for the disk. */
const syncing = new Set<Promise<void>>();

/** Answers at once, or, for what must last, when it is on the disk; this thread goes on meanwhile. */
const respond = (responses: readonly WorkerResponse[], { durable }: { readonly durable: boolean }): void => {
  if (!durable) {
    port.postMessage(responses);
    return;
  }
  const answered = store.sync().then(
    () => port.postMessage(responses),
    (error) => {
      const failure = failureOf(error);
      port.postMessage(responses.map((one) => ('failure' in one ? one : { id: one.id, failure })));
    },
  );
  syncing.add(answered);
  answered.finally(() => syncing.delete(answered));
};

const bookTogether = (requests: readonly BookRequest[]): void => {
  const operations = requests.map(({ operation }) => operation);
  try {
    const results = store.write(bookBatch(operations, context));
    const responses = requests.map(({ id }, index): WorkerResponse => {
      const result = results[index]!;
      return result.type === 'failed' ? { id, failure: failureOf(result.error) } : { id, value: result };
    });
    respond(responses, { durable: operations.some(mustLast) });
  } catch (error) {
    const failure = failureOf(error);
    port.postMessage(requests.map(({ id }): WorkerResponse => ({ id, failure })));
  }
};

const runAlone = (request: Extract<WorkerRequest, { readonly type: 'run' | 'connect' }>): void => {
  const { id } = request;
  if (request.type === 'connect') {
    port.postMessage([{ id, value: null } satisfies WorkerResponse]);
    return;
  }
  try {
    const action = actionNamed(request.name);
    const step = action.step(request.args, dialect);
    const durable = action.access === 'write';
    respond([{ id, value: durable ? store.write(step) : store.read(step) }], { durable });
  } catch (error) {
    port.postMessage([{ id, failure: failureOf(error) } satisfies WorkerResponse]);
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
    bookTogether(bookings.slice(from, from + mostInBatch));
  for (const other of others) runAlone(other);
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
      await Promise.all(syncing);
      await store.close();
      port.postMessage([{ id: close.id, value: null } satisfies WorkerResponse]);
      port.close();
      return;
    }
    // Those that wait for the disk hear of it from the event loop.
    if (syncing.size > 0) await new Promise((resolve) => setImmediate(resolve));
    takeArrived();
  }
  serving = false;
};

port.on('message', (requests: WorkerRequest[]) => {
  enqueue(requests);
  if (!serving) void serveAll();
});
