/**
 * The models that are here: the one that ships with Spillway, and those that were pulled. Names to files.
 *
 * Files under the data folder are the registry; there is no index to fall out of step, and a damaged file is listed like
 * any other. Knows nothing of the hub.
 */
import { type Dirent, existsSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readGgufHeader } from './gguf-reader.js';
import { ModelError } from './model-error.js';
import { labelMatch, modelStem, quantLabel } from './quant-label.js';

export interface LocalModel {
  /** What requests call it; no two models that are listed share one. */
  readonly name: string;
  /** The first shard where there are several. */
  readonly path: string;
  /** Over all shards. */
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

/** null where the text is no record. */
export const parsePullRecord = (text: string): PullRecord | null => {
  try {
    const value = JSON.parse(text) as Partial<PullRecord> | null;
    if (typeof value?.repository !== 'string' || typeof value.file !== 'string') return null;
    return {
      repository: value.repository,
      file: value.file,
      revision: typeof value.revision === 'string' ? value.revision : 'main',
      sha256: typeof value.sha256 === 'string' ? value.sha256 : null,
      bytes: typeof value.bytes === 'number' ? value.bytes : 0,
    };
  } catch {
    return null;
  }
};

/** An environment variable that holds an absolute path, or null; a relative cache folder would depend on where one is. */
const folderVariable = (name: string): string | null => {
  const value = process.env[name];
  return value !== undefined && isAbsolute(value) ? value : null;
};

/** `SPILLWAY_HOME`, or a folder of ours in the platform's cache folder. */
export const dataFolder = (): string => {
  const own = process.env.SPILLWAY_HOME;
  if (own !== undefined && own !== '') return resolve(own);
  if (process.platform === 'win32')
    return join(folderVariable('LOCALAPPDATA') ?? join(homedir(), 'AppData', 'Local'), 'spillway');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'spillway');
  return join(folderVariable('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'spillway');
};

export const modelsFolder = (): string => join(dataFolder(), 'models');

/** models/pocket/pocket.gguf of the package that `from` (a file URL inside it) belongs to, or null. */
export const embeddedModelPath = (from: string = import.meta.url): string | null => {
  // Compiled files lie three folders deep in the package, sources two.
  for (const up of ['../../..', '../..']) {
    const path = fileURLToPath(new URL(`${up}/models/pocket/pocket.gguf`, from));
    if (existsSync(path)) return path;
  }
  return null;
};

/** "Qwen2.5-0.5B-Instruct-Q4_K_M-00001-of-00002.gguf" -> "qwen2.5-0.5b-instruct-q4_k_m" */
export const modelNameOf = (path: string): string => modelStem(basename(path)).toLowerCase();

const shardPattern = /-(\d{5})-of-(\d{5})\.gguf$/i;

const attempt = <T>(action: () => T): T | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

interface FoundFile {
  readonly path: string;
  readonly stat: Stats;
}

/** All .gguf files below a folder; links are followed, each folder once. What cannot be read is passed over. */
const filesUnder = (folder: string, seen = new Set<string>()): FoundFile[] => {
  const real = attempt(() => realpathSync(folder));
  if (real === null || seen.has(real)) return [];
  seen.add(real);
  const entries: Dirent[] = attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    const stat = attempt(() => statSync(path));
    if (stat?.isDirectory() === true) return filesUnder(path, seen);
    return stat?.isFile() === true && /\.gguf$/i.test(entry.name) ? [{ path, stat }] : [];
  });
};

/** One entry per model: the lowest shard that is there stands for all of its set. */
const joinShards = (files: readonly FoundFile[]): { path: string; fileBytes: number; modifiedMs: number }[] => {
  const sets = new Map<string, FoundFile[]>();
  for (const file of files) {
    const shards = shardPattern.exec(file.path)?.[2] ?? '';
    const key = `${shards}/${modelStem(file.path)}`;
    sets.set(key, [...(sets.get(key) ?? []), file]);
  }
  return [...sets.values()].map((members) => {
    const ordered = members.sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      path: ordered[0]!.path,
      fileBytes: ordered.reduce((sum, { stat }) => sum + stat.size, 0),
      modifiedMs: Math.max(...ordered.map(({ stat }) => stat.mtimeMs)),
    };
  });
};

type Unnamed = Omit<LocalModel, 'name'>;

/** File names where they are unique, else with the folders that tell them apart: "org/repo/name". */
const giveNames = (models: readonly Unnamed[], folder: string, taken: readonly string[]): LocalModel[] => {
  const uses = new Map(taken.map((name) => [name, 1]));
  for (const { path } of models) uses.set(modelNameOf(path), (uses.get(modelNameOf(path)) ?? 0) + 1);
  const given = new Set(taken);
  return models.map((model) => {
    const short = modelNameOf(model.path);
    const long = modelStem(relative(folder, model.path)).split(sep).join('/').toLowerCase();
    const base = (uses.get(short) ?? 0) === 1 ? short : long;
    // Names that differ in case or in their number of shards only.
    let name = base;
    for (let number = 2; given.has(name); number++) name = `${base}-${number}`;
    given.add(name);
    return { name, ...model };
  });
};

const embeddedModel = (): LocalModel[] => {
  const path = embeddedModelPath();
  const stat = path === null ? null : attempt(() => statSync(path));
  if (path === null || stat === null) return [];
  return [{ name: 'pocket', path, fileBytes: stat.size, origin: 'embedded', modifiedMs: stat.mtimeMs }];
};

/** All of them, the embedded one first, the others by path; each name once. */
export const listModels = (folder: string = modelsFolder()): LocalModel[] => {
  const embedded = embeddedModel();
  const pulled = joinShards(filesUnder(folder))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((found): Unnamed => {
      const record = parsePullRecord(attempt(() => readFileSync(found.path + pullRecordSuffix, 'utf8')) ?? '');
      return { ...found, origin: 'pulled', ...(record === null ? {} : { repository: record.repository }) };
    });
  return [
    ...embedded,
    ...giveNames(
      pulled,
      folder,
      embedded.map(({ name }) => name),
    ),
  ];
};

const fileModel = (given: string): LocalModel => {
  const path = resolve(given);
  const header = readGgufHeader(path);
  return {
    name: modelNameOf(path),
    path,
    fileBytes: header.fileBytes,
    origin: 'file',
    modifiedMs: statSync(path).mtimeMs,
  };
};

/** `org/repo[:quant]` among the models; the ones whose quantization fits best. */
const byRepository = (models: readonly LocalModel[], wanted: string): LocalModel[] => {
  const [repository, wish] = wanted.split(':');
  const here = models.filter((model) => model.repository?.toLowerCase() === repository);
  if (wish === undefined) return here;
  const byFile = here.filter(({ path }) => basename(path).toLowerCase() === wish || modelNameOf(path) === wish);
  if (byFile.length > 0) return byFile;
  const ranks = here.map((model) => ({ model, rank: labelMatch(quantLabel(model.path.split(sep).join('/')), wish) }));
  const exact = ranks.filter(({ rank }) => rank === 0);
  return (exact.length > 0 ? exact : ranks.filter(({ rank }) => rank === 1)).map(({ model }) => model);
};

/**
 * Finds a model by path (ends in .gguf or names an existing file), by name, or by `org/repo[:quant]`.
 * Throws ModelError `not-found` (naming what there is), `ambiguous`, or what reading the file's header throws.
 */
export const findModel = (nameOrPath: string, folder: string = modelsFolder()): LocalModel => {
  const isPath = /\.gguf$/i.test(nameOrPath);
  if (isPath && existsSync(nameOrPath)) return fileModel(nameOrPath);
  const models = listModels(folder);
  const wanted = nameOrPath.toLowerCase();
  const named = models.find(({ name }) => name === wanted || (isPath && `${name}.gguf` === wanted));
  if (named !== undefined) return named;
  const sameFile = models.filter(({ path }) => modelNameOf(path) === modelStem(wanted));
  const matching = sameFile.length > 0 ? sameFile : byRepository(models, wanted);
  if (matching.length === 1) return matching[0]!;
  if (matching.length > 1)
    throw new ModelError(
      'ambiguous',
      `Cannot tell which model "${nameOrPath}" is; use one of these names: ${matching.map(({ name }) => name).join(', ')}.`,
    );
  if (attempt(() => statSync(nameOrPath).isFile()) === true) return fileModel(nameOrPath);
  if (isPath && dirname(nameOrPath) !== '.')
    throw new ModelError('not-found', `Cannot open ${nameOrPath}: there is no such file.`);
  throw new ModelError(
    'not-found',
    `No model "${nameOrPath}" is here; there are: ${models.map(({ name }) => name).join(', ') || 'none'}. Get one with \`spillway pull <hugging-face-repo>[:quant]\` or give the path of a .gguf file.`,
  );
};
