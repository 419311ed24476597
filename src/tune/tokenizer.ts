/**
 * Tokenizes training text with llama.cpp's own tokenizer over a vocabulary of ours, so that training and serving agree.
 *
 * The vocabulary goes through a GGUF without weights in the temporary folder. Knows nothing of models or tasks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Llama } from '../llama/load-llama.js';
import { bool, type GgufValue, i32s, text, texts, u32, writeGguf } from './gguf-writer.js';
import { TuneError } from './tune-error.js';

export interface Vocabulary {
  readonly tokens: readonly string[];
  /** Ids of tokens that plain text never yields. */
  readonly special: ReadonlySet<number>;
  readonly merges: readonly string[];
  readonly bos: number;
  readonly eos: number;
}

export interface Tokenizer {
  /** Token ids of `text`; special tokens in it are read as plain characters. */
  encode(text: string): number[];
  free(): void;
}

/** The `tokenizer.ggml.*` metadata of a vocabulary. */
export const vocabularyMetadata = (vocabulary: Vocabulary): Record<string, GgufValue> => ({
  'tokenizer.ggml.model': text('gpt2'),
  'tokenizer.ggml.pre': text('qwen2'),
  'tokenizer.ggml.tokens': texts(vocabulary.tokens),
  'tokenizer.ggml.token_type': i32s(vocabulary.tokens.map((_, id) => (vocabulary.special.has(id) ? 3 : 1))),
  'tokenizer.ggml.merges': texts(vocabulary.merges),
  'tokenizer.ggml.bos_token_id': u32(vocabulary.bos),
  'tokenizer.ggml.eos_token_id': u32(vocabulary.eos),
  'tokenizer.ggml.padding_token_id': u32(vocabulary.eos),
  'tokenizer.ggml.add_bos_token': bool(true),
});

export const createTokenizer = (llama: Llama, vocabulary: Vocabulary): Tokenizer => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-vocabulary-'));
  try {
    const path = join(folder, 'vocabulary.gguf');
    writeGguf(path, {
      metadata: { 'general.architecture': text('llama'), ...vocabularyMetadata(vocabulary) },
      tensors: [],
    });
    const model = llama.llama_model_load_from_file(path, { ...llama.llama_model_default_params(), vocab_only: true });
    if (model === null) throw new TuneError('invalid-data', 'Cannot use this vocabulary: llama.cpp does not load it.');
    const vocab = llama.llama_model_get_vocab(model);
    let ids = new Int32Array(256);
    const encode = (input: string): number[] => {
      const bytes = Buffer.from(input, 'utf8');
      const count = llama.llama_tokenize(vocab, bytes, bytes.length, ids, ids.length, false, false);
      if (count >= 0) return Array.from(ids.subarray(0, count));
      ids = new Int32Array(-count);
      return encode(input);
    };
    return { encode, free: () => llama.llama_model_free(model) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
