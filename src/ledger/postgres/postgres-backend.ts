/**
 * The backend on PostgreSQL, shared by any number of servers. Admissions and settlements go in batches of their own, so
 * that an admission never waits for receipts to be signed.
 */
import { openSigningKey, type SigningKey } from '../../trust/signing-key.js';
import type { ActionName, ArgsOf, ResultOf } from '../actions/actions.js';
import { actionNamed } from '../actions/actions.js';
import type { LedgerBackend } from '../backend.js';
import { type BookContext, bookBatch } from '../book/book-batch.js';
import type { BookOperation, BookResult } from '../book/book-types.js';
import { LedgerError } from '../ledger-error.js';
import { createBookStatements } from '../sql/book-statements.js';
import { createDialect } from '../sql/dialect.js';
import { createLane } from './lane.js';
import { createPostgresStore } from './postgres-store.js';

const mostInBatch = 256;
/** Adding up usage may take this long. */
const scanMs = 120_000;

export interface PostgresSettings {
  readonly url: string;
  readonly label: string;
  readonly signingKeyPath: string;
}

export const createPostgresBackend = (settings: PostgresSettings): LedgerBackend => {
  const { url, label } = settings;
  const store = createPostgresStore({ url, label });
  const dialect = createDialect('postgres');
  let key: SigningKey | undefined;
  const context: BookContext = {
    dialect,
    statements: createBookStatements(dialect),
    signingKey: () => {
      key ??= openSigningKey(settings.signingKeyPath);
      return key;
    },
  };
  const createBookLane = () =>
    createLane<BookOperation, BookResult>((operations) => store.write(() => bookBatch(operations, context)), {
      most: mostInBatch,
    });
  const admissions = createBookLane();
  const settlements = createBookLane();
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | null = null;

  /** Keeps what runs, so that closing can wait for it. */
  const track = <T>(start: () => Promise<T>): Promise<T> => {
    if (closing !== null)
      return Promise.reject(new LedgerError('closed', `Cannot use the ledger ${label}: it was closed.`));
    const call = start();
    running.add(call);
    const forget = (): void => {
      running.delete(call);
    };
    call.then(forget, forget);
    return call;
  };

  return {
    async book<Operation extends BookOperation>(operation: Operation) {
      const lane = operation.type === 'reserve' || operation.type === 'raise' ? admissions : settlements;
      const result = await track(() => lane.add(operation));
      if (result.type === 'failed') throw result.error;
      return result as Extract<BookResult, { readonly type: Operation['type'] }>;
    },
    run: <Name extends ActionName>(name: Name, args: ArgsOf<Name>) =>
      track(async () => {
        const action = actionNamed(name);
        const step = () => action.step(args, dialect);
        const result =
          action.access === 'write'
            ? store.write(step)
            : store.read(step(), action.access === 'scan' ? scanMs : undefined);
        return (await result) as ResultOf<Name>;
      }),
    connect: () => track(() => store.open()),
    close() {
      closing ??= Promise.allSettled(running).then(() => store.close());
      return closing;
    },
  };
};
