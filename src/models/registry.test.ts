/** Names to files: every file that is here is listed, under a name of its own, and found by it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelError } from './model-error.js';
import { dataFolder, embeddedModelPath, findModel, listModels, modelNameOf, modelsFolder } from './registry.js';
import { sparseHeader } from './sparse-gguf.test-support.js';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'spillway-registry-'));
  vi.stubEnv('SPILLWAY_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const gguf = sparseHeader({ metadata: { 'general.architecture': 'llama' }, tensors: [] }).bytes;

const put = (path: string, content: Buffer | string = gguf): string => {
  const full = join(home, 'models', path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
};

/** A pulled file with its record. */
const pulled = (repository: string, file: string, content?: Buffer | string): string => {
  const path = put(`${repository}/${file}`, content);
  put(
    `${repository}/${file}.spillway.json`,
    JSON.stringify({ repository, file, revision: 'main', sha256: null, bytes: 1 }),
  );
  return path;
};

const names = (): string[] =>
  listModels()
    .filter(({ origin }) => origin === 'pulled')
    .map(({ name }) => name);

const refusal = (wanted: string): ModelError => {
  try {
    findModel(wanted);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
};

describe('folders', () => {
  it('follow SPILLWAY_HOME, then the platform, and never a relative path', () => {
    expect(modelsFolder()).toBe(join(home, 'models'));
    vi.stubEnv('SPILLWAY_HOME', '');
    for (const relativePath of ['', 'cache']) {
      vi.stubEnv('XDG_CACHE_HOME', relativePath);
      vi.stubEnv('LOCALAPPDATA', relativePath);
      expect(dataFolder()).toMatch(/^(\/|[A-Z]:).*spillway$/);
    }
    if (process.platform !== 'linux') return;
    vi.stubEnv('XDG_CACHE_HOME', '/var/cache/me');
    expect(dataFolder()).toBe('/var/cache/me/spillway');
  });
});

describe('embeddedModelPath', () => {
  it.each([
    'dist/src/models/registry.js',
    'src/models/registry.ts',
    'node_modules/spillway/dist/src/models/registry.js',
  ])('finds the model of the package that %s is in', (module) => {
    const root = module.startsWith('node_modules') ? join(home, 'node_modules', 'spillway') : home;
    const model = join(root, 'models', 'pocket', 'pocket.gguf');
    mkdirSync(dirname(model), { recursive: true });
    writeFileSync(model, gguf);
    expect(embeddedModelPath(pathToFileURL(join(home, module)).href)).toBe(model);
  });

  it('is null where the package has none', () => {
    expect(embeddedModelPath(pathToFileURL(join(home, 'dist/src/models/registry.js')).href)).toBeNull();
  });
});

describe('listModels', () => {
  it('is empty without a folder', () => {
    expect(names()).toStrictEqual([]);
  });

  it('names files after themselves, with where they are from', () => {
    const path = pulled('org/Repo-GGUF', 'Model-Q4_K_M.gguf');
    expect(listModels().filter(({ origin }) => origin === 'pulled')).toStrictEqual([
      {
        name: 'model-q4_k_m',
        path,
        fileBytes: gguf.length,
        origin: 'pulled',
        repository: 'org/Repo-GGUF',
        modifiedMs: expect.any(Number),
      },
    ]);
  });

  it('gives files of one name the names of their folders too, and leaves the others alone', () => {
    pulled('alice/Repo', 'model-Q4_0.gguf');
    pulled('bob/Repo', 'model-Q4_0.gguf');
    pulled('bob/Repo', 'Q8_0/model-Q4_0.gguf');
    pulled('bob/Repo', 'other.gguf');
    expect(names()).toStrictEqual([
      'alice/repo/model-q4_0',
      'bob/repo/q8_0/model-q4_0',
      'bob/repo/model-q4_0',
      'other',
    ]);
  });

  it('lists a sharded model once, with the size of all shards', () => {
    const first = pulled('org/repo', 'big-00001-of-00003.gguf', Buffer.alloc(10));
    pulled('org/repo', 'big-00002-of-00003.gguf', Buffer.alloc(20));
    pulled('org/repo', 'big-00003-of-00003.gguf', Buffer.alloc(30));
    expect(listModels().find(({ name }) => name === 'big')).toMatchObject({ path: first, fileBytes: 60 });
    expect(names()).toStrictEqual(['big']);
  });

  it('lists damaged files and lone shards, and passes over parts, records and broken links', () => {
    put('damaged.gguf', 'not a model');
    put('lone-00002-of-00003.gguf');
    put('half.gguf.0123456789ab.part');
    put('half.gguf.lock');
    put('broken.gguf.spillway.json', '{');
    put('broken.gguf');
    symlinkSync(join(home, 'nowhere.gguf'), join(home, 'models', 'link.gguf'));
    expect(names()).toStrictEqual(['broken', 'damaged', 'lone']);
  });

  it('follows links to files and folders, and not in circles', () => {
    put('real/model.gguf');
    const outside = mkdtempSync(join(tmpdir(), 'spillway-outside-'));
    writeFileSync(join(outside, 'far.gguf'), gguf);
    symlinkSync(outside, join(home, 'models', 'linked'));
    symlinkSync(join(home, 'models'), join(home, 'models', 'real', 'circle'));
    expect(names()).toStrictEqual(['far', 'model']);
    rmSync(outside, { recursive: true });
  });

  it('never lists two models under one name, and finds each by its own', () => {
    const segment = fc.constantFrom('a', 'B', 'b', 'Q4_0', 'pocket', 'x-00001-of-00002', 'x-00002-of-00002', 'x');
    const files = fc.array(fc.tuple(segment, segment, segment), { maxLength: 8 });
    fc.assert(
      fc.property(files, (paths) => {
        rmSync(join(home, 'models'), { recursive: true, force: true });
        for (const parts of paths) put(`${parts.slice(0, 2).join('/')}/${parts[2]}.gguf`);
        const listed = listModels();
        expect(new Set(listed.map(({ name }) => name)).size).toBe(listed.length);
        for (const model of listed) expect(findModel(model.name).path).toBe(model.path);
      }),
      { numRuns: 30 },
    );
  });
});

describe('findModel', () => {
  it('finds a file by its path, wherever it is', () => {
    const path = join(home, 'My Model.GGUF');
    writeFileSync(path, gguf);
    expect(findModel(path)).toMatchObject({ name: 'my model', path, origin: 'file', fileBytes: gguf.length });
    const bare = join(home, 'blob');
    writeFileSync(bare, gguf);
    expect(findModel(bare)).toMatchObject({ name: 'blob', path: bare });
  });

  it('reads the header of a file given by path, and says what is wrong with it', () => {
    const path = join(home, 'page.gguf');
    writeFileSync(path, '<html>');
    expect(refusal(path).code).toBe('not-gguf');
    expect(refusal(join(home, 'none.gguf')).message).toMatch(/Cannot open .*none\.gguf: there is no such file/);
  });

  it('finds a pulled model by name in any case, with or without its ending', () => {
    const path = pulled('org/repo', 'Model-Q4_0.gguf');
    for (const wanted of [
      'model-q4_0',
      'MODEL-Q4_0',
      'Model-Q4_0.gguf',
      'org/repo',
      'Org/Repo:q4_0',
      'org/repo:Model-Q4_0.gguf',
    ])
      expect(findModel(wanted).path).toBe(path);
  });

  it('asks which of two files of one name is meant', () => {
    const alice = pulled('alice/repo', 'model-Q4_0.gguf');
    pulled('bob/repo', 'model-Q4_0.gguf');
    const error = refusal('model-q4_0');
    expect(error.code).toBe('ambiguous');
    expect(error.message).toMatch(/use one of these names: alice\/repo\/model-q4_0, bob\/repo\/model-q4_0/);
    expect(findModel('alice/repo/model-q4_0').path).toBe(alice);
    expect(findModel('alice/repo:Q4_0').path).toBe(alice);
    expect(findModel('alice/repo').path).toBe(alice);
  });

  it('tells quantizations of one repository apart', () => {
    const medium = pulled('org/repo', 'm-Q4_K_M.gguf');
    const small = pulled('org/repo', 'm-Q4_K_S.gguf');
    expect(findModel('org/repo:q4_k_s').path).toBe(small);
    expect(findModel('org/repo:Q4_K_M').path).toBe(medium);
    expect(refusal('org/repo:Q4_K').code).toBe('ambiguous');
    expect(refusal('org/repo').code).toBe('ambiguous');
    expect(refusal('org/repo:Q8_0').code).toBe('not-found');
  });

  it('says what there is and how to get more', () => {
    pulled('org/repo', 'm-Q4_K_M.gguf');
    expect(refusal('nothing').message).toMatch(
      /No model "nothing" is here; there are: (pocket, )?m-q4_k_m\. Get one with/,
    );
  });
});

describe('modelNameOf', () => {
  it('drops folders, ending and shard number', () => {
    expect(modelNameOf('/a/Qwen2.5-0.5B-Instruct-Q4_K_M-00001-of-00002.gguf')).toBe('qwen2.5-0.5b-instruct-q4_k_m');
  });
});
