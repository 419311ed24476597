/**
 * The thread that moves what was written from the write-ahead log into the database file, beside the one that books: it
 * waits for the disk instead of requests. Where it cannot keep up, the other does it itself, at a larger log.
 */
import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';

const everyMs = 200;
/** A log smaller than this is left as it is. */
const smallestBytes = 4 * 2 ** 20;

const port = parentPort!;
const { path } = workerData as { readonly path: string };
let db: Database.Database | null = null;

const logBytes = (): number => {
  try {
    return statSync(`${path}-wal`).size;
  } catch {
    return 0;
  }
};

const checkpoint = (): void => {
  if (logBytes() < smallestBytes) return;
  try {
    db ??= new Database(path);
    db.pragma('wal_checkpoint(PASSIVE)');
  } catch {
    // Whoever books meets the same and says so.
    db?.close();
    db = null;
  }
};

const timer = setInterval(checkpoint, everyMs);
port.once('message', () => {
  clearInterval(timer);
  db?.close();
  port.close();
});
