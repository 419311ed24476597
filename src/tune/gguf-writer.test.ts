/** What is written is what the reader and llama.cpp read; what is damaged is refused by name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readGgufHeader } from '../models/gguf-reader.js';
import { ModelError } from '../models/model-error.js';
import { type GgufValue, text, texts, u32, writeGguf } from './gguf-writer.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-gguf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sample = (name: string): string => {
  const path = join(folder, name);
  writeGguf(path, {
    metadata: {
      'general.architecture': text('llama'),
      'llama.block_count': u32(2),
      'tokenizer.ggml.tokens': texts(['a', 'b', 'ç']),
    },
    tensors: [
      { name: 'one', type: 'F32', shape: [4, 2], data: () => [new Uint8Array(new Float32Array(8).fill(1).buffer)] },
      { name: 'two', type: 'Q8_0', shape: [32], data: () => [new Uint8Array(34)] },
    ],
  });
  return path;
};

describe('writeGguf', () => {
  it('gives back any metadata that was written', () => {
    const value = fc.oneof(
      fc.string().map((value): GgufValue => ({ type: 'string', value })),
      fc.integer({ min: 0, max: 0xffffffff }).map((value): GgufValue => ({ type: 'uint32', value })),
      fc.integer({ min: -128, max: 127 }).map((value): GgufValue => ({ type: 'int8', value })),
      fc.boolean().map((value): GgufValue => ({ type: 'bool', value })),
      fc.double({ noNaN: true }).map((value): GgufValue => ({ type: 'float64', value })),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1, maxLength: 20 }).filter((key) => key !== 'general.alignment'),
          value,
        ),
        (metadata) => {
          const path = join(folder, 'property.gguf');
          writeGguf(path, { metadata, tensors: [] });
          const header = readGgufHeader(path);
          for (const [key, written] of Object.entries(metadata))
            if (written.type !== 'array')
              expect(header.metadata.get(key)).toStrictEqual(Object.is(written.value, -0) ? -0 : written.value);
          expect(header.metadata.size).toBe(Object.keys(metadata).length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses a tensor whose data is shorter than its shape and leaves no file behind', () => {
    const path = join(folder, 'short.gguf');
    const write = (): void =>
      writeGguf(path, {
        metadata: {},
        tensors: [{ name: 't', type: 'F32', shape: [4], data: () => [new Uint8Array(8)] }],
      });
    expect(write).toThrow(/tensor t: it needs 16 bytes, its data has 8/);
    expect(readdirSync(folder).filter((name) => name.startsWith('short'))).toStrictEqual([]);
  });
});

describe('readGgufHeader', () => {
  it('reads names, shapes and sizes', () => {
    const header = readGgufHeader(sample('whole.gguf'));
    expect(header.tensors).toStrictEqual([
      { name: 'one', type: 'F32', shape: [4, 2], bytes: 32 },
      { name: 'two', type: 'Q8_0', shape: [32], bytes: 34 },
    ]);
    expect(header.parameterCount).toBe(40);
    expect(header.metadata.get('tokenizer.ggml.tokens')).toStrictEqual({
      itemType: 'string',
      length: 3,
      first: ['a', 'b', 'ç'],
    });
  });

  it('refuses a file cut at any byte as truncated or as no GGUF', () => {
    const bytes = readFileSync(sample('cut.gguf'));
    // The last tensor is followed by padding that nobody needs.
    const needed = bytes.length - 30;
    for (let length = 0; length < needed; length++) {
      const path = join(folder, 'cut-short.gguf');
      writeFileSync(path, bytes.subarray(0, length));
      expect(() => readGgufHeader(path), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('survives any flipped byte with a header or a ModelError', () => {
    const bytes = readFileSync(sample('flip.gguf'));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        const path = join(folder, 'flipped.gguf');
        writeFileSync(path, damaged);
        try {
          readGgufHeader(path);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names absurd sizes instead of allocating them', () => {
    const bytes = Buffer.from(readFileSync(sample('absurd.gguf')));
    bytes.writeBigUInt64LE(1n << 60n, 8);
    const path = join(folder, 'absurd-count.gguf');
    writeFileSync(path, bytes);
    expect(() => readGgufHeader(path)).toThrow(/claims 1152921504606847000 tensors/);
  });

  it('says what a file is that is no GGUF', () => {
    const path = join(folder, 'page.gguf');
    writeFileSync(path, '<!doctype html><html>not a model, whatever its name says</html>');
    expect(() => readGgufHeader(path)).toThrow(/not a GGUF file/);
    expect(() => readGgufHeader(join(folder, 'missing.gguf'))).toThrow(/Cannot open/);
    expect(() => readGgufHeader(folder)).toThrow(/not a file/);
  });
});
