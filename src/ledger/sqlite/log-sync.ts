/**
 * Brings SQLite's write-ahead log to the disk without holding up who writes to it: one sync runs at a time, and whatever
 * was committed while it ran waits together for the next one.
 */
import { close, fdatasync, openSync } from 'node:fs';

export interface LogSync {
  /** Resolves once everything that was written before this call is on the disk. */
  sync(): Promise<void>;
  /** After what runs. */
  close(): Promise<void>;
}

/** `path` of the database: SQLite keeps one file of its log as long as a connection is open. */
export const createLogSync = (path: string): LogSync => {
  let file: number | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const start = (): Promise<void> => {
    const done = new Promise<void>((resolve, reject) => {
      try {
        file ??= openSync(`${path}-wal`, 'r+');
      } catch (error) {
        reject(error);
        return;
      }
      fdatasync(file, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
    running = done;
    const forget = (): void => {
      running = null;
    };
    done.then(forget, forget);
    return done;
  };

  return {
    sync() {
      if (running === null) return start();
      // The one that runs may have begun before the last commit.
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = null;
          return start();
        });
      return next;
    },
    async close() {
      await (next ?? running)?.catch(() => undefined);
      if (file !== null) close(file);
      file = null;
    },
  };
};
