/**
 * A PostgreSQL of a test's own, from Debian's binaries, in a folder for the time of the test: listens on a socket in that
 * folder only. It can be stopped, killed and started again, as a database that goes away.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

export interface PrivatePostgres {
  /** A new, empty database. */
  createDatabase(): Promise<string>;
  start(): Promise<void>;
  /** `fast` ends sessions and shuts down; `kill` is a crash. */
  stop(how: 'fast' | 'kill'): Promise<void>;
  /** Stops all of its processes where they are, as a network that lets nothing through; `thaw` lets them go on. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

const debianFolder = '/usr/lib/postgresql';

/** The folder of the newest PostgreSQL here, or null. */
const findBinaries = (): string | null => {
  if (!existsSync(debianFolder)) return null;
  const versions = readdirSync(debianFolder)
    .filter((version) => existsSync(join(debianFolder, version, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a));
  return versions[0] === undefined ? null : join(debianFolder, versions[0], 'bin');
};

const binaries = findBinaries();

/** False where there is no PostgreSQL: then says so once, for whoever wonders about skipped tests. */
export const hasPostgres = ((): boolean => {
  if (binaries === null)
    process.stderr.write(
      `PostgreSQL tests are skipped: no binaries in ${debianFolder} (apt-get install postgresql).\n`,
    );
  return binaries !== null;
})();

/** PostgreSQL refuses to run as root: then it runs as a user that is there for such things. */
const findUser = (): { uid: number; gid: number } | null => {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (user === undefined) throw new Error('There is no user postgres or nobody to run PostgreSQL as.');
  return { uid: Number(user[2]), gid: Number(user[3]) };
};

/** Starts one. Only where `hasPostgres`. `settings` as in postgresql.conf. */
export const startPostgres = async (settings: Readonly<Record<string, string>> = {}): Promise<PrivatePostgres> => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-pg-'));
  const user = findUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const asUser = { cwd: folder, ...(user ?? {}) };
  const data = join(folder, 'data');
  const port = randomInt(20_000, 60_000);
  execFileSync(
    join(binaries!, 'initdb'),
    ['-D', data, '-U', 'spillway', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'],
    { ...asUser, stdio: 'pipe' },
  );
  const urlOf = (database: string): string =>
    `postgres://spillway@localhost:${port}/${database}?host=${encodeURIComponent(folder)}`;
  const all = {
    listen_addresses: '',
    unix_socket_directories: folder,
    port: String(port),
    fsync: 'off',
    max_connections: '100',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let server: ReturnType<typeof spawn> | null = null;
  let databases = 0;

  const start = async (): Promise<void> => {
    server = spawn(join(binaries!, 'postgres'), ['-D', data, ...flags], {
      ...asUser,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    server.stderr!.on('data', (text) => {
      log += text;
    });
    for (;;) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended while it started: ${log}`);
      const ready = spawnSync(join(binaries!, 'pg_isready'), ['-q', '-h', folder, '-p', String(port)]);
      if (ready.status === 0) return;
      await wait(50);
    }
  };

  const stop = async (how: 'fast' | 'kill'): Promise<void> => {
    const running = server;
    if (running === null) return;
    server = null;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, after which it recovers as from a crash.
    running.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  };

  /** The server first, then its children: it starts no further ones. */
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    const pid = server!.pid!;
    process.kill(pid, signal);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) process.kill(Number(child), signal);
  };

  await start();
  return {
    start,
    stop,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    async createDatabase() {
      const client = new pg.Client({ connectionString: urlOf('postgres') });
      await client.connect();
      const name = `test_${databases++}`;
      await client.query(`create database ${name}`);
      await client.end();
      return urlOf(name);
    },
    async remove() {
      await stop('fast');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
