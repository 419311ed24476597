/**
 * Writes a trained model as a GGUF that llama.cpp loads: weights quantized, metadata as given.
 *
 * Knows the Llama architecture's keys; the vocabulary and what a task adds are handed in.
 */
import { ggmlTypes } from '../llama/ggml-functions.js';
import { tensorBytes } from '../models/gguf-format.js';
import { f32, type GgufTensor, type GgufValue, text, u32, writeGguf } from './gguf-writer.js';
import type { Slot, TrainingModel } from './training-model.js';

export type ExportType = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q5_0' | 'Q4_0';

/** llama.cpp's `general.file_type` of a file whose matrices are of this type. */
const fileTypes: Readonly<Record<ExportType, number>> = { F32: 0, F16: 1, BF16: 32, Q8_0: 7, Q5_0: 8, Q4_0: 2 };

/** Matrices become `type`; norms stay F32. */
export const exportModel = (
  path: string,
  model: TrainingModel,
  options: {
    readonly type: ExportType;
    readonly slot: Slot;
    readonly name: string;
    readonly metadata: Readonly<Record<string, GgufValue>>;
  },
): void => {
  const { shape, llama } = model;
  const tensors = model.weights.map(({ spec, values }): GgufTensor => {
    const source = values[options.slot];
    const [columns, rows] = spec.shape;
    const type = rows === 1 ? 'F32' : options.type;
    return {
      name: spec.name,
      type,
      shape: rows === 1 ? [columns] : [columns, rows],
      *data() {
        if (type === 'F32') {
          yield new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
          return;
        }
        const bytes = new Uint8Array(tensorBytes(type, source.length));
        llama.ggml.ggml_quantize_chunk(ggmlTypes[type], source, bytes, 0, rows, columns, null);
        yield bytes;
      },
    };
  });
  writeGguf(path, {
    metadata: {
      'general.architecture': text('llama'),
      'general.name': text(options.name),
      'general.file_type': u32(fileTypes[options.type]),
      'general.quantization_version': u32(2),
      'llama.context_length': u32(shape.contextLength),
      'llama.embedding_length': u32(shape.embeddingLength),
      'llama.block_count': u32(shape.layers),
      'llama.feed_forward_length': u32(shape.feedForwardLength),
      'llama.attention.head_count': u32(shape.heads),
      'llama.attention.head_count_kv': u32(shape.kvHeads),
      'llama.attention.layer_norm_rms_epsilon': f32(shape.normEpsilon),
      'llama.rope.dimension_count': u32(shape.embeddingLength / shape.heads),
      'llama.rope.freq_base': f32(shape.ropeBase),
      ...options.metadata,
    },
    tensors,
  });
};
