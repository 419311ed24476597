/**
 * The weights of a model in training, with what the optimizer keeps of them, in native memory.
 *
 * Four F32 tensors per weight: the weight, AdamW's two moments, and an exponential moving average of the weight (the
 * one that is exported: it generalizes better than the last step). Knows nothing of graphs or data.
 */
import { ggmlTypes } from '../llama/ggml-functions.js';
import type { Llama } from '../llama/load-llama.js';
import { viewFloats } from '../llama/native-memory.js';
import type { Pointer } from '../llama/structs.js';
import type { LlamaShape, WeightSpec } from './llama-graph.js';
import { llamaWeights } from './llama-graph.js';
import { createRng } from './rng.js';
import { TuneError } from './tune-error.js';

export const slots = ['weight', 'firstMoment', 'secondMoment', 'average'] as const;
export type Slot = (typeof slots)[number];

export interface TrainingWeight {
  readonly spec: WeightSpec;
  readonly tensors: Readonly<Record<Slot, Pointer>>;
  /** Views of the native memory, `spec.shape` values each. */
  readonly values: Readonly<Record<Slot, Float32Array>>;
}

export interface TrainingModel {
  readonly shape: LlamaShape;
  readonly llama: Llama;
  readonly backend: Pointer;
  readonly weights: readonly TrainingWeight[];
  readonly parameterCount: number;
  free(): void;
}

/** Allocates and initializes; the same seed gives the same weights. Throws TuneError `out-of-memory`. */
export const createTrainingModel = (
  llama: Llama,
  shape: LlamaShape,
  options: { readonly seed: number; readonly threads: number },
): TrainingModel => {
  const { ggml } = llama;
  const specs = llamaWeights(shape);
  const backend = ggml.ggml_backend_init_by_type(0, null);
  const context = ggml.ggml_init({
    mem_size: Number(ggml.ggml_tensor_overhead()) * (specs.length * slots.length + 8),
    mem_buffer: null,
    no_alloc: true,
  });
  if (backend === null || context === null)
    throw new TuneError('out-of-memory', 'Cannot start training: ggml gave no CPU backend.');
  llama.setBackendThreads(backend, options.threads);
  const tensors = specs.map((spec) => {
    const make = (): Pointer => ggml.ggml_new_tensor_4d(context, ggmlTypes.F32, ...spec.shape);
    const tensor = { weight: make(), firstMoment: make(), secondMoment: make(), average: make() };
    ggml.ggml_set_param(tensor.weight);
    return tensor;
  });
  const buffer = ggml.ggml_backend_alloc_ctx_tensors(context, backend);
  const parameterCount = specs.reduce((sum, { shape: [a, b] }) => sum + a * b, 0);
  if (buffer === null)
    throw new TuneError(
      'out-of-memory',
      `Cannot start training: ${parameterCount} weights need ${(parameterCount * 16) / 2 ** 20} MiB.`,
    );

  const rng = createRng(options.seed);
  const weights = specs.map((spec, index): TrainingWeight => {
    const slotTensors = tensors[index]!;
    const length = spec.shape[0] * spec.shape[1];
    const view = (slot: Slot): Float32Array => viewFloats(ggml.ggml_get_data(slotTensors[slot])!, length);
    const values = {
      weight: view('weight'),
      firstMoment: view('firstMoment').fill(0),
      secondMoment: view('secondMoment').fill(0),
      average: view('average'),
    };
    if (spec.initialDeviation === null) values.weight.fill(1);
    else for (let at = 0; at < length; at++) values.weight[at] = rng.normal() * spec.initialDeviation;
    values.average.set(values.weight);
    return { spec, tensors: slotTensors, values };
  });
  return {
    shape,
    llama,
    backend,
    weights,
    parameterCount,
    free() {
      ggml.ggml_backend_buffer_free(buffer);
      ggml.ggml_free(context);
      ggml.ggml_backend_free(backend);
    },
  };
};
