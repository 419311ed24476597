/** A thread that reads files from end to end for their SHA-256, so that reading gigabytes holds up no request. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const chunkBytes = 4 * 2 ** 20;

const { paths } = workerData as { readonly paths: readonly string[] };
const hash = createHash('sha256');
const chunk = Buffer.allocUnsafe(chunkBytes);
for (const path of paths) {
  const file = openSync(path, 'r');
  try {
    for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk))
      hash.update(chunk.subarray(0, bytes));
  } finally {
    closeSync(file);
  }
}
parentPort!.postMessage(hash.digest('hex'));
