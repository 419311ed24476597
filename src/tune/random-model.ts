/**
 * Writes model files of a real shape with random weights, for benches and tests that must not download anything.
 *
 * The vocabulary is a byte-level BPE: 256 bytes, a few merges, special tokens of ChatML, and filler tokens up to the
 * size asked for. What such a model says is noise; how long it takes to say it is not.
 */
import type { GgufTensorType } from '../models/gguf-format.js';
import { tensorBytes } from '../models/gguf-format.js';
import { byteLevelAlphabet } from './byte-level.js';
import { bool, f32, type GgufTensor, type GgufValue, i32s, text, texts, u32, writeGguf } from './gguf-writer.js';

export interface RandomModelShape {
  readonly architecture: 'llama' | 'qwen2';
  readonly embeddingLength: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForwardLength: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
}

/** Qwen2.5-0.5B (config.json of Qwen/Qwen2.5-0.5B). */
export const qwen05bShape: RandomModelShape = {
  architecture: 'qwen2',
  embeddingLength: 896,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  feedForwardLength: 4864,
  vocabularySize: 151_936,
  contextLength: 32_768,
};

/** A model of about a megabyte for tests. */
export const tinyShape: RandomModelShape = {
  architecture: 'llama',
  embeddingLength: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  feedForwardLength: 160,
  vocabularySize: 512,
  contextLength: 2048,
};

type RandomWeightType = Extract<GgufTensorType, 'F32' | 'Q4_0' | 'Q8_0'>;

const chatTemplate = [
  "{%- for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}",
  "{%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
].join('');

const mulberry32 = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const float16 = (value: number): number => {
  // Positive normal values only, which is all that a block scale here needs.
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.round((value / 2 ** exponent - 1) * 1024);
};

/** A pool of random blocks with a standard deviation near `deviation`, repeated to fill a tensor. */
const randomPool = (type: RandomWeightType, deviation: number, random: () => number): Uint8Array => {
  const blocks = 32_768;
  if (type === 'F32') {
    const pool = new Float32Array(blocks * 32);
    for (let index = 0; index < pool.length; index++) pool[index] = (random() * 2 - 1) * deviation * Math.sqrt(3);
    return new Uint8Array(pool.buffer);
  }
  const bytes = type === 'Q4_0' ? 18 : 34;
  const levels = type === 'Q4_0' ? 16 : 256;
  const scale = float16((deviation * Math.sqrt(12)) / levels);
  const pool = Buffer.alloc(blocks * bytes);
  for (let index = 0; index < pool.length; index++) pool[index] = Math.floor(random() * 256);
  for (let block = 0; block < blocks; block++) pool.writeUInt16LE(scale, block * bytes);
  return pool;
};

const vocabulary = (size: number): { tokens: string[]; types: number[]; merges: string[]; special: number } => {
  const tokens = [...byteLevelAlphabet];
  const merges = ['t h', 'th e', 'i n', 'Ġ the', 'e r', 'a n', 'o n', 'Ġ a', 'Ġ w', 'r e'];
  for (const merge of merges) tokens.push(merge.replace(' ', ''));
  const specials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  while (tokens.length < size - specials.length) tokens.push(`Ġw${tokens.length}`);
  const special = tokens.length;
  tokens.push(...specials);
  const types = tokens.map((_, index) => (index >= special ? 3 : 1));
  return { tokens, types, merges, special };
};

/** Writes the model; the same shape, type and seed give the same bytes. Norm weights are 1, biases 0. */
export const writeRandomModel = (
  path: string,
  shape: RandomModelShape,
  options: { readonly type: RandomWeightType; readonly seed: number; readonly name?: string },
): void => {
  const random = mulberry32(options.seed);
  const { architecture: arch, embeddingLength: width, feedForwardLength: hidden } = shape;
  const pool = randomPool(options.type, 0.02, random);
  const kvWidth = (width / shape.heads) * shape.kvHeads;

  const matrix = (name: string, columns: number, rows: number): GgufTensor => ({
    name,
    type: options.type,
    shape: [columns, rows],
    *data() {
      let left = tensorBytes(options.type, columns * rows);
      for (; left > pool.length; left -= pool.length) yield pool;
      yield pool.subarray(0, left);
    },
  });
  const vector = (name: string, length: number, value: number): GgufTensor => ({
    name,
    type: 'F32',
    shape: [length],
    data: () => [new Uint8Array(new Float32Array(length).fill(value).buffer)],
  });

  const tensors: GgufTensor[] = [
    matrix('token_embd.weight', width, shape.vocabularySize),
    vector('output_norm.weight', width, 1),
  ];
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`;
    tensors.push(
      vector(`${block}.attn_norm.weight`, width, 1),
      matrix(`${block}.attn_q.weight`, width, width),
      matrix(`${block}.attn_k.weight`, width, kvWidth),
      matrix(`${block}.attn_v.weight`, width, kvWidth),
      matrix(`${block}.attn_output.weight`, width, width),
      vector(`${block}.ffn_norm.weight`, width, 1),
      matrix(`${block}.ffn_gate.weight`, width, hidden),
      matrix(`${block}.ffn_up.weight`, width, hidden),
      matrix(`${block}.ffn_down.weight`, hidden, width),
    );
    if (arch === 'qwen2')
      tensors.push(
        vector(`${block}.attn_q.bias`, width, 0),
        vector(`${block}.attn_k.bias`, kvWidth, 0),
        vector(`${block}.attn_v.bias`, kvWidth, 0),
      );
  }

  const { tokens, types, merges, special } = vocabulary(shape.vocabularySize);
  const metadata: Record<string, GgufValue> = {
    'general.architecture': text(arch),
    'general.name': text(options.name ?? `random-${arch}`),
    'general.file_type': u32({ F32: 0, Q4_0: 2, Q8_0: 7 }[options.type]),
    [`${arch}.context_length`]: u32(shape.contextLength),
    [`${arch}.embedding_length`]: u32(width),
    [`${arch}.block_count`]: u32(shape.layers),
    [`${arch}.feed_forward_length`]: u32(hidden),
    [`${arch}.attention.head_count`]: u32(shape.heads),
    [`${arch}.attention.head_count_kv`]: u32(shape.kvHeads),
    [`${arch}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    [`${arch}.rope.freq_base`]: f32(arch === 'qwen2' ? 1_000_000 : 10_000),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('qwen2'),
    'tokenizer.ggml.tokens': texts(tokens),
    'tokenizer.ggml.token_type': i32s(types),
    'tokenizer.ggml.merges': texts(merges),
    'tokenizer.ggml.bos_token_id': u32(special),
    'tokenizer.ggml.eos_token_id': u32(special + 2),
    'tokenizer.ggml.padding_token_id': u32(special),
    'tokenizer.ggml.add_bos_token': bool(false),
    'tokenizer.chat_template': text(chatTemplate),
  };
  if (arch === 'llama') metadata['llama.rope.dimension_count'] = u32(width / shape.heads);
  writeGguf(path, { metadata, tensors });
};
