/**
 * The estimate against llama.cpp itself: cache sizes of real shapes to the byte as far as its log shows them, compute
 * buffers from above, and what a process really holds.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeRandomModel } from '../tune/random-model.js';
import { readGgufHeader } from './gguf-reader.js';
import { type MemoryOptions, memoryNeed } from './memory-need.js';
import {
  bgeSmall,
  deepOpenElm,
  deepseekV2Lite,
  gemma3of4b,
  gptOss20b,
  lfm2of350m,
  llama31of8b,
  mamba130m,
  smallJamba,
} from './model-shapes.test-support.js';
import { type SparseModel, writeSparseGguf } from './sparse-gguf.test-support.js';

const MiB = 2 ** 20;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that has llama.cpp at hand; runs in a process of its own, its log goes to a file. */
const runChild = (name: string, body: string): { readonly output: string; readonly log: string } => {
  const program = join(folder, `${name}.mjs`);
  const logPath = join(folder, `${name}.log`);
  const binding = (file: string): string => JSON.stringify(new URL(`../llama/${file}.js`, import.meta.url).href);
  writeFileSync(
    program,
    [
      `import { readFileSync, writeSync } from 'node:fs';`,
      `import { loadLlama } from ${binding('load-llama')};`,
      `import { createBatch } from ${binding('batch')};`,
      `const open = (path, modelParams, contextParams) => {`,
      `  const model = llama.llama_model_load_from_file(path, { ...llama.llama_model_default_params(), n_gpu_layers: 0, ...modelParams });`,
      `  if (model === null) throw new Error('no model from ' + path);`,
      `  const context = llama.llama_init_from_model(model, { ...llama.llama_context_default_params(), n_threads: 1, n_threads_batch: 1, ...contextParams });`,
      `  if (context === null) throw new Error('no context for ' + path);`,
      `  return { model, context };`,
      `};`,
      `const rss = () => Object.fromEntries([...readFileSync('/proc/self/status', 'utf8').matchAll(/^(VmRSS|RssAnon):\\s+(\\d+) kB/gm)].map((m) => [m[1], m[2] * 1024]));`,
      body,
    ].join('\n'),
  );
  // A file and not a pipe: through a pipe, lines of the log went missing.
  const log = openSync(logPath, 'w');
  const child = spawnSync(process.execPath, [program], { stdio: ['ignore', 'pipe', log], encoding: 'utf8' });
  closeSync(log);
  const text = readFileSync(logPath, 'utf8');
  if (child.status !== 0) throw new Error(`The child ended with ${child.status}: ${text.slice(-2000)}`);
  return { output: child.stdout, log: text };
};

/** Sum of the megabytes that the log's lines of one kind name. */
const megabytes = (log: string, pattern: RegExp): number =>
  [...log.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);

interface Case {
  readonly shape: string;
  readonly options: Omit<MemoryOptions, 'kvValueBytes'>;
}

const shapes: Readonly<Record<string, () => SparseModel>> = {
  'Llama 3.1 8B (grouped heads)': llama31of8b,
  'OpenELM-like, 80 layers (heads by layer)': deepOpenElm,
  'Gemma 3 4B (sliding window)': gemma3of4b,
  'gpt-oss 20B (sliding window, experts)': gptOss20b,
  'DeepSeek V2 Lite (latent attention)': () => deepseekV2Lite(),
  'DeepSeek V2 Lite, old file': () => deepseekV2Lite({ legacy: true }),
  'Mamba 130M (recurrent)': mamba130m,
  'Jamba, small (hybrid)': smallJamba,
  'LFM2 350M (short convolutions, hybrid)': lfm2of350m,
  'BGE small (encoder)': bgeSmall,
};

const layouts: readonly Case['options'][] = [
  { contextTokens: 16_384, sequences: 4, microBatch: 512 },
  { contextTokens: 16_384, sequences: 4, microBatch: 512, unified: true },
  { contextTokens: 16_384, sequences: 4, microBatch: 128, plainAttention: true },
  { contextTokens: 16_384, sequences: 4, microBatch: 128, unified: true, plainAttention: true },
  { contextTokens: 16_000, sequences: 3, microBatch: 512, fullSliding: false },
  { contextTokens: 16_384, sequences: 3, microBatch: 512, fullSliding: false, unified: true },
  { contextTokens: 1000, sequences: 1, microBatch: 512, outputRows: 512 },
];

describe('memoryNeed against llama.cpp’s own sizes', () => {
  const cases: Case[] = Object.keys(shapes).flatMap((shape) => layouts.map((options) => ({ shape, options })));
  let logs: string[] = [];
  beforeAll(() => {
    Object.values(shapes).forEach((make, index) => {
      writeSparseGguf(join(folder, `shape-${index}.gguf`), make());
    });
    const work = cases.map(({ shape, options }) => ({
      path: join(folder, `shape-${Object.keys(shapes).indexOf(shape)}.gguf`),
      context: {
        n_ctx: options.contextTokens,
        n_seq_max: options.sequences,
        n_ubatch: options.microBatch,
        ...(options.plainAttention === true ? { flash_attn_type: 0 } : {}),
        n_outputs_max: options.outputRows ?? options.sequences,
        kv_unified: options.unified === true,
        swa_full: options.fullSliding !== false,
      },
    }));
    // Metadata only: nothing is allocated, but all is sized.
    const { log } = runChild(
      'sizes',
      `const llama = loadLlama({ log: true });
       for (const { path, context } of ${JSON.stringify(work)}) {
         const opened = open(path, { no_alloc: true, load_mode: 0 }, context);
         llama.llama_free(opened.context);
         llama.llama_model_free(opened.model);
         writeSync(2, '\\n=== next\\n');
       }`,
    );
    logs = log.split('=== next');
  });

  it.each(cases.map((entry, index) => ({ ...entry, index })))('$shape, $options', ({ shape, options, index }) => {
    const header = readGgufHeader(join(folder, `shape-${Object.keys(shapes).indexOf(shape)}.gguf`));
    const need = memoryNeed(header, { ...options, kvValueBytes: 2 });
    const log = logs[index]!;
    expect(log).toMatch(/compute buffer size/);
    // The log rounds to hundredths.
    expect(need.kvBytes / MiB).toBeCloseTo(megabytes(log, /llama_kv_cache: size =\s+([\d.]+) MiB/g), 1);
    expect(need.stateBytes / MiB).toBeCloseTo(megabytes(log, /llama_memory_recurrent: size =\s+([\d.]+) MiB/g), 1);
    const compute = megabytes(log, /(?:compute|output) buffer size =\s+([\d.]+) MiB/g);
    expect(need.computeBytes / MiB).toBeGreaterThan(0.98 * compute);
    // An encoder's output layer is not computed at all, which only `outputRows` without meaning for it would show.
    if (options.outputRows === undefined) expect(need.computeBytes / MiB).toBeLessThan(1.3 * compute + 12);
  });
});

describe.skipIf(process.platform !== 'linux')('memoryNeed against a process', () => {
  const shape = {
    architecture: 'llama',
    embeddingLength: 256,
    layers: 4,
    heads: 4,
    kvHeads: 4,
    feedForwardLength: 1024,
    vocabularySize: 4096,
    contextLength: 32_768,
  } as const;

  const measure = (type: 'F32' | 'Q4_0') => {
    const path = join(folder, `random-${type}.gguf`);
    writeRandomModel(path, shape, { type, seed: 1 });
    const { output } = runChild(
      `rss-${type}`,
      `const llama = loadLlama();
       const before = rss();
       const { context } = open(${JSON.stringify(path)}, {}, { n_ctx: 32768, n_outputs_max: 1 });
       const batch = createBatch(512);
       for (let index = 0; index < 512; index++) batch.add(index, index, 0, index === 511);
       if (llama.llama_decode(context, batch.struct) !== 0) throw new Error('decode failed');
       console.log(JSON.stringify({ before, after: rss() }));
       process.exit(0);`,
    );
    const { before, after } = JSON.parse(output) as Record<'before' | 'after', Record<'VmRSS' | 'RssAnon', number>>;
    const need = memoryNeed(readGgufHeader(path), {
      contextTokens: 32_768,
      sequences: 1,
      microBatch: 512,
      kvValueBytes: 2,
    });
    return { before, after, need };
  };

  it('is a little more than what loading and computing took', () => {
    const { before, after, need } = measure('F32');
    const loaded = need.totalBytes - need.processBytes;
    const grown = after.VmRSS - before.VmRSS;
    expect(grown).toBeGreaterThan(0.75 * loaded);
    expect(grown).toBeLessThan(1.05 * loaded + 8 * MiB);
    expect(after.VmRSS).toBeLessThan(need.totalBytes);
    expect(before.VmRSS).toBeLessThan(need.processBytes);
  });

  it('counts the copies that repacked weights are', () => {
    // Mapped pages of weights that were repacked stay until somebody needs the room, so only private memory is compared.
    const { before, after, need } = measure('Q4_0');
    expect(after.RssAnon - before.RssAnon).toBeLessThan(need.totalBytes - need.processBytes + 8 * MiB);
  });
});

describe('memoryNeed', () => {
  const header = (model: SparseModel, name: string) => {
    const path = join(folder, name);
    writeSparseGguf(path, model);
    return readGgufHeader(path);
  };
  const options = { contextTokens: 4096, sequences: 1, microBatch: 512, kvValueBytes: 2 };

  it('adds up to its total', () => {
    const { totalBytes, ...parts } = memoryNeed(header(llama31of8b(), 'sum.gguf'), options);
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(totalBytes);
  });

  it('counts a tied output layer twice only where the CPU repacks it', () => {
    const gemma = gemma3of4b();
    const tensorsBytes = header(gemma, 'tied.gguf').tensors.reduce((sum, { bytes }) => sum + bytes, 0);
    const embeddings = (2560 * 262_144 * 18) / 32;
    expect(memoryNeed(header(gemma, 'tied.gguf'), options).weightBytes).toBe(tensorsBytes + embeddings);
    const mamba = header(mamba130m(), 'tied-f16.gguf');
    expect(memoryNeed(mamba, options).weightBytes).toBe(mamba.tensors.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it('counts the weights of all shards', () => {
    const model = llama31of8b();
    const half = Math.floor(model.tensors.length / 2);
    const shard = (no: number, tensors: SparseModel['tensors']): void =>
      writeSparseGguf(join(folder, `big-0000${no + 1}-of-00002.gguf`), {
        metadata: { ...(no === 0 ? model.metadata : {}), 'split.no': no, 'split.count': 2 },
        tensors,
      });
    shard(0, model.tensors.slice(0, half));
    shard(1, model.tensors.slice(half));
    expect(memoryNeed(readGgufHeader(join(folder, 'big-00001-of-00002.gguf')), options).weightBytes).toBe(
      memoryNeed(header(model, 'big.gguf'), options).weightBytes,
    );
  });

  it('scales the cache with the bytes of its values', () => {
    const llama = header(llama31of8b(), 'q8.gguf');
    const [f16, q8] = [2, 34 / 32].map((kvValueBytes) => memoryNeed(llama, { ...options, kvValueBytes }).kvBytes);
    expect(q8! / f16!).toBeCloseTo(34 / 64, 9);
  });
});
