/** The digest that receipts name a model by: of its very bytes, worked out once, and never of bytes that are there no more. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createModelDigests, type ModelDigests } from './model-digests.js';

let folder = '';
let memoryPath = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-digests-'));
  memoryPath = join(folder, 'data', 'digests.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (...bytes: readonly Buffer[]): string =>
  `sha256:${createHash('sha256').update(Buffer.concat(bytes)).digest('hex')}`;
const known = async (digests: ModelDigests, paths: readonly string[], load = 0): Promise<string> => {
  for (;;) {
    const digest = digests.of(paths, load);
    if (digest !== null) return digest;
    await wait(5);
  }
};
const write = (name: string, bytes: Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

describe('createModelDigests', () => {
  it('is that of all bytes, of one file or of shards one after the other', async () => {
    // Larger than what is read at once.
    const large = Buffer.alloc(9 * 2 ** 20 + 17, 'weights');
    const small = Buffer.from('the rest');
    const digests = createModelDigests({ memoryPath });
    const paths = [write('a-00001-of-00002.gguf', large), write('a-00002-of-00002.gguf', small)];
    expect(digests.of(paths, 0)).toBeNull();
    expect(await known(digests, paths)).toBe(sha256(large, small));
    const one = write('b.gguf', small);
    expect(await known(digests, [one])).toBe(sha256(small));
  });

  it('is known at once to the next process, as long as the file is the same', async () => {
    const path = write('a.gguf', Buffer.from('weights'));
    const digest = await known(createModelDigests({ memoryPath }), [path]);
    expect(createModelDigests({ memoryPath }).of([path], 0)).toBe(digest);
    // The same length and the same time, other bytes.
    const times = new Date('2026-01-01T00:00:00Z');
    utimesSync(path, times, times);
    await known(createModelDigests({ memoryPath }), [path]);
    writeFileSync(path, 'weighty');
    utimesSync(path, times, times);
    const digests = createModelDigests({ memoryPath });
    expect(digests.of([path], 0)).toBeNull();
    expect(await known(digests, [path])).toBe(sha256(Buffer.from('weighty')));
  });

  it('looks again when the model was loaded again', async () => {
    const path = write('a.gguf', Buffer.from('weights'));
    const digests = createModelDigests({ memoryPath });
    const first = await known(digests, [path], 0);
    appendFileSync(path, ' and more');
    expect(digests.of([path], 0)).toBe(first);
    expect(await known(digests, [path], 1)).toBe(sha256(readFileSync(path)));
  });

  it('does without a memory that is damaged or cannot be written', async () => {
    const path = write('a.gguf', Buffer.from('weights'));
    write('data', Buffer.from('a file where the folder should be'));
    expect(await known(createModelDigests({ memoryPath }), [path])).toBe(sha256(Buffer.from('weights')));
    const damaged = write('digests.json', Buffer.from('{"half'));
    expect(await known(createModelDigests({ memoryPath: damaged }), [path])).toBe(sha256(Buffer.from('weights')));
    expect(createModelDigests({ memoryPath: damaged }).of([path], 0)).not.toBeNull();
  });

  it('stays unknown for a file that is not there', async () => {
    const digests = createModelDigests({ memoryPath });
    expect(digests.of([join(folder, 'none.gguf')], 0)).toBeNull();
    await wait(20);
    expect(digests.of([join(folder, 'none.gguf')], 0)).toBeNull();
    expect(digests.of([], 0)).toBeNull();
  });
});
