/**
 * What is to be known of a loaded model: its metadata, its kind, the bytes that a token takes in the cache.
 *
 * Reads through llama.cpp, so that it says what llama.cpp made of the file.
 */
import { statSync } from 'node:fs';
import type { Llama } from '../../llama/load-llama.js';
import type { Pointer } from '../../llama/structs.js';
import type { EngineModelInfo } from '../engine.js';

/** What the vocabulary tells of itself. */
type VocabularyFact = 'bosToken' | 'eosToken' | 'addBos' | 'controlTexts';

export interface ModelFacts {
  readonly architecture: string;
  readonly trainedContextLength: number;
  /** Query heads of a layer. */
  readonly heads: number;
  /** Values of one head's key. */
  readonly headWidth: number;
  /** Bytes of keys and values of one token over all layers, at 16 bits a value; an estimate for odd architectures. */
  readonly cellBytes: number;
  /** Recurrent or hybrid: the state behind a prefix cannot be cut. */
  readonly hasState: boolean;
  readonly window: number;
  readonly encoderDecoder: boolean;
  readonly diffusion: boolean;
  readonly embeddingOnly: boolean;
  readonly pooling: number;
  readonly causal: boolean;
  readonly info: Omit<EngineModelInfo, 'contextLength' | 'parallel' | 'device' | VocabularyFact>;
}

type TextReader = (buffer: Uint8Array, size: number) => number;

const readText = (read: TextReader): string | null => {
  let buffer = new Uint8Array(512);
  let length = read(buffer, buffer.length);
  if (length >= buffer.length) {
    buffer = new Uint8Array(length + 1);
    length = read(buffer, buffer.length);
  }
  return length < 0 ? null : Buffer.from(buffer.subarray(0, Math.min(length, buffer.length))).toString('utf8');
};

/** llama.cpp's naming of shards (llama_split_path): "name-00002-of-00003.gguf". */
const shardPaths = (path: string, count: number): string[] =>
  count <= 1
    ? [path]
    : Array.from({ length: count }, (_, index) =>
        path.replace(/-\d{5}(?=-of-\d{5}\.gguf$)/, `-${String(index + 1).padStart(5, '0')}`),
      );

const readMetadata = (llama: Llama, model: Pointer): Record<string, string> => {
  const metadata: Record<string, string> = {};
  const count = llama.llama_model_meta_count(model);
  for (let index = 0; index < count; index++) {
    const key = readText((buffer, size) => llama.llama_model_meta_key_by_index(model, index, buffer, size));
    const value = readText((buffer, size) => llama.llama_model_meta_val_str_by_index(model, index, buffer, size));
    if (key !== null && value !== null) metadata[key] = value;
  }
  return metadata;
};

export const readModelFacts = (
  llama: Llama,
  model: Pointer,
  options: { readonly name: string; readonly path: string },
): ModelFacts => {
  const metadata = readMetadata(llama, model);
  const architecture = metadata['general.architecture'] ?? 'unknown';
  const number = (key: string): number | null => {
    const value = Number(metadata[`${architecture}.${key}`] ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const heads = Math.max(1, llama.llama_model_n_head(model));
  const headWidth = llama.llama_model_n_embd(model) / heads;
  const keyWidth = number('attention.key_length') ?? headWidth;
  // Multi-head latent attention keeps one latent vector, which stands in the place of the keys.
  const isLatent = (number('attention.key_length_mla') ?? 0) > 0 && (number('attention.value_length_mla') ?? 0) > 0;
  const valueWidth = isLatent ? 0 : (number('attention.value_length') ?? headWidth);
  const pooling = number('pooling_type') ?? -1;
  const causal = metadata[`${architecture}.attention.causal`] !== 'false';
  const hasEncoder = llama.llama_model_has_encoder(model);
  const hasDecoder = llama.llama_model_has_decoder(model);
  const vocabulary = llama.llama_model_get_vocab(model);
  const embeddingOnly = !hasDecoder || !causal || pooling > 0;
  const trainedContextLength = Math.max(1, llama.llama_model_n_ctx_train(model));
  return {
    architecture,
    trainedContextLength,
    heads,
    headWidth: keyWidth,
    cellBytes: llama.llama_model_n_layer(model) * llama.llama_model_n_head_kv(model) * (keyWidth + valueWidth) * 2,
    hasState: llama.llama_model_is_recurrent(model) || llama.llama_model_is_hybrid(model),
    window: Math.max(0, llama.llama_model_n_swa(model)),
    encoderDecoder: hasEncoder && hasDecoder,
    diffusion: llama.llama_model_is_diffusion(model),
    embeddingOnly,
    pooling,
    causal,
    info: {
      name: options.name,
      architecture,
      description: readText((buffer, size) => llama.llama_model_desc(model, buffer, size)) ?? architecture,
      parameterCount: Number(llama.llama_model_n_params(model)),
      fileBytes: shardPaths(options.path, Number(metadata['split.count'] ?? 1)).reduce(
        (sum, path) => sum + statSync(path).size,
        0,
      ),
      trainedContextLength,
      vocabularySize: llama.llama_vocab_n_tokens(vocabulary),
      embeddingLength: llama.llama_model_n_embd_out(model),
      chatTemplate: llama.llama_model_chat_template(model, null),
      metadata,
      embeddingOnly,
    },
  };
};
