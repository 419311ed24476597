/**
 * Steps in transactions on a pool of PostgreSQL connections, in two round trips each: BEGIN with all reads, then all
 * writes with COMMIT, pipelined. Repeats what was rolled back because of others, and once what met a dead connection:
 * everything that the ledger does is safe to ask for again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { LedgerError } from '../ledger-error.js';
import { postgresSchema } from '../sql/dialect.js';
import { isCurrent, migrateToLatest, migrationTable } from '../sql/migrate.js';
import type { Query } from '../sql/statement.js';
import type { Step } from '../sql/step.js';
import { isConnectionFailure, isMissingTable, isRepeatable, isTimeout, postgresFailure } from './postgres-error.js';

export interface PostgresStore {
  /** Connects and brings the schema up to date; once done, does nothing. Rejects with LedgerError. */
  open(): Promise<void>;
  /** In a transaction of its own, durable when it resolves. Rejects with LedgerError. */
  write<Result>(step: () => Step<Result>): Promise<Result>;
  /** Reads only; `longMs` where it may take longer than requests can wait. */
  read<Result>(step: Step<Result>, longMs?: number): Promise<Result>;
  close(): Promise<void>;
}

const connectMs = 2_000;
/** Longest wait for an answer; the server gives up waiting for locks a little earlier, with a better reason. */
const answerMs = 5_000;
const lockMs = 4_000;
const idleInTransactionMs = 10_000;
const mostConnections = 8;
const mostRepeats = 8;
const repeatAfterMs = 5;

/** OIDs of bigint and numeric; what is past 2^53 is refused rather than rounded. */
const wholeNumberTypes = new Set([20, 1700]);

const readWhole = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new LedgerError('overflow', `Cannot read ${text} from the ledger: sums are exact up to 2^53 - 1 only.`);
  return value;
};

const typeParsers = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    wholeNumberTypes.has(oid) && format !== 'binary'
      ? readWhole
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** Settings of a session; a database that commits without waiting for its disk would lose settlements. */
const sessionSettings = `
  set lock_timeout = ${lockMs};
  set idle_in_transaction_session_timeout = ${idleInTransactionMs};
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

const createPool = (connectionString: string): pg.Pool => {
  const pool = new pg.Pool({
    connectionString,
    max: mostConnections,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // An idle ledger does not keep its process alive.
    allowExitOnIdle: true,
    pipeline: true,
    types: typeParsers,
    application_name: 'spillway',
  });
  pool.on('connect', (client) => {
    // A connection that dies while it is in use fails its queries; said twice, it would end the process.
    client.on('error', () => {});
    // A connection on which this fails fails at its next query too, where somebody waits for it.
    client.query(sessionSettings).catch(() => {});
  });
  // An idle connection that dies is replaced when one is needed.
  pool.on('error', () => {});
  return pool;
};

/** Sends all at once; rejects with the first failure, after all were answered. */
const sendAll = async (
  client: pg.PoolClient,
  { queries, timeoutMs }: { readonly queries: readonly (Query | string)[]; readonly timeoutMs: number },
): Promise<pg.QueryResult[]> => {
  const answers = await Promise.allSettled(
    queries.map((query) => {
      const config = typeof query === 'string' ? { text: query } : queryConfig(query);
      return client.query({ ...config, query_timeout: timeoutMs } as pg.QueryConfig);
    }),
  );
  return answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
};

const queryConfig = ({ name, sql, values }: Query): pg.QueryConfig => ({
  text: sql,
  values: values as unknown[],
  ...(name === null ? {} : { name: `spillway-${name}` }),
});

const readRows = async (
  client: pg.PoolClient,
  step: Step<unknown>,
  options: { readonly begin: string | null; readonly timeoutMs: number },
): Promise<Record<string, unknown[]>> => {
  const reads = Object.entries(step.reads).filter((read): read is [string, Query] => read[1] !== undefined);
  const begin = options.begin === null ? [] : [options.begin];
  const answers = await sendAll(client, {
    queries: [...begin, ...reads.map(([, query]) => query)],
    timeoutMs: options.timeoutMs,
  });
  const rows: Record<string, unknown[]> = Object.fromEntries(Object.keys(step.reads).map((name) => [name, []]));
  for (const [index, [name]] of reads.entries()) rows[name] = answers[index + begin.length]!.rows;
  return rows;
};

const transact = async <Result>(client: pg.PoolClient, step: Step<Result>): Promise<Result> => {
  const begin = 'begin isolation level read committed';
  const rows = await readRows(client, step, { begin, timeoutMs: answerMs });
  const { result, writes } = step.decide(rows);
  const answers = await sendAll(client, { queries: [...writes, 'commit'], timeoutMs: answerMs });
  // A transaction that failed before answers COMMIT with ROLLBACK, which is no error to PostgreSQL.
  const { command } = answers.at(-1)!;
  if (command !== 'COMMIT') throw new Error(`PostgreSQL answered COMMIT with ${command}.`);
  return result;
};

export const createPostgresStore = (options: {
  readonly url: string;
  /** The database without user and password, for messages. */
  readonly label: string;
}): PostgresStore => {
  const { url, label } = options;
  const pool = createPool(url);
  let opening: Promise<void> | null = null;

  /** Names of the migrations that were run; none in a new database. */
  const migrationsRun = async (): Promise<string[]> => {
    try {
      const { rows } = await pool.query<{ name: string }>(`select name from ${postgresSchema}.${migrationTable}`);
      return rows.map(({ name }) => name);
    } catch (error) {
      if (isMissingTable(error)) return [];
      throw error;
    }
  };

  const migrate = async (): Promise<void> => {
    try {
      if (isCurrent(await migrationsRun())) return;
      await migrateToLatest(new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }), postgresSchema);
    } catch (error) {
      throw postgresFailure(error, `open the ledger ${label}`);
    }
  };

  /** One attempt for all who wait; a failed one is made again at the next call. */
  const open = (): Promise<void> => {
    if (opening === null) {
      const attempt = migrate();
      opening = attempt;
      attempt.catch(() => {
        if (opening === attempt) opening = null;
      });
    }
    return opening;
  };

  /** With a connection that goes back to the pool only if it is certainly in order. */
  const withClient = async <T>(action: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    // Made into a LedgerError at once: a database that cannot be reached is not asked twice.
    const client = await pool.connect().catch((error) => {
      throw postgresFailure(error, `reach the ledger ${label}`);
    });
    let usable = false;
    try {
      const result = await action(client);
      usable = true;
      return result;
    } catch (error) {
      if (!isConnectionFailure(error)) {
        await client.query('rollback').then(
          () => {
            usable = true;
          },
          () => {},
        );
      }
      throw error;
    } finally {
      client.release(!usable);
    }
  };

  const repeating = async <T>(what: string, action: () => Promise<T>): Promise<T> => {
    let connectionsLost = 0;
    for (let repeats = 0; ; repeats++) {
      try {
        await open();
        return await action();
      } catch (error) {
        const lost = isConnectionFailure(error) && !isTimeout(error);
        if (lost) connectionsLost++;
        const again = (lost && connectionsLost === 1) || (isRepeatable(error) && repeats < mostRepeats);
        if (!again) throw postgresFailure(error, `${what} the ledger ${label}`);
        if (!lost) await wait(repeatAfterMs * 2 ** repeats * Math.random());
      }
    }
  };

  return {
    open: () => repeating('open', async () => {}),
    write: (step) => repeating('write to', () => withClient((client) => transact(client, step()))),
    read: (step, longMs = answerMs) =>
      repeating('read', () =>
        withClient(
          async (client) => step.decide(await readRows(client, step, { begin: null, timeoutMs: longMs })).result,
        ),
      ),
    // A server that does not answer is not waited for.
    close: () => Promise.race([pool.end(), wait(connectMs, undefined, { ref: false })]),
  };
};
