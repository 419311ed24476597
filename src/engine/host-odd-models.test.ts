/**
 * What would break: models whose memory is no plain KV cache (recurrent state, sliding window, none at all), and the
 * pooled layout. The models are tiny and their weights random.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byteLevelAlphabet } from '../tune/byte-level.js';
import { bool, f32, type GgufTensor, type GgufValue, i32s, text, texts, u32, writeGguf } from '../tune/gguf-writer.js';
import { tinyShape, writeRandomModel } from '../tune/random-model.js';
import type { GenerateRequest } from './engine.js';
import { createHostEngine, type HostEngineOptions } from './host-engine.js';
import { answer, codeOf, words } from './host-engine.test-kit.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-odd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const open = (file: string, changes: Partial<HostEngineOptions> = {}) =>
  createHostEngine({
    name: file,
    modelPath: join(folder, file),
    parallel: 2,
    contextLength: 512,
    threads: 1,
    ...changes,
  });

/** Deterministic noise; values around `mean`. */
const noise = (name: string, shape: readonly number[], { mean = 0, spread = 0.1 } = {}): GgufTensor => ({
  name,
  type: 'F32',
  shape,
  data() {
    const values = new Float32Array(shape.reduce((a, b) => a * b));
    let state = name.length * 7919 + shape.length;
    for (let index = 0; index < values.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[index] = mean + (((state >>> 8) / 2 ** 24) * 2 - 1) * spread;
    }
    return [new Uint8Array(values.buffer)];
  },
});
const ones = (name: string, length: number): GgufTensor => noise(name, [length], { mean: 1, spread: 0 });

const vocabulary: Readonly<Record<string, GgufValue>> = {
  'tokenizer.ggml.model': text('gpt2'),
  'tokenizer.ggml.pre': text('qwen2'),
  'tokenizer.ggml.tokens': texts([...byteLevelAlphabet, 'Ġt', '<|end|>']),
  'tokenizer.ggml.token_type': i32s([...byteLevelAlphabet.map(() => 1), 1, 3]),
  'tokenizer.ggml.merges': texts(['Ġ t']),
  'tokenizer.ggml.eos_token_id': u32(257),
  'tokenizer.ggml.bos_token_id': u32(257),
  'tokenizer.ggml.add_bos_token': bool(false),
};
const width = 64;
const common = (architecture: string, layers: number): Record<string, GgufValue> => ({
  'general.architecture': text(architecture),
  [`${architecture}.context_length`]: u32(512),
  [`${architecture}.embedding_length`]: u32(width),
  [`${architecture}.block_count`]: u32(layers),
  ...vocabulary,
});
const layersOf = (count: number, make: (block: string) => GgufTensor[]): GgufTensor[] =>
  Array.from({ length: count }, (_, layer) => make(`blk.${layer}`)).flat();

const writeMamba = (path: string): void =>
  writeGguf(path, {
    metadata: {
      ...common('mamba', 2),
      'mamba.ssm.conv_kernel': u32(4),
      'mamba.ssm.inner_size': u32(2 * width),
      'mamba.ssm.state_size': u32(16),
      'mamba.ssm.time_step_rank': u32(4),
      'mamba.attention.layer_norm_rms_epsilon': f32(1e-5),
      'mamba.feed_forward_length': u32(0),
      'mamba.attention.head_count': u32(0),
    },
    tensors: [
      noise('token_embd.weight', [width, 258]),
      ones('output_norm.weight', width),
      ...layersOf(2, (block) => [
        ones(`${block}.attn_norm.weight`, width),
        noise(`${block}.ssm_in.weight`, [width, 4 * width]),
        noise(`${block}.ssm_conv1d.weight`, [4, 2 * width], { spread: 0.5 }),
        noise(`${block}.ssm_conv1d.bias`, [2 * width]),
        noise(`${block}.ssm_x.weight`, [2 * width, 4 + 32]),
        noise(`${block}.ssm_dt.weight`, [4, 2 * width], { spread: 0.5 }),
        noise(`${block}.ssm_dt.bias`, [2 * width]),
        noise(`${block}.ssm_a`, [16, 2 * width], { mean: -1, spread: 0.5 }),
        noise(`${block}.ssm_d`, [2 * width]),
        noise(`${block}.ssm_out.weight`, [2 * width, width]),
      ]),
    ],
  });

const writeGemma = (path: string): void =>
  writeGguf(path, {
    metadata: {
      ...common('gemma3', 3),
      'gemma3.feed_forward_length': u32(128),
      'gemma3.attention.head_count': u32(4),
      'gemma3.attention.head_count_kv': u32(2),
      'gemma3.attention.key_length': u32(16),
      'gemma3.attention.value_length': u32(16),
      'gemma3.attention.sliding_window': u32(32),
      'gemma3.attention.layer_norm_rms_epsilon': f32(1e-6),
    },
    tensors: [
      noise('token_embd.weight', [width, 258]),
      ones('output_norm.weight', width),
      ...layersOf(3, (block) => [
        ...['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'].map((name) =>
          ones(`${block}.${name}.weight`, width),
        ),
        ...['attn_q_norm', 'attn_k_norm'].map((name) => ones(`${block}.${name}.weight`, 16)),
        noise(`${block}.attn_q.weight`, [width, 64]),
        noise(`${block}.attn_k.weight`, [width, 32]),
        noise(`${block}.attn_v.weight`, [width, 32]),
        noise(`${block}.attn_output.weight`, [64, width]),
        noise(`${block}.ffn_gate.weight`, [width, 128]),
        noise(`${block}.ffn_up.weight`, [width, 128]),
        noise(`${block}.ffn_down.weight`, [128, width]),
      ]),
    ],
  });

const writeBert = (path: string): void =>
  writeGguf(path, {
    metadata: {
      ...common('bert', 2),
      'bert.feed_forward_length': u32(128),
      'bert.attention.head_count': u32(4),
      'bert.attention.layer_norm_epsilon': f32(1e-12),
      'bert.attention.causal': bool(false),
      'bert.pooling_type': u32(1),
      'tokenizer.ggml.token_type_count': u32(2),
    },
    tensors: [
      noise('token_embd.weight', [width, 258]),
      noise('token_types.weight', [width, 2]),
      noise('position_embd.weight', [width, 512]),
      ones('token_embd_norm.weight', width),
      noise('token_embd_norm.bias', [width]),
      ...layersOf(2, (block) => [
        ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) =>
          noise(`${block}.${name}.weight`, [width, width]),
        ),
        ...['attn_output_norm', 'layer_output_norm'].flatMap((name) => [
          ones(`${block}.${name}.weight`, width),
          noise(`${block}.${name}.bias`, [width]),
        ]),
        noise(`${block}.ffn_up.weight`, [width, 128]),
        noise(`${block}.ffn_down.weight`, [128, width]),
      ]),
    ],
  });

const greedy = (prompt: string, changes: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt,
  maxTokens: 12,
  ignoreEos: true,
  sampling: { temperature: 0 },
  ...changes,
});

describe('a recurrent model', () => {
  test('reuses a finished sequence only as a whole, and answers the same', async () => {
    writeMamba(join(folder, 'mamba.gguf'));
    const engine = await open('mamba.gguf');
    const prompt = words(20);
    const first = await answer(engine, greedy(prompt));
    // A prefix of it: the state lies beyond, so it is of no use.
    const again = await answer(engine, greedy(prompt));
    expect(again.cachedTokens).toBe(0);
    expect(again.tokens).toEqual(first.tokens);
    // Its continuation (all but the last token, whose state was never computed).
    const tokens = [...(await engine.tokenize(prompt)), ...first.tokens];
    const continued = await answer(engine, { ...greedy(''), prompt: tokens });
    expect(continued.cachedTokens).toBe(tokens.length - 1);
    const cold = await answer(engine, { ...greedy(''), prompt: tokens, cacheScope: 'cold' });
    expect(cold.cachedTokens).toBe(0);
    expect(continued.tokens).toEqual(cold.tokens);
    // More at once than it has places, with cancels in between.
    const many = await Promise.all(
      [1, 2, 3, 4, 5].map((one) =>
        answer(engine, greedy(words(15, `${one}`)), one === 3 ? AbortSignal.timeout(1) : undefined).catch(() => null),
      ),
    );
    expect(many.filter((one) => one !== null).length).toBeGreaterThanOrEqual(4);
    await engine.close();
  });
});

describe('a model with a sliding window', () => {
  test('answers the same from the cache as without, at any prefix', async () => {
    writeGemma(join(folder, 'gemma.gguf'));
    const engine = await open('gemma.gguf');
    const base = words(70);
    for (const length of [200, 60, 120, 190]) {
      const request = greedy(base.slice(0, length), { sampling: { temperature: 1, seed: 4 } });
      const warm = await answer(engine, request);
      const cold = await answer(engine, { ...request, cacheScope: `cold-${length}` });
      expect(cold.cachedTokens).toBe(0);
      expect(warm.tokens).toEqual(cold.tokens);
    }
    await engine.close();
  });
});

describe('an encoder', () => {
  test('embeds, and refuses to generate', async () => {
    writeBert(join(folder, 'bert.gguf'));
    const engine = await open('bert.gguf');
    expect(engine.info.embeddingOnly).toBe(true);
    const { vectors } = await engine.embed({ inputs: ['one text', 'another', 'one text'] });
    expect(vectors[0]).toEqual(vectors[2]);
    expect(vectors[0]).not.toEqual(vectors[1]);
    expect(Math.hypot(...vectors[0]!)).toBeCloseTo(1, 4);
    expect(await codeOf(answer(engine, greedy('x')))).toBe('unsupported');
    await engine.close();
  });
});

describe('one pool for all sequences', () => {
  test('shares cells, and preempts without losing a token when it is too small', async () => {
    writeRandomModel(join(folder, 'pool.gguf'), tinyShape, { type: 'Q8_0', seed: 2 });
    // Memory for next to nothing: the pool holds one sequence of full length.
    const engine = await open('pool.gguf', { kvLayout: 'unified', kvBytesLimit: 1, parallel: 4 });
    const prompt = words(60);
    const forks = await Promise.all([1, 2, 3].map(() => answer(engine, greedy(prompt))));
    expect(forks.map(({ cachedTokens }) => cachedTokens).filter((cached) => cached > 100)).toHaveLength(2);
    const long = await Promise.all(
      [1, 2, 3, 4].map((one) => answer(engine, greedy(words(20, `w${one}`), { maxTokens: 300 }))),
    );
    for (const { tokens, end } of long) {
      expect(tokens).toHaveLength(300);
      expect(end.reason).toBe('length');
    }
    const { kvCellsTotal, kvCellsUsed, sequencesRunning } = engine.stats();
    expect(kvCellsTotal).toBe(512);
    expect(kvCellsUsed).toBeLessThanOrEqual(512);
    expect(sequencesRunning).toBe(0);
    await engine.close();
  });
});
