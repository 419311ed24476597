/** Damaged, hostile and sharded files: each is refused by name, or read for what it is. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GgufMetadataValue, metadataPerLayer, readGgufHeader } from './gguf-reader.js';
import { ModelError, type ModelErrorCode } from './model-error.js';
import { type SparseModel, type SparseOptions, sparseHeader, writeSparseGguf } from './sparse-gguf.test-support.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-reader-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sample: SparseModel = {
  metadata: { 'general.architecture': 'llama', 'llama.block_count': 2, 'tokenizer.ggml.tokens': ['a', 'b', 'ç'] },
  tensors: [
    { name: 'one', type: 'F32', shape: [4, 2] },
    { name: 'two', type: 'Q8_0', shape: [32] },
  ],
};

const write = (name: string, model: Partial<SparseModel> = {}, options: SparseOptions = {}): string => {
  const path = join(folder, name);
  writeSparseGguf(path, { ...sample, ...model }, options);
  return path;
};

/** Writes the sample with some bytes of its header changed. */
const patched = (name: string, patch: (header: Buffer) => Buffer): string => {
  const path = write(name);
  writeFileSync(path, Buffer.concat([patch(sparseHeader(sample).bytes), Buffer.alloc(256)]));
  return path;
};

const expectError = (path: string, code: ModelErrorCode, message: RegExp): void => {
  let thrown: unknown;
  try {
    readGgufHeader(path);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ModelError);
  expect((thrown as ModelError).message).toMatch(message);
  expect((thrown as ModelError).code).toBe(code);
};

describe('readGgufHeader', () => {
  it('reads metadata, tensors, sizes and parameters', () => {
    const path = write('whole.gguf');
    expect(readGgufHeader(path)).toMatchObject({
      path,
      shardPaths: [path],
      version: 3,
      parameterCount: 40,
      tensors: [
        { name: 'one', type: 'F32', shape: [4, 2], bytes: 32 },
        { name: 'two', type: 'Q8_0', shape: [32], bytes: 34 },
      ],
    });
    expect(readGgufHeader(path).metadata.get('tokenizer.ggml.tokens')).toStrictEqual({
      itemType: 'string',
      length: 3,
      first: ['a', 'b', 'ç'],
    });
  });

  it('reads version 2 and other alignments', () => {
    expect(readGgufHeader(write('v2.gguf', {}, { version: 2 })).version).toBe(2);
    const metadata = { ...sample.metadata, 'general.alignment': 64 };
    expect(readGgufHeader(write('aligned.gguf', { metadata }, { alignment: 64 })).tensors).toHaveLength(2);
  });

  it('keeps an item for each of 512 layers and the length of longer lists', () => {
    const metadata = { counts: Array.from({ length: 600 }, (_, index) => index) };
    const value = readGgufHeader(write('layers.gguf', { metadata })).metadata.get('counts');
    expect(value).toMatchObject({ length: 600 });
    expect(typeof value === 'object' ? value.first.at(-1) : null).toBe(511);
  });

  it('reads a vocabulary larger than its read-ahead block', () => {
    const tokens = Array.from({ length: 30_000 }, (_, index) => `token-${index}`.padEnd(60, 'x'));
    const metadata = { 'tokenizer.ggml.tokens': tokens, after: 'still here' };
    const header = readGgufHeader(write('large.gguf', { metadata }));
    expect(header.metadata.get('tokenizer.ggml.tokens')).toMatchObject({ length: 30_000 });
    expect(header.metadata.get('after')).toBe('still here');
  });

  it('refuses a file whose data is cut, and says what is missing', () => {
    expectError(write('cut.gguf', {}, { cutBytes: 40 }), 'truncated', /tensor two ends at \d+, the file at \d+/);
  });

  it('names the file when a nested array, an unknown type or a text without end is in it', () => {
    const arrays = patched('nested.gguf', (header) => {
      const at = header.indexOf('tokenizer.ggml.tokens') + 'tokenizer.ggml.tokens'.length;
      header.writeUInt32LE(9, at + 4);
      return header;
    });
    expectError(arrays, 'malformed', /nested\.gguf: metadata tokenizer\.ggml\.tokens is an array of arrays/);
    const unknown = patched('unknown.gguf', (header) => {
      header.writeUInt32LE(77, header.indexOf('llama.block_count') + 'llama.block_count'.length);
      return header;
    });
    expectError(unknown, 'malformed', /metadata llama\.block_count has the unknown value type 77/);
    const endless = patched('endless.gguf', (header) => {
      header.writeBigUInt64LE(1n << 62n, header.indexOf('general.architecture') - 8);
      return header;
    });
    expectError(endless, 'truncated', /a metadata key needs 4611686018427388000 bytes/);
  });

  it('refuses what appears twice', () => {
    const twice = { ...sample, tensors: [sample.tensors[0]!, sample.tensors[0]!] };
    expectError(write('tensors-twice.gguf', twice), 'malformed', /tensor one is there twice/);
    const keys = patched('keys-twice.gguf', (header) => {
      // One key renamed to a shorter one is renamed to another one of its own length instead.
      const other = Buffer.from('general.architecture');
      const at = header.indexOf('llama.block_count');
      return Buffer.concat([
        header.subarray(0, at - 8),
        Buffer.from([20, 0, 0, 0, 0, 0, 0, 0]),
        other,
        header.subarray(at + 17),
      ]);
    });
    expectError(keys, 'malformed', /metadata general\.architecture is there twice/);
  });

  it('refuses shapes, offsets and alignments that cannot be', () => {
    const dimension = (value: bigint) => (header: Buffer) => {
      header.writeBigUInt64LE(value, header.indexOf('one') + 3 + 4);
      return header;
    };
    expectError(patched('absurd.gguf', dimension(1n << 61n)), 'malformed', /tensor one has the absurd shape/);
    const rows = patched('rows.gguf', (header) => {
      header.writeBigUInt64LE(33n, header.indexOf('two') + 3 + 4);
      return header;
    });
    expectError(rows, 'malformed', /tensor two has rows of 33 values, Q8_0 needs a multiple of 32/);
    const offset = patched('offset.gguf', (header) => {
      header.writeBigUInt64LE(64n, header.indexOf('two') + 3 + 4 + 8 + 4);
      return header;
    });
    expectError(offset, 'malformed', /tensor two has offset 64, expected 32/);
    const alignment = write('alignment.gguf', { metadata: { 'general.alignment': 24 } });
    expectError(alignment, 'malformed', /general\.alignment is 24, it must be a power of 2/);
  });

  it('reads a tensor type that it does not know as having no known size', () => {
    const path = patched('newer.gguf', (header) => {
      header.writeUInt32LE(999, header.indexOf('one') + 3 + 4 + 16);
      return header;
    });
    expect(readGgufHeader(path).tensors[0]).toStrictEqual({ name: 'one', type: null, shape: [4, 2], bytes: 0 });
  });

  it('tells a big-endian file and an old version from damage', () => {
    expectError(write('big.gguf', {}, { version: 0x03000000 }), 'malformed', /big-endian/);
    expectError(write('old.gguf', {}, { version: 1 }), 'malformed', /GGUF version 1, versions 2 and 3/);
  });

  it('says what is no GGUF file at all', () => {
    const text = join(folder, 'page.gguf');
    writeFileSync(text, '<html>');
    expectError(text, 'not-gguf', /does not begin with "GGUF"/);
    const empty = join(folder, 'empty.gguf');
    writeFileSync(empty, '');
    expectError(empty, 'not-gguf', /not a GGUF file/);
    expectError(folder, 'not-gguf', /not a file/);
    expectError(join(folder, 'missing.gguf'), 'not-found', /Cannot open .*missing\.gguf/);
    expectError(join(text, 'inside.gguf'), 'not-found', /Cannot open/);
  });

  it.skipIf(process.platform === 'win32')('does not wait for a named pipe', () => {
    const pipe = join(folder, 'pipe.gguf');
    execFileSync('mkfifo', [pipe]);
    expectError(pipe, 'not-gguf', /not a file/);
  });

  it('survives any damage with a header or a ModelError', () => {
    const { bytes } = sparseHeader(sample);
    const path = join(folder, 'fuzz.gguf');
    const edit = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.nat(300), (edits, extra) => {
        const damaged = Buffer.from(bytes);
        for (const { at, value } of edits) damaged[at] = value;
        writeFileSync(path, Buffer.concat([damaged, Buffer.alloc(extra)]));
        try {
          readGgufHeader(path);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('readGgufHeader of shards', () => {
  const writeShards = (prefix: string, count = 3): string[] =>
    Array.from({ length: count }, (_, index) => {
      const number = String(index + 1).padStart(5, '0');
      return write(`${prefix}-${number}-of-${String(count).padStart(5, '0')}.gguf`, {
        metadata: {
          ...(index === 0 ? sample.metadata : {}),
          'split.no': index,
          'split.count': count,
          'split.tensors.count': count,
        },
        tensors: [{ name: `blk.${index}`, type: 'F32', shape: [100] }],
      });
    });

  it('joins tensors and sizes of all of them', () => {
    const paths = writeShards('joined');
    const header = readGgufHeader(paths[0]!);
    expect(header.tensors.map(({ name }) => name)).toStrictEqual(['blk.0', 'blk.1', 'blk.2']);
    expect(header.shardPaths).toStrictEqual(paths);
    expect(header.parameterCount).toBe(300);
    expect(header.fileBytes).toBe(paths.reduce((sum, path) => sum + readFileSync(path).length, 0));
  });

  it('asks for the first when given another', () => {
    const paths = writeShards('second');
    expectError(paths[1]!, 'malformed', /not the first of its 3 shards; give second-00001-of-00003\.gguf/);
  });

  it('names the shard that is missing, cut or of another model', () => {
    const missing = writeShards('missing');
    rmSync(missing[2]!);
    expectError(missing[0]!, 'not-found', /shard 3 of 3 is missing \(.*missing-00003-of-00003\.gguf\)/);
    const cut = writeShards('short');
    truncateSync(cut[1]!, readFileSync(cut[1]!).length - 200);
    expectError(cut[0]!, 'truncated', /short-00002-of-00003\.gguf/);
    const mixed = writeShards('mixed');
    write(basename(mixed[1]!), { metadata: {}, tensors: [] });
    expectError(mixed[0]!, 'malformed', /3 shards have 2 tensors, it says 3/);
  });

  it('refuses a shard whose name says nothing of the others', () => {
    const path = write('renamed.gguf', { metadata: { 'split.no': 0, 'split.count': 2 } });
    expectError(path, 'malformed', /must be named like model-00001-of-00002\.gguf/);
    const many = write('many-00001-of-60000.gguf', { metadata: { 'split.no': 0, 'split.count': 60_000 } });
    expectError(many, 'malformed', /one of 60000 shards/);
  });

  it('takes trailing bytes for what they are: nothing', () => {
    const path = write('trailing.gguf');
    appendFileSync(path, 'more');
    expect(readGgufHeader(path).tensors).toHaveLength(2);
  });
});

describe('metadataPerLayer', () => {
  const header = {
    metadata: new Map<string, GgufMetadataValue>([
      ['scalar', 7],
      ['list', { itemType: 'uint32', length: 2, first: [1, 2] }],
      ['flags', { itemType: 'bool', length: 2, first: [true, false] }],
      ['text', 'no'],
    ]),
  };

  it('spreads one number, takes a list, counts flags and ignores texts', () => {
    expect(metadataPerLayer(header, 'scalar', 3)).toStrictEqual([7, 7, 7]);
    expect(metadataPerLayer(header, 'list', 2)).toStrictEqual([1, 2]);
    expect(metadataPerLayer(header, 'flags', 2)).toStrictEqual([1, 0]);
    expect(metadataPerLayer(header, 'text', 2)).toBeNull();
    expect(metadataPerLayer(header, 'missing', 2)).toBeNull();
  });
});
