/** What is chosen fits, what does not fit is refused with advice that does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFit } from './fits.js';
import { type GgufHeader, readGgufHeader } from './gguf-reader.js';
import { ModelError } from './model-error.js';
import { bgeSmall, gemma3of4b, llama31of8b, mamba130m } from './model-shapes.test-support.js';
import { type SparseModel, writeSparseGguf } from './sparse-gguf.test-support.js';

const GiB = 2 ** 30;
let folder = '';
let llama: GgufHeader;
let others: readonly GgufHeader[] = [];

const header = (name: string, model: SparseModel): GgufHeader => {
  const path = join(folder, `${name}.gguf`);
  writeSparseGguf(path, model);
  return readGgufHeader(path);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-fits-'));
  llama = header('llama', llama31of8b());
  others = [header('gemma', gemma3of4b()), header('mamba', mamba130m()), header('bge', bgeSmall())];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refusal = (action: () => unknown): ModelError => {
  try {
    action();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
};

describe('checkFit', () => {
  it('gives what is asked for when it fits', () => {
    const fit = checkFit(llama, { contextTokens: 5000, parallel: 3, availableBytes: 32 * GiB });
    expect(fit).toMatchObject({ contextTokens: 5000, parallel: 3, limitedBy: 'asked' });
    expect(fit.need.kvBytes).toBe(3 * 5120 * 32 * 2 * 1024 * 2);
  });

  it('never goes past what the model was trained for', () => {
    const fit = checkFit(llama, { contextTokens: 1_000_000, parallel: 1, availableBytes: 64 * GiB });
    expect(fit).toMatchObject({ contextTokens: 131_072, limitedBy: 'trained' });
  });

  it('refuses what does not fit with sizes and with advice that fits', () => {
    const ask = { contextTokens: 65_536, parallel: 2, availableBytes: 8 * GiB };
    const error = refusal(() => checkFit(llama, ask));
    expect(error.code).toBe('too-large');
    expect(error.message).toMatch(
      /^Cannot load llama\.gguf: it needs 20\.\d GiB with 65536 tokens for each of 2 sequences, 8\.0 GiB are free; try --context \d+, --parallel 1 --context \d+ or a smaller quantization\.$/,
    );
    const [both, alone] = [...error.message.matchAll(/--context (\d+)/g)].map((match) => Number(match[1]));
    expect(checkFit(llama, { ...ask, contextTokens: both! }).contextTokens).toBe(both);
    expect(checkFit(llama, { ...ask, contextTokens: alone!, parallel: 1 }).contextTokens).toBe(alone);
    // The advice is the most that fits.
    expect(refusal(() => checkFit(llama, { ...ask, contextTokens: both! + 256 })).code).toBe('too-large');
  });

  it('advises a smaller quantization alone when the weights are too much', () => {
    for (const contextTokens of [undefined, 4096]) {
      const error = refusal(() =>
        checkFit(llama, { availableBytes: 3 * GiB, ...(contextTokens === undefined ? {} : { contextTokens }) }),
      );
      expect(error.message).toMatch(/it needs 4\.\d GiB .*, 3\.0 GiB are free; try a smaller quantization\.$/);
    }
  });

  it('leaves memory to others when nothing is asked for', () => {
    const fit = checkFit(llama, { availableBytes: 64 * GiB });
    expect(fit.parallel).toBe(8);
    expect(fit.contextTokens).toBeGreaterThanOrEqual(8192);
    expect(fit.need.totalBytes).toBeLessThan(24 * GiB);
    const small = checkFit(llama, { availableBytes: 6 * GiB });
    expect(small).toMatchObject({ parallel: 1, limitedBy: 'memory' });
    expect(small.contextTokens).toBeGreaterThanOrEqual(4096);
  });

  it('gives a small model all of its context', () => {
    expect(checkFit(others[1]!, { availableBytes: 8 * GiB })).toMatchObject({
      contextTokens: 1_048_576,
      limitedBy: 'trained',
    });
    expect(checkFit(others[2]!, { availableBytes: GiB })).toMatchObject({ contextTokens: 512, parallel: 8 });
  });

  it('counts a kept state beside each running one', () => {
    const fit = checkFit(others[1]!, { contextTokens: 1024, parallel: 3, availableBytes: GiB });
    expect(fit.need.stateBytes).toBe(6 * 24 * (3 * 1536 + 16 * 1536) * 4);
  });

  it('counts an embedding model as reading one text in one piece', () => {
    const { need } = checkFit(others[2]!, { parallel: 4, availableBytes: GiB });
    expect(need).toStrictEqual(checkFit(others[2]!, { parallel: 1, availableBytes: GiB }).need);
    expect(need.kvBytes).toBe(0);
    const model = llama31of8b();
    const pooled = header('pooled', { ...model, metadata: { ...model.metadata, 'llama.pooling_type': 3 } });
    const asked = { contextTokens: 4096, parallel: 4, availableBytes: 32 * GiB };
    // One context rather than four, and logits of a whole piece.
    expect(checkFit(pooled, asked).need.kvBytes).toBe(checkFit(llama, asked).need.kvBytes / 4);
    expect(checkFit(pooled, asked).need.computeBytes).toBeGreaterThan(64 * 128_256 * 4);
  });

  it('refuses a header without a context length', () => {
    const model = llama31of8b();
    const { 'llama.context_length': _, ...metadata } = model.metadata;
    expect(refusal(() => checkFit(header('untrained', { ...model, metadata }), { availableBytes: GiB })).code).toBe(
      'malformed',
    );
  });

  it('chooses what fits or refuses, whatever the memory, the context and the number of sequences', () => {
    const ask = fc.record(
      {
        contextTokens: fc.integer({ min: 16, max: 300_000 }),
        parallel: fc.integer({ min: 1, max: 64 }),
      },
      { requiredKeys: [] },
    );
    const megabytes = fc.integer({ min: 50, max: 60_000 });
    fc.assert(
      fc.property(fc.constantFrom(llama, ...others), ask, megabytes, (model, asked, free) => {
        const availableBytes = free * 2 ** 20;
        try {
          const fit = checkFit(model, { ...asked, availableBytes });
          expect(fit.need.totalBytes).toBeLessThanOrEqual(availableBytes);
          if (asked.parallel !== undefined) expect(fit.parallel).toBe(asked.parallel);
          if (asked.contextTokens !== undefined) expect(fit.contextTokens).toBeLessThanOrEqual(asked.contextTokens);
          expect(fit.contextTokens).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
          expect((error as ModelError).code).toBe('too-large');
        }
      }),
      { numRuns: 200 },
    );
  });
});
