/**
 * One training step as one ggml graph: forward, backward, clipping, AdamW and the moving average, for one batch shape.
 *
 * The graph is built once per shape and computed many times; only its inputs change, written through views of native
 * memory. Knows nothing of where batches come from.
 */
import { ggmlTypes } from '../llama/ggml-functions.js';
import type { GgmlFunctions } from '../llama/load-llama.js';
import { viewFloats, viewInts } from '../llama/native-memory.js';
import type { Pointer } from '../llama/structs.js';
import { createTape, type Shape } from './autodiff.js';
import { dropoutMaskCount, llamaForward } from './llama-graph.js';
import type { Slot, TrainingModel } from './training-model.js';
import { TuneError } from './tune-error.js';

export type ComputeType = 'F32' | 'BF16' | 'F16';

export interface StepShape {
  /** Tokens per row, and rows. */
  readonly time: number;
  readonly batch: number;
  /** Positions that carry a label, at most. */
  readonly outputs: number;
}

/** Inputs of a step, as views to write into. */
export interface StepInputs {
  /** [batch * time], row by row. */
  readonly tokens: Int32Array;
  /** [outputs]: index into tokens whose next token is judged. */
  readonly outputs: Int32Array;
  /** [outputs * vocabulary]: target distribution times the row's weight; all zero where unused. */
  readonly targets: Float32Array;
  /** [outputs]: weight of each row; the weights of a batch sum to 1. */
  readonly weights: Float32Array;
  /** Dropout masks [batch * time * width] each; empty without dropout. */
  readonly dropout: readonly Float32Array[];
}

export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 for the first step. */
  readonly step: number;
  /** Global gradient norm is cut down to this. */
  readonly clipNorm: number;
  /** Share of the new weight in the moving average. */
  readonly averageRate: number;
}

export interface TrainingStep {
  readonly shape: StepShape;
  readonly inputs: StepInputs;
  /** Computes the step; returns the mean loss before it and the gradient's norm. Throws TuneError `training-diverged`. */
  run(settings: OptimizerSettings): { readonly loss: number; readonly gradientNorm: number };
  readonly bytes: number;
  free(): void;
}

export interface EvaluationStep {
  readonly shape: StepShape;
  readonly inputs: Pick<StepInputs, 'tokens' | 'outputs'>;
  /** Logits [outputs * vocabulary]; valid until the next run. */
  run(): Float32Array;
  free(): void;
}

const maskedOut = -1e30;

interface InputTensors {
  readonly context: Pointer;
  readonly tensor: (type: 'F32' | 'I32', shape: Shape) => Pointer;
  allocate(): Pointer;
}

const createInputs = (ggml: GgmlFunctions, backend: Pointer, capacity: number): InputTensors => {
  const context = ggml.ggml_init({
    mem_size: Number(ggml.ggml_tensor_overhead()) * (capacity + 1),
    mem_buffer: null,
    no_alloc: true,
  });
  if (context === null) throw new TuneError('out-of-memory', 'Cannot build a training graph: ggml gave no context.');
  return {
    context,
    tensor: (type, shape) => ggml.ggml_new_tensor_4d(context, ggmlTypes[type], ...shape),
    allocate() {
      const buffer = ggml.ggml_backend_alloc_ctx_tensors(context, backend);
      if (buffer === null)
        throw new TuneError('out-of-memory', 'Cannot build a training graph: its inputs do not fit into memory.');
      return buffer;
    },
  };
};

const graphNodes = 16_384;

const createGraphContext = (ggml: GgmlFunctions): Pointer => {
  const context = ggml.ggml_init({
    mem_size:
      Number(ggml.ggml_tensor_overhead()) * graphNodes + Number(ggml.ggml_graph_overhead_custom(graphNodes, false)),
    mem_buffer: null,
    no_alloc: true,
  });
  if (context === null) throw new TuneError('out-of-memory', 'Cannot build a training graph: ggml gave no context.');
  return context;
};

const causalMask = (time: number): Float32Array => {
  const mask = new Float32Array(time * time);
  for (let query = 0; query < time; query++)
    for (let key = query + 1; key < time; key++) mask[query * time + key] = maskedOut;
  return mask;
};

/** What training and evaluation share: inputs, weights as leaves, the forward graph. */
const buildForward = (
  model: TrainingModel,
  shape: StepShape,
  options: {
    readonly computeType: ComputeType;
    readonly slot: Slot;
    readonly train: boolean;
    readonly dropout: boolean;
  },
) => {
  const { ggml } = model.llama;
  const { time, batch } = shape;
  const maskCount = options.dropout ? dropoutMaskCount(model.shape) : 0;
  const given = createInputs(ggml, model.backend, 16 + maskCount);
  const tensors = {
    tokens: given.tensor('I32', [time * batch, 1, 1, 1]),
    positions: given.tensor('I32', [time, 1, 1, 1]),
    mask: given.tensor('F32', [time, time, 1, 1]),
    outputs: given.tensor('I32', [shape.outputs, 1, 1, 1]),
    targets: given.tensor('F32', [
      options.train ? model.shape.vocabularySize : 1,
      options.train ? shape.outputs : 1,
      1,
      1,
    ]),
    weights: given.tensor('F32', [1, shape.outputs, 1, 1]),
    settings: given.tensor('F32', [7, 1, 1, 1]),
    clip: given.tensor('F32', [1, 1, 1, 1]),
    averageRate: given.tensor('F32', [1, 1, 1, 1]),
    dropout: Array.from({ length: maskCount }, () =>
      given.tensor('F32', [model.shape.embeddingLength, time * batch, 1, 1]),
    ),
  };
  const inputBuffer = given.allocate();
  const floats = (tensor: Pointer, length: number) => viewFloats(ggml.ggml_get_data(tensor)!, length);
  const ints = (tensor: Pointer, length: number) => viewInts(ggml.ggml_get_data(tensor)!, length);
  ints(tensors.positions, time).set(Array.from({ length: time }, (_, index) => index));
  floats(tensors.mask, time * time).set(causalMask(time));

  const context = createGraphContext(ggml);
  const tape = createTape(ggml, context, { computeType: options.computeType });
  const leaves = new Map(
    model.weights.map((weight) => [
      weight.spec.name,
      tape.leaf(weight.tensors[options.slot], weight.spec.shape, options.train),
    ]),
  );
  const logits = llamaForward(tape, model.shape, leaves, {
    tokens: tensors.tokens,
    positions: tensors.positions,
    mask: tensors.mask,
    outputs: tensors.outputs,
    outputCount: shape.outputs,
    dropout: tensors.dropout,
    time,
    batch,
  });
  return { ggml, context, inputContext: given.context, inputBuffer, tape, leaves, logits, tensors, floats, ints };
};

const allocateGraph = (ggml: GgmlFunctions, backend: Pointer, graph: Pointer): Pointer => {
  const allocator = ggml.ggml_gallocr_new(ggml.ggml_backend_get_default_buffer_type(backend));
  if (!ggml.ggml_gallocr_alloc_graph(allocator, graph))
    throw new TuneError(
      'out-of-memory',
      'Cannot build a training graph: its tensors do not fit into memory; use a smaller batch.',
    );
  return allocator;
};

/** Builds the training graph for one batch shape. */
export const createTrainingStep = (
  model: TrainingModel,
  shape: StepShape,
  options: { readonly computeType: ComputeType; readonly dropout: boolean },
): TrainingStep => {
  const built = buildForward(model, shape, { ...options, slot: 'weight', train: true });
  const { ggml, context, tape, leaves, logits, tensors, floats, ints } = built;
  const vocabulary = model.shape.vocabularySize;
  const loss = tape.crossEntropy(logits, tensors.targets, tensors.weights);
  tape.backward();

  const graph = ggml.ggml_new_graph_custom(context, graphNodes, false);
  ggml.ggml_set_output(loss);
  ggml.ggml_build_forward_expand(graph, loss);
  const gradients = model.weights.map((weight) => leaves.get(weight.spec.name)!.gradient);
  let squares: Pointer | null = null;
  for (const gradient of gradients) {
    if (gradient === null) continue;
    const square = ggml.ggml_sum(context, ggml.ggml_sqr(context, gradient));
    squares = squares === null ? square : ggml.ggml_add(context, squares, square);
  }
  const norm = ggml.ggml_sqrt(context, squares!);
  ggml.ggml_set_output(norm);
  // clip / norm, at most 1
  const factor = ggml.ggml_clamp(context, ggml.ggml_div(context, tensors.clip, norm), 0, 1);
  model.weights.forEach((weight, index) => {
    const gradient = gradients[index];
    if (gradient === null || gradient === undefined) return;
    const { weight: value, firstMoment, secondMoment, average } = weight.tensors;
    const clipped = ggml.ggml_mul(context, gradient, factor);
    const updated = ggml.ggml_opt_step_adamw(context, value, clipped, firstMoment, secondMoment, tensors.settings);
    const moved = ggml.ggml_add(
      context,
      average,
      ggml.ggml_mul(context, ggml.ggml_sub(context, updated, average), tensors.averageRate),
    );
    ggml.ggml_build_forward_expand(graph, ggml.ggml_cpy(context, moved, average));
  });
  const allocator = allocateGraph(ggml, model.backend, graph);
  const settings = floats(tensors.settings, 7);
  const clip = floats(tensors.clip, 1);
  const averageRate = floats(tensors.averageRate, 1);
  const lossView = floats(loss, 1);
  const normView = floats(norm, 1);

  return {
    shape,
    inputs: {
      tokens: ints(tensors.tokens, shape.time * shape.batch).fill(0),
      outputs: ints(tensors.outputs, shape.outputs).fill(0),
      targets: floats(tensors.targets, shape.outputs * vocabulary).fill(0),
      weights: floats(tensors.weights, shape.outputs).fill(0),
      dropout: tensors.dropout.map((mask) =>
        floats(mask, model.shape.embeddingLength * shape.time * shape.batch).fill(1),
      ),
    },
    bytes:
      Number(ggml.ggml_gallocr_get_buffer_size(allocator, 0)) +
      Number(ggml.ggml_backend_buffer_get_size(built.inputBuffer)),
    run(optimizer) {
      settings.set([
        optimizer.learningRate,
        optimizer.beta1,
        optimizer.beta2,
        optimizer.epsilon,
        optimizer.weightDecay,
        1 / (1 - optimizer.beta1 ** optimizer.step),
        1 / (1 - optimizer.beta2 ** optimizer.step),
      ]);
      clip[0] = optimizer.clipNorm;
      averageRate[0] = optimizer.averageRate;
      const status = ggml.ggml_backend_graph_compute(model.backend, graph);
      if (status !== 0)
        throw new TuneError('compute-failed', `Cannot compute a training step: ggml returned status ${status}.`);
      const result = { loss: lossView[0]!, gradientNorm: normView[0]! };
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
        throw new TuneError(
          'training-diverged',
          `Training diverged at step ${optimizer.step}: loss ${result.loss}, gradient norm ${result.gradientNorm}; lower the learning rate (now ${optimizer.learningRate}).`,
        );
      return result;
    },
    free() {
      ggml.ggml_gallocr_free(allocator);
      ggml.ggml_backend_buffer_free(built.inputBuffer);
      ggml.ggml_free(context);
      ggml.ggml_free(built.inputContext);
    },
  };
};

/** Builds a forward-only graph on the weights of `slot`. */
export const createEvaluationStep = (
  model: TrainingModel,
  shape: StepShape,
  options: { readonly computeType: ComputeType; readonly slot: Slot },
): EvaluationStep => {
  const built = buildForward(model, shape, { ...options, train: false, dropout: false });
  const { ggml, context, logits, tensors, floats, ints } = built;
  const graph = ggml.ggml_new_graph_custom(context, graphNodes, false);
  ggml.ggml_set_output(logits.tensor);
  ggml.ggml_build_forward_expand(graph, logits.tensor);
  const allocator = allocateGraph(ggml, model.backend, graph);
  const result = floats(logits.tensor, shape.outputs * model.shape.vocabularySize);
  return {
    shape,
    inputs: {
      tokens: ints(tensors.tokens, shape.time * shape.batch).fill(0),
      outputs: ints(tensors.outputs, shape.outputs).fill(0),
    },
    run() {
      const status = ggml.ggml_backend_graph_compute(model.backend, graph);
      if (status !== 0)
        throw new TuneError('compute-failed', `Cannot compute an evaluation: ggml returned status ${status}.`);
      return result;
    },
    free() {
      ggml.ggml_gallocr_free(allocator);
      ggml.ggml_backend_buffer_free(built.inputBuffer);
      ggml.ggml_free(context);
      ggml.ggml_free(built.inputContext);
    },
  };
};
