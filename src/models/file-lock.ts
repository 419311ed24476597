/**
 * One writer per file, across processes: a lock file beside it, kept fresh while it is held.
 *
 * A lock whose owner died or stopped refreshing it is taken over. Two processes that find the same dead lock in the same
 * instant may both take it; the digest check at the end of a download is what catches that.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const refreshMs = 5_000;
const staleMs = 30_000;
const pollMs = 100;

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called while another holds the lock, at each look. */
  readonly onWait?: () => void;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** True when whoever made the lock is gone. */
const isStale = async (lockPath: string): Promise<boolean> => {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(lockPath, 'utf8'), stat(lockPath)]);
    const [pid, host] = content.split(' ');
    if (host === hostname() && /^[1-9]\d*$/.test(pid ?? '') && !isAlive(Number(pid))) return true;
    return Date.now() - mtimeMs > staleMs;
  } catch (error) {
    // Released in between: the next attempt to make it decides.
    if (isMissing(error)) return false;
    throw error;
  }
};

const tryLock = async (lockPath: string, content: string): Promise<boolean> => {
  try {
    const handle = await open(lockPath, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Runs `action` while holding the lock of `path`; waits for it as long as another holds it. Rejects when aborted. */
export const withFileLock = async <T>(
  path: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> => {
  const lockPath = `${path}.lock`;
  const content = `${process.pid} ${hostname()} ${randomUUID()}`;
  while (!(await tryLock(lockPath, content))) {
    if (await isStale(lockPath)) {
      await rm(lockPath, { force: true });
      continue;
    }
    options.onWait?.();
    await sleep(pollMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(lockPath, now, now).catch(() => {});
  }, refreshMs);
  refresh.unref();
  try {
    return await action();
  } finally {
    clearInterval(refresh);
    const held = await readFile(lockPath, 'utf8').catch(() => null);
    if (held === content) await rm(lockPath, { force: true });
  }
};
