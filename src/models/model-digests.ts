/**
 * The SHA-256 of model files, worked out once for each file and remembered beside the models.
 *
 * A file counts as the same while its device, number, size and times are. Several processes may share the memory: the
 * last one to write wins, and what got lost is worked out again.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface ModelDigests {
  /**
   * `sha256:` and lower-case hex over the bytes of these files (the shards of one model, in order); null while that is
   * being worked out, which the first call begins, and where a file cannot be read. `load` counts how often the model was
   * loaded: after another time, the files are looked at anew.
   */
  of(paths: readonly string[], load: number): string | null;
}

interface Remembered {
  readonly identity: string;
  readonly sha256: string;
}

const attempt = <T>(action: () => T): T | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

/** Null where a file is not there. Writing to a file changes its second time whatever is done to the first. */
const identityOf = (paths: readonly string[]): string | null =>
  attempt(() =>
    paths
      .map((path) => {
        const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
        return [dev, ino, size, mtimeNs, ctimeNs].join(':');
      })
      .join(' '),
  );

const readMemory = (path: string): Record<string, Remembered> => {
  const memory: unknown = attempt(() => JSON.parse(readFileSync(path, 'utf8')));
  return typeof memory === 'object' && memory !== null ? (memory as Record<string, Remembered>) : {};
};

/** Where it cannot be written, the next process works it out again. */
const remember = (path: string, name: string, entry: Remembered): void => {
  attempt(() => {
    const memory = { ...readMemory(path), [name]: entry };
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(memory, null, 1)}\n`);
    renameSync(draft, path);
  });
};

/** In a thread that does not keep the process alive; null where a file cannot be read to its end. */
const workOut = (paths: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const worker = new Worker(new URL('./digest-worker.js', import.meta.url), { workerData: { paths } });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', () => resolve(null));
  });

/** `memoryPath`: a JSON file, made when there is something to remember. */
export const createModelDigests = (options: { readonly memoryPath: string }): ModelDigests => {
  const { memoryPath } = options;
  const known = new Map<string, { readonly load: number; digest: string | null }>();

  const learn = async (paths: readonly string[], entry: { digest: string | null }): Promise<void> => {
    const name = paths[0]!;
    const identity = identityOf(paths);
    if (identity === null) return;
    const before = readMemory(memoryPath)[name];
    if (before?.identity === identity && /^[0-9a-f]{64}$/.test(before.sha256)) {
      entry.digest = `sha256:${before.sha256}`;
      return;
    }
    const sha256 = await workOut(paths);
    // Files that changed under the reading have a digest that nobody loaded.
    if (sha256 === null || identityOf(paths) !== identity) return;
    entry.digest = `sha256:${sha256}`;
    remember(memoryPath, name, { identity, sha256 });
  };

  return {
    of(paths, load) {
      const name = paths[0];
      if (name === undefined) return null;
      let entry = known.get(name);
      if (entry === undefined || entry.load !== load) {
        entry = { load, digest: null };
        known.set(name, entry);
        void learn(paths, entry);
      }
      return entry.digest;
    },
  };
};
