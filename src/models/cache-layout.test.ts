/** What is kept per token and per sequence, for published shapes, by hand from llama.cpp's formulas. */
import { describe, expect, it } from 'vitest';
import { cacheLayout } from './cache-layout.js';
import type { GgufHeader, GgufMetadataValue } from './gguf-reader.js';

type Value = number | string | boolean | readonly number[] | readonly boolean[];

const headerOf = (architecture: string, metadata: Readonly<Record<string, Value>>): GgufHeader => ({
  path: 'model.gguf',
  shardPaths: ['model.gguf'],
  fileBytes: 0,
  version: 3,
  tensors: [],
  parameterCount: 0,
  metadata: new Map<string, GgufMetadataValue>([
    ['general.architecture', architecture],
    ...Object.entries(metadata).map(([key, value]): [string, GgufMetadataValue] => [
      `${architecture}.${key}`,
      typeof value === 'object'
        ? { itemType: typeof value[0] === 'boolean' ? 'bool' : 'uint32', length: value.length, first: value }
        : value,
    ]),
  ]),
});

const perToken = (header: GgufHeader): number[] => cacheLayout(header).layers.map((layer) => layer.valuesPerToken);
const states = (header: GgufHeader): number[] => cacheLayout(header).layers.map((layer) => layer.stateValues);
const slides = (header: GgufHeader): string =>
  cacheLayout(header)
    .layers.map(({ sliding }) => (sliding ? 's' : 'F'))
    .join('');

const shape = { block_count: 8, embedding_length: 1024, 'attention.head_count': 16 };

describe('cacheLayout, per token', () => {
  it('counts keys and values of the KV heads, which default to all heads', () => {
    expect(perToken(headerOf('llama', { ...shape, 'attention.head_count_kv': 4 }))).toStrictEqual(
      new Array(8).fill(2 * 4 * 64),
    );
    expect(perToken(headerOf('gpt2', shape))).toStrictEqual(new Array(8).fill(2 * 1024));
  });

  it('takes stated widths of keys and values over what the embedding gives', () => {
    const header = headerOf('qwen3', {
      ...shape,
      'attention.head_count_kv': 8,
      'attention.key_length': 128,
      'attention.value_length': 96,
    });
    expect(perToken(header)[0]).toBe(8 * (128 + 96));
  });

  it('follows heads that differ by layer, past the 64th too', () => {
    const kvHeads = Array.from({ length: 80 }, (_, layer) => (layer < 70 ? 2 : 0));
    const layers = perToken(headerOf('deci', { ...shape, block_count: 80, 'attention.head_count_kv': kvHeads }));
    expect(layers.slice(0, 70)).toStrictEqual(new Array(70).fill(256));
    expect(layers.slice(70)).toStrictEqual(new Array(10).fill(0));
  });

  it('keeps one latent vector for latent attention, keys and values for files from before it', () => {
    const latent = {
      ...shape,
      'attention.kv_lora_rank': 512,
      'attention.head_count_kv': 1,
      'attention.key_length': 576,
      'attention.value_length': 512,
      'attention.key_length_mla': 192,
      'attention.value_length_mla': 128,
    };
    expect(perToken(headerOf('deepseek2', latent))).toStrictEqual(new Array(8).fill(576));
    const legacy = {
      ...shape,
      'attention.kv_lora_rank': 512,
      'attention.key_length': 192,
      'attention.value_length': 128,
    };
    expect(perToken(headerOf('deepseek2', legacy))).toStrictEqual(new Array(8).fill(16 * 320));
  });

  it('adds the keys of a sparse-attention indexer', () => {
    const header = headerOf('deepseek32', {
      ...shape,
      nextn_predict_layers: 1,
      'attention.head_count_kv': 1,
      'attention.key_length': 576,
      'attention.value_length': 512,
      'attention.key_length_mla': 192,
      'attention.value_length_mla': 128,
      'attention.indexer.key_length': 128,
    });
    expect(perToken(header)).toStrictEqual([...new Array(7).fill(576 + 128), 0]);
  });

  it('keeps nothing for layers that share the cache of others', () => {
    const gemma3n = headerOf('gemma3n', { ...shape, block_count: 30, 'attention.sliding_window': 512 });
    expect(perToken(gemma3n).filter((values) => values > 0)).toHaveLength(20);
    const gemma4 = headerOf('gemma4', {
      ...shape,
      'attention.sliding_window': 512,
      'attention.sliding_window_pattern': [true, true, true, false, true, true, true, false],
      'attention.shared_kv_layers': 2,
      'attention.head_count_kv': 2,
      'attention.key_length': 512,
      'attention.value_length': 512,
      'attention.key_length_swa': 256,
      'attention.value_length_swa': 256,
    });
    expect(perToken(gemma4)).toStrictEqual([1024, 1024, 1024, 2048, 1024, 1024, 0, 0]);
  });

  it('keeps nothing for encoders', () => {
    const layout = cacheLayout(headerOf('bert', shape));
    expect(layout.cacheless).toBe(true);
    expect(layout.layers.every(({ valuesPerToken }) => valuesPerToken === 0)).toBe(true);
  });

  it('repeats looped layers', () => {
    expect(perToken(headerOf('nanbeige', { ...shape, num_loops: 2 }))).toHaveLength(16);
  });
});

describe('cacheLayout, sliding windows', () => {
  it('knows the period of each architecture', () => {
    const window = { ...shape, 'attention.sliding_window': 512 };
    expect(slides(headerOf('gemma3', window))).toBe('sssssFss');
    expect(slides(headerOf('gpt-oss', window))).toBe('sFsFsFsF');
    expect(slides(headerOf('smallthinker', window))).toBe('FsssFsss');
    expect(cacheLayout(headerOf('smallthinker', window)).windowTokens).toBe(4096);
    expect(slides(headerOf('gemma3', { ...window, 'attention.sliding_window_pattern': 2 }))).toBe('sFsFsFsF');
  });

  it('takes lists where the architecture reads them', () => {
    const listed = {
      ...shape,
      'attention.sliding_window': 512,
      'attention.sliding_window_pattern': [false, true, true, true, true, true, true, true],
    };
    expect(slides(headerOf('mimo2', listed))).toBe('Fsssssss');
    expect(slides(headerOf('cohere2moe', listed))).toBe('Fsssssss');
    // gemma3 reads a number only and falls back to its period.
    expect(slides(headerOf('gemma3', listed))).toBe('sssssFss');
  });

  it('has none without a window, unless the architecture has one of its own', () => {
    expect(slides(headerOf('gemma3', shape))).toBe('FFFFFFFF');
    expect(slides(headerOf('phi3', { ...shape, 'attention.sliding_window': 2048 }))).toBe('FFFFFFFF');
    expect(cacheLayout(headerOf('gemma2', shape)).windowTokens).toBe(4096);
    expect(cacheLayout(headerOf('llama4', shape)).windowTokens).toBe(8192);
    expect(slides(headerOf('llama4', { ...shape, 'attention.sliding_window': 0 }))).toBe('FFFFFFFF');
    expect(slides(headerOf('exaone4', shape))).toBe('FFFFFFFF');
    expect(slides(headerOf('exaone4', { ...shape, block_count: 64 }))).toBe('sssF'.repeat(16));
  });
});

describe('cacheLayout, per sequence', () => {
  const ssm = { 'ssm.conv_kernel': 4, 'ssm.inner_size': 2048, 'ssm.state_size': 128, 'ssm.group_count': 8 };
  const mamba2State = 3 * (2048 + 2 * 8 * 128) + 128 * 2048;

  it('counts the convolution and the state of Mamba layers', () => {
    expect(states(headerOf('mamba2', { ...shape, ...ssm }))).toStrictEqual(new Array(8).fill(mamba2State));
    expect(perToken(headerOf('mamba2', { ...shape, ...ssm }))).toStrictEqual(new Array(8).fill(0));
  });

  it('counts token shift and wkv state of RWKV', () => {
    const rwkv = headerOf('rwkv7', { block_count: 2, embedding_length: 768, 'wkv.head_size': 64 });
    expect(states(rwkv)).toStrictEqual(new Array(2).fill(2 * 768 + 768 * 64));
  });

  it('tells attention from state layers by KV heads', () => {
    const kvHeads = [0, 0, 4, 0, 0, 0, 4, 0];
    const header = headerOf('granitehybrid', { ...shape, ...ssm, 'attention.head_count_kv': kvHeads });
    expect(perToken(header)).toStrictEqual(kvHeads.map((heads) => heads * 128));
    expect(states(header)).toStrictEqual(kvHeads.map((heads) => (heads === 0 ? mamba2State : 0)));
    const lfm2 = headerOf('lfm2', { ...shape, 'attention.head_count_kv': kvHeads, 'shortconv.l_cache': 3 });
    expect(states(lfm2)).toStrictEqual(kvHeads.map((heads) => (heads === 0 ? 2048 : 0)));
  });

  it('leaves out layers that are neither', () => {
    const header = headerOf('nemotron_h', {
      ...shape,
      ...ssm,
      block_count: 4,
      'attention.head_count_kv': [0, 0, 4, 0],
      feed_forward_length: [0, 4096, 0, 4096],
    });
    expect(states(header)).toStrictEqual([mamba2State, 0, 0, 0]);
    expect(perToken(header)).toStrictEqual([0, 0, 512, 0]);
  });

  it('finds the attention layers by interval or list', () => {
    const qwen = { ...shape, ...ssm, 'attention.head_count_kv': 2 };
    const attends = (header: GgufHeader): string =>
      perToken(header)
        .map((values) => (values > 0 ? 'A' : 's'))
        .join('');
    expect(attends(headerOf('qwen3next', qwen))).toBe('sssAsssA');
    expect(attends(headerOf('qwen3next', { ...qwen, full_attention_interval: 2 }))).toBe('sAsAsAsA');
    const listed = { ...qwen, 'attention.recurrent_layers': [0, 1, 1, 1, 1, 1, 1, 1] };
    expect(attends(headerOf('qwen35', listed))).toBe('Asssssss');
  });

  it('counts both where each layer has both', () => {
    const layout = cacheLayout(headerOf('falcon-h1', { ...shape, ...ssm, 'attention.head_count_kv': 2 }));
    expect(layout.layers[0]).toStrictEqual({
      valuesPerToken: 256,
      attentionValues: 128,
      sliding: false,
      stateValues: mamba2State,
    });
  });

  it('counts the delta state of Kimi', () => {
    const header = headerOf('kimi-linear', {
      ...shape,
      block_count: 2,
      'attention.head_count_kv': [0, 1],
      'attention.key_length': 576,
      'attention.value_length': 512,
      'attention.key_length_mla': 192,
      'attention.value_length_mla': 128,
      'ssm.conv_kernel': 4,
      'kda.head_dim': 128,
    });
    expect(states(header)).toStrictEqual([3 * 3 * 16 * 128 + 128 * 128 * 16, 0]);
    expect(perToken(header)).toStrictEqual([0, 576]);
  });
});

describe('cacheLayout, bad headers', () => {
  it('refuses layers and widths that cannot be, before it makes a list of them', () => {
    expect(() => cacheLayout(headerOf('llama', { ...shape, block_count: 4e9 }))).toThrow(/block_count is 4000000000/);
    expect(() => cacheLayout(headerOf('llama', { ...shape, block_count: 1.5 }))).toThrow(/block_count is 1\.5/);
    expect(() => cacheLayout(headerOf('llama', { block_count: 2 }))).toThrow(/embedding_length null/);
    expect(() => cacheLayout({ ...headerOf('llama', shape), metadata: new Map() })).toThrow(/names no architecture/);
  });
});
