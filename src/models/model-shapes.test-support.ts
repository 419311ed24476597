/**
 * Headers of well-known models, one for each way in which llama.cpp keeps a cache: metadata and tensors of the published
 * files as far as llama.cpp's loader wants them. No vocabulary (the `none` tokenizer) and no data.
 */
import type { GgufTensorType } from './gguf-format.js';
import type { SparseModel, SparseTensor, SparseValue } from './sparse-gguf.test-support.js';

type Metadata = Readonly<Record<string, SparseValue>>;
type Row = readonly [name: string, ...shape: number[]];

const weights = (type: GgufTensorType, rows: readonly Row[]): SparseTensor[] =>
  rows.map(([name, ...shape]) => ({ name: `${name}.weight`, type: shape.length === 1 ? 'F32' : type, shape }));

const model = (architecture: string, vocabulary: number, metadata: Metadata, tensors: SparseTensor[]): SparseModel => ({
  metadata: {
    'general.architecture': architecture,
    'tokenizer.ggml.model': 'none',
    ...Object.fromEntries(
      Object.entries({ vocab_size: vocabulary, ...metadata }).map(([key, value]) => [
        key.includes('.ggml.') ? key : `${architecture}.${key}`,
        value,
      ]),
    ),
  },
  tensors,
});

const perLayer = (layers: number, rows: (layer: number) => readonly Row[]): Row[] =>
  Array.from({ length: layers }, (_, layer) =>
    rows(layer).map(([name, ...shape]): Row => [`blk.${layer}.${name}`, ...shape]),
  ).flat();

const epsilon = { 'attention.layer_norm_rms_epsilon': { float: 1e-6 } };
const feedForward = (width: number, hidden: number): Row[] => [
  ['ffn_norm', width],
  ['ffn_gate', width, hidden],
  ['ffn_up', width, hidden],
  ['ffn_down', hidden, width],
];
const attention = (width: number, queries: number, keys: number, values = keys): Row[] => [
  ['attn_norm', width],
  ['attn_q', width, queries],
  ['attn_k', width, keys],
  ['attn_v', width, values],
  ['attn_output', queries, width],
];

/** Grouped-query attention. */
export const llama31of8b = (): SparseModel =>
  model(
    'llama',
    128_256,
    {
      block_count: 32,
      context_length: 131_072,
      embedding_length: 4096,
      feed_forward_length: 14_336,
      'attention.head_count': 32,
      'attention.head_count_kv': 8,
      'rope.dimension_count': 128,
      ...epsilon,
    },
    weights('Q4_K', [
      ['token_embd', 4096, 128_256],
      ['output_norm', 4096],
      ['output', 4096, 128_256],
      ...perLayer(32, () => [...attention(4096, 4096, 1024), ...feedForward(4096, 14_336)]),
    ]),
  );

/** Heads that grow from layer to layer, as OpenELM's, and more layers than a header's first 64 items. */
export const deepOpenElm = (layers = 80): SparseModel => {
  const kvHeads = Array.from({ length: layers }, (_, layer) => 1 + (layer >> 4));
  const heads = kvHeads.map((count) => count * 4);
  const hidden = kvHeads.map((count) => count * 512);
  return model(
    'openelm',
    32_000,
    {
      block_count: layers,
      context_length: 2048,
      embedding_length: 1280,
      feed_forward_length: hidden,
      'attention.head_count': heads,
      'attention.head_count_kv': kvHeads,
      'attention.key_length': 64,
      'attention.value_length': 64,
      'rope.dimension_count': 64,
      ...epsilon,
    },
    weights('F16', [
      ['token_embd', 1280, 32_000],
      ['output_norm', 1280],
      ...perLayer(layers, (layer) => [
        ['attn_norm', 1280],
        ['attn_qkv', 1280, (heads[layer]! + 2 * kvHeads[layer]!) * 64],
        ['attn_q_norm', 64],
        ['attn_k_norm', 64],
        ['attn_output', heads[layer]! * 64, 1280],
        ...feedForward(1280, hidden[layer]!),
      ]),
    ]),
  );
};

/** Five layers of six see a window of 1,024. */
export const gemma3of4b = (): SparseModel =>
  model(
    'gemma3',
    262_144,
    {
      block_count: 34,
      context_length: 131_072,
      embedding_length: 2560,
      feed_forward_length: 10_240,
      'attention.head_count': 8,
      'attention.head_count_kv': 4,
      'attention.key_length': 256,
      'attention.value_length': 256,
      'attention.sliding_window': 1024,
      ...epsilon,
    },
    weights('Q4_0', [
      ['token_embd', 2560, 262_144],
      ['output_norm', 2560],
      ...perLayer(34, () => [
        ...attention(2560, 2048, 1024),
        ['post_attention_norm', 2560],
        ['attn_k_norm', 256],
        ['attn_q_norm', 256],
        ...feedForward(2560, 10_240),
        ['post_ffw_norm', 2560],
      ]),
    ]),
  );

/** Every other layer sees a window of 128; experts in MXFP4. */
export const gptOss20b = (): SparseModel => {
  const experts = 32;
  const bias = (name: string, ...shape: number[]): SparseTensor => ({ name: `${name}.bias`, type: 'F32', shape });
  const rows: Row[] = [
    ['token_embd', 2880, 201_088],
    ['output_norm', 2880],
    ['output', 2880, 201_088],
    ...perLayer(24, () => [
      ...attention(2880, 4096, 512),
      ['post_attention_norm', 2880],
      ['attn_sinks', 64],
      ['ffn_gate_inp', 2880, experts],
    ]),
  ];
  const expertRows = perLayer(24, () => [
    ['ffn_gate_exps', 2880, 2880, experts],
    ['ffn_down_exps', 2880, 2880, experts],
    ['ffn_up_exps', 2880, 2880, experts],
  ]);
  return model(
    'gpt-oss',
    201_088,
    {
      block_count: 24,
      context_length: 131_072,
      embedding_length: 2880,
      feed_forward_length: 2880,
      expert_feed_forward_length: 2880,
      expert_count: experts,
      expert_used_count: 4,
      'attention.head_count': 64,
      'attention.head_count_kv': 8,
      'attention.key_length': 64,
      'attention.value_length': 64,
      'attention.sliding_window': 128,
      'rope.dimension_count': 64,
      ...epsilon,
    },
    [
      ...weights('Q8_0', rows),
      ...weights('MXFP4', expertRows),
      ...Array.from({ length: 24 }, (_, layer) => [
        bias(`blk.${layer}.attn_output`, 2880),
        bias(`blk.${layer}.ffn_gate_inp`, experts),
        bias(`blk.${layer}.ffn_gate_exps`, 2880, experts),
        bias(`blk.${layer}.ffn_down_exps`, 2880, experts),
        bias(`blk.${layer}.ffn_up_exps`, 2880, experts),
      ]).flat(),
    ],
  );
};

/** Latent attention, keys only; 64 experts, 6 used. */
export const deepseekV2Lite = (options: { readonly legacy?: boolean } = {}): SparseModel => {
  const [width, heads, rank, rope] = [2048, 16, 512, 64];
  const latent = options.legacy !== true;
  return model(
    'deepseek2',
    102_400,
    {
      block_count: 27,
      context_length: 163_840,
      embedding_length: width,
      feed_forward_length: 10_944,
      leading_dense_block_count: 1,
      expert_count: 64,
      expert_used_count: 6,
      expert_shared_count: 2,
      expert_feed_forward_length: 1408,
      'attention.head_count': heads,
      'attention.head_count_kv': latent ? 1 : heads,
      'attention.kv_lora_rank': rank,
      'attention.key_length': latent ? rank + rope : 192,
      'attention.value_length': latent ? rank : 128,
      ...(latent ? { 'attention.key_length_mla': 192, 'attention.value_length_mla': 128 } : {}),
      'rope.dimension_count': rope,
      ...epsilon,
    },
    weights('Q4_0', [
      ['token_embd', width, 102_400],
      ['output_norm', width],
      ['output', width, 102_400],
      ...perLayer(27, (layer) => [
        ['attn_norm', width],
        ['attn_kv_a_norm', rank],
        ['attn_q', width, heads * 192],
        ['attn_kv_a_mqa', width, rank + rope],
        ...(latent
          ? ([
              ['attn_k_b', 128, rank, heads],
              ['attn_v_b', rank, 128, heads],
            ] as const)
          : ([['attn_kv_b', rank, heads * 256]] as const)),
        ['attn_output', heads * 128, width],
        ...(layer === 0
          ? feedForward(width, 10_944)
          : ([
              ['ffn_norm', width],
              ['ffn_gate_inp', width, 64],
              ['ffn_gate_exps', width, 1408, 64],
              ['ffn_down_exps', 1408, width, 64],
              ['ffn_up_exps', width, 1408, 64],
              ['ffn_gate_shexp', width, 2816],
              ['ffn_down_shexp', 2816, width],
              ['ffn_up_shexp', width, 2816],
            ] as const)),
      ]),
    ]),
  );
};

const mambaTensors = (width: number, layer: number, options: { readonly norms: boolean }): SparseTensor[] => {
  const [inner, state, rank, kernel] = [2 * width, 16, Math.ceil(width / 16), 4];
  const named = (name: string, ...shape: number[]): SparseTensor => ({
    name: `blk.${layer}.${name}`,
    type: 'F32',
    shape,
  });
  return [
    named('ssm_in.weight', width, 2 * inner),
    named('ssm_conv1d.weight', kernel, inner),
    named('ssm_conv1d.bias', inner),
    named('ssm_x.weight', inner, rank + 2 * state),
    named('ssm_dt.weight', rank, inner),
    named('ssm_dt.bias', inner),
    named('ssm_a', state, inner),
    named('ssm_d', inner),
    named('ssm_out.weight', inner, width),
    ...(options.norms
      ? [named('ssm_dt_norm.weight', rank), named('ssm_b_norm.weight', state), named('ssm_c_norm.weight', state)]
      : []),
  ];
};

const mambaMetadata = (width: number): Metadata => ({
  'ssm.conv_kernel': 4,
  'ssm.inner_size': 2 * width,
  'ssm.state_size': 16,
  'ssm.time_step_rank': Math.ceil(width / 16),
});

/** A state in each layer and nothing per token. */
export const mamba130m = (): SparseModel =>
  model(
    'mamba',
    50_280,
    {
      block_count: 24,
      context_length: 1_048_576,
      embedding_length: 768,
      feed_forward_length: 0,
      'attention.head_count': 0,
      ...mambaMetadata(768),
      ...epsilon,
    },
    [
      ...weights('F16', [
        ['token_embd', 768, 50_280],
        ['output_norm', 768],
        ...perLayer(24, () => [['attn_norm', 768]]),
      ]),
      ...Array.from({ length: 24 }, (_, layer) => mambaTensors(768, layer, { norms: false })).flat(),
    ],
  );

/** Mamba layers with attention in every eighth. */
export const smallJamba = (): SparseModel => {
  const [layers, width] = [16, 1024];
  const kvHeads = Array.from({ length: layers }, (_, layer) => (layer % 8 === 4 ? 4 : 0));
  return model(
    'jamba',
    65_536,
    {
      block_count: layers,
      context_length: 262_144,
      embedding_length: width,
      feed_forward_length: 4096,
      'attention.head_count': 16,
      'attention.head_count_kv': kvHeads,
      ...mambaMetadata(width),
      ...epsilon,
    },
    [
      ...weights('F16', [
        ['token_embd', width, 65_536],
        ['output_norm', width],
        ...perLayer(layers, (layer) => [
          ...(kvHeads[layer] === 0 ? ([['attn_norm', width]] as const) : attention(width, width, 256)),
          ...feedForward(width, 4096),
        ]),
      ]),
      ...kvHeads.flatMap((heads, layer) => (heads === 0 ? mambaTensors(width, layer, { norms: true }) : [])),
    ],
  );
};

/** Short convolutions with attention in six of sixteen layers. */
export const lfm2of350m = (): SparseModel => {
  const [width, hidden] = [1024, 4608];
  const kvHeads = Array.from({ length: 16 }, (_, layer) => ([2, 5, 8, 10, 12, 14].includes(layer) ? 8 : 0));
  return model(
    'lfm2',
    65_536,
    {
      block_count: 16,
      context_length: 128_000,
      embedding_length: width,
      feed_forward_length: hidden,
      'attention.head_count': 16,
      'attention.head_count_kv': kvHeads,
      'shortconv.l_cache': 3,
      ...epsilon,
    },
    weights('Q4_0', [
      ['token_embd', width, 65_536],
      ['token_embd_norm', width],
      ...perLayer(16, (layer) => [
        ...(kvHeads[layer] === 0
          ? ([
              ['attn_norm', width],
              ['shortconv.conv', 3, width],
              ['shortconv.in_proj', width, 3 * width],
              ['shortconv.out_proj', width, width],
            ] as const)
          : ([...attention(width, width, 512), ['attn_q_norm', 64], ['attn_k_norm', 64]] as const)),
        ...feedForward(width, hidden),
      ]),
    ]).map((tensor) => (tensor.name.endsWith('shortconv.conv.weight') ? { ...tensor, type: 'F32' } : tensor)),
  );
};

/** An encoder: nothing is kept. */
export const bgeSmall = (): SparseModel => {
  const [layers, width, hidden, vocabulary, context] = [12, 384, 1536, 30_522, 512];
  const rows: Row[] = [
    ['token_embd', width, vocabulary],
    ['token_types', width, 2],
    ['position_embd', width, context],
    ['token_embd_norm', width],
    ...perLayer(layers, () => [
      ['attn_q', width, width],
      ['attn_k', width, width],
      ['attn_v', width, width],
      ['attn_output', width, width],
      ['attn_output_norm', width],
      ['ffn_up', width, hidden],
      ['ffn_down', hidden, width],
      ['layer_output_norm', width],
    ]),
  ];
  const biases = rows
    .filter(([name]) => name === 'token_embd_norm' || /norm$|attn_[qkv]$|ffn|attn_output$/.test(name))
    .map(([name, ...shape]): SparseTensor => ({ name: `${name}.bias`, type: 'F32', shape: [shape.at(-1)!] }));
  return model(
    'bert',
    vocabulary,
    {
      'tokenizer.ggml.token_type_count': 2,
      block_count: layers,
      context_length: context,
      embedding_length: width,
      feed_forward_length: hidden,
      pooling_type: 2,
      'attention.head_count': 12,
      'attention.causal': false,
      'attention.layer_norm_epsilon': { float: 1e-12 },
    },
    [...weights('F16', rows), ...biases],
  );
};
