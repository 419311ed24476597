/**
 * The models that are here: the one that ships with Spillway, and those that were pulled. Names to files.
 *
 * Files under the data folder are the registry; there is no index to fall out of step. Knows nothing of the hub.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readGgufHeader } from './gguf-reader.js';
import { ModelError } from './model-error.js';

export interface LocalModel {
  /** What requests call it. */
  readonly name: string;
  readonly path: string;
  readonly fileBytes: number;
  readonly origin: 'embedded' | 'pulled' | 'file';
  /** `org/repo` on the hub, for pulled ones. */
  readonly repository?: string;
  readonly modifiedMs: number;
}

/** Beside each pulled file: where it came from. */
export interface PullRecord {
  readonly repository: string;
  readonly file: string;
  readonly revision: string;
  readonly sha256: string | null;
  readonly bytes: number;
}

export const pullRecordSuffix = '.spillway.json';

/** `SPILLWAY_HOME`, or the platform's cache folder. */
export const dataFolder = (): string => {
  if (process.env.SPILLWAY_HOME !== undefined && process.env.SPILLWAY_HOME !== '')
    return resolve(process.env.SPILLWAY_HOME);
  if (process.platform === 'win32')
    return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'spillway');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'spillway');
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'spillway');
};

export const modelsFolder = (): string => join(dataFolder(), 'models');

/** models/pocket/pocket.gguf of the package, found from here upwards. */
export const embeddedModelPath = (): string | null => {
  for (const up of ['../../..', '../..']) {
    const path = fileURLToPath(new URL(`${up}/models/pocket/pocket.gguf`, import.meta.url));
    if (existsSync(path)) return path;
  }
  return null;
};

/** "Qwen2.5-0.5B-Instruct-Q4_K_M-00001-of-00002.gguf" -> "qwen2.5-0.5b-instruct-q4_k_m" */
export const modelNameOf = (path: string): string =>
  basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-00001-of-\d{5}$/, '')
    .toLowerCase();

const filesUnder = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    const isLaterShard = /-\d{5}-of-\d{5}\.gguf$/.test(entry.name) && !/-00001-of-\d{5}\.gguf$/.test(entry.name);
    return entry.name.endsWith('.gguf') && !isLaterShard ? [path] : [];
  });
};

const describe = (path: string, origin: LocalModel['origin'], name: string, repository?: string): LocalModel => {
  const { size, mtimeMs } = statSync(path);
  return {
    name,
    path,
    fileBytes: size,
    origin,
    modifiedMs: mtimeMs,
    ...(repository === undefined ? {} : { repository }),
  };
};

const readRecord = (path: string): PullRecord | null => {
  try {
    return JSON.parse(readFileSync(path + pullRecordSuffix, 'utf8')) as PullRecord;
  } catch {
    return null;
  }
};

/** All of them, the embedded one first. */
export const listModels = (): LocalModel[] => {
  const embedded = embeddedModelPath();
  const pulled = filesUnder(modelsFolder())
    .sort()
    .map((path) => describe(path, 'pulled', modelNameOf(path), readRecord(path)?.repository));
  return [...(embedded === null ? [] : [describe(embedded, 'embedded', 'pocket')]), ...pulled];
};

/**
 * Finds a model by path (ends in .gguf or names an existing file), by name, or by `org/repo[:quant]`.
 * Throws ModelError `not-found` (naming what there is) or `ambiguous`.
 */
export const findModel = (nameOrPath: string): LocalModel => {
  if (/\.gguf$/i.test(nameOrPath) || (existsSync(nameOrPath) && statSync(nameOrPath).isFile())) {
    const path = resolve(nameOrPath);
    readGgufHeader(path);
    return describe(path, 'file', modelNameOf(path));
  }
  const models = listModels();
  const wanted = nameOrPath.toLowerCase();
  const exact = models.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const [repository, quant] = wanted.split(':');
  const matching = models.filter(
    (model) => model.repository?.toLowerCase() === repository && (quant === undefined || model.name.includes(quant)),
  );
  if (matching.length === 1) return matching[0]!;
  if (matching.length > 1)
    throw new ModelError(
      'ambiguous',
      `Cannot tell which model "${nameOrPath}" is: ${matching.map(({ name }) => name).join(', ')}.`,
    );
  throw new ModelError(
    'not-found',
    `No model "${nameOrPath}" is here; there are: ${models.map(({ name }) => name).join(', ') || 'none'}. Get one with \`spillway pull <hugging-face-repo>[:quant]\` or give the path of a .gguf file.`,
  );
};
