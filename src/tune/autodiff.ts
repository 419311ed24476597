/**
 * Reverse-mode differentiation over ggml graphs: each operation builds its forward node and knows its backward nodes.
 *
 * ggml's own backward pass writes weight gradients with `out_prod`, which is several times slower on a CPU than
 * `mul_mat`, and stops at the attention cache. Here every product, forward and backward, is a `mul_mat` on weights and
 * transposed copies in the compute type (BF16 where the CPU multiplies it in hardware), with F32 master weights,
 * gradients and sums. Knows nothing of models or optimizers.
 *
 * Shapes are ggml's: four extents, the first contiguous.
 */
import { type GgmlTypeName, ggmlTypes } from '../llama/ggml-functions.js';
import type { GgmlFunctions } from '../llama/load-llama.js';
import type { Pointer } from '../llama/structs.js';

export type Shape = readonly [number, number, number, number];

/** A node of the graph; `gradient` is the sum of what its uses sent back, once `backward` ran. */
export interface Variable {
  readonly tensor: Pointer;
  readonly shape: Shape;
  readonly needsGradient: boolean;
  gradient: Pointer | null;
}

export interface RopeOptions {
  readonly dimensions: number;
  /** 0: pairs of neighbours (llama), 2: halves (NeoX, qwen2). */
  readonly mode: number;
  readonly base: number;
}

export interface Tape {
  readonly context: Pointer;
  /** A tensor that is given: an input, a frozen weight (no gradient) or a trained one. */
  leaf(tensor: Pointer, shape: Shape, needsGradient: boolean): Variable;
  /** weight [in, out], x [in, n...] -> [out, n...]. */
  linear(weight: Variable, x: Variable): Variable;
  /** table [width, rows], ids [n] -> [width, n]. */
  rows(table: Variable, ids: Pointer, count: number): Variable;
  add(a: Variable, b: Variable): Variable;
  /** Element-wise by a constant tensor of the same shape, such as a dropout mask. */
  mask(x: Variable, mask: Pointer): Variable;
  /** RMS norm over the first extent times weight [width]. */
  rmsNorm(x: Variable, weight: Variable, epsilon: number): Variable;
  /** silu(gate) * up. */
  swiglu(gate: Variable, up: Variable): Variable;
  /** x [headWidth, heads, time, batch]; positions [time]. */
  rope(x: Variable, positions: Pointer, options: RopeOptions): Variable;
  /**
   * Attention over q [headWidth, heads, time, batch], k and v [headWidth, kvHeads, time, batch] with an additive mask
   * [time, time, 1, 1 or batch]; -> [headWidth * heads, time, batch, 1].
   */
  attention(q: Variable, k: Variable, v: Variable, mask: Pointer): Variable;
  reshape(x: Variable, shape: Shape): Variable;
  /**
   * Cross entropy of logits [classes, n] against target distributions [classes, n] scaled by their row's weight, and
   * those weights [1, n]. Returns the scalar sum of weighted losses (for reading) and seeds the backward pass.
   */
  crossEntropy(logits: Variable, target: Pointer, weights: Pointer): Pointer;
  /** Builds the backward nodes; afterwards each variable that needs one has its `gradient`. */
  backward(): void;
}

const count = (shape: Shape): number => shape[0] * shape[1] * shape[2] * shape[3];

export const createTape = (
  ggml: GgmlFunctions,
  context: Pointer,
  options: { readonly computeType: Extract<GgmlTypeName, 'F32' | 'BF16' | 'F16'> },
): Tape => {
  const computeType = ggmlTypes[options.computeType];
  const backwardSteps: (() => void)[] = [];
  const casts = new Map<Pointer, Pointer>();
  const transposedCasts = new Map<Pointer, Pointer>();

  const variable = (tensor: Pointer, shape: Shape, needsGradient: boolean): Variable => ({
    tensor,
    shape,
    needsGradient,
    gradient: null,
  });
  const accumulate = (target: Variable, gradient: Pointer): void => {
    if (!target.needsGradient) return;
    target.gradient = target.gradient === null ? gradient : ggml.ggml_add(context, target.gradient, gradient);
  };
  /** Runs `step` in the backward pass with the gradient of `result`, unless nothing flowed into it. */
  const onBackward = (result: Variable, step: (gradient: Pointer) => void): Variable => {
    if (result.needsGradient)
      backwardSteps.push(() => {
        if (result.gradient !== null) step(result.gradient);
      });
    return result;
  };
  const flat = (tensor: Pointer, rows: number, columns: number): Pointer =>
    ggml.ggml_reshape_4d(context, tensor, rows, columns, 1, 1);
  const contiguousTransposed = (tensor: Pointer): Pointer =>
    ggml.ggml_cont(context, ggml.ggml_transpose(context, tensor));
  const cached = (cache: Map<Pointer, Pointer>, key: Pointer, make: () => Pointer): Pointer => {
    const found = cache.get(key) ?? make();
    cache.set(key, found);
    return found;
  };
  const inComputeType = (tensor: Pointer): Pointer =>
    computeType === ggmlTypes.F32 ? tensor : cached(casts, tensor, () => ggml.ggml_cast(context, tensor, computeType));
  const transposedInComputeType = (tensor: Pointer): Pointer =>
    cached(transposedCasts, tensor, () =>
      computeType === ggmlTypes.F32
        ? contiguousTransposed(tensor)
        : ggml.ggml_cast(context, ggml.ggml_transpose(context, tensor), computeType),
    );

  const self: Tape = {
    context,
    leaf: variable,

    linear(weight, x) {
      const [inputs, outputs] = weight.shape;
      const columns = count(x.shape) / inputs;
      const flatX = flat(x.tensor, inputs, columns);
      const y = ggml.ggml_mul_mat(context, inComputeType(weight.tensor), flatX);
      const shape: Shape = [outputs, x.shape[1], x.shape[2], x.shape[3]];
      const result = variable(
        ggml.ggml_reshape_4d(context, y, ...shape),
        shape,
        weight.needsGradient || x.needsGradient,
      );
      return onBackward(result, (gradient) => {
        const dy = flat(gradient, outputs, columns);
        if (x.needsGradient) {
          const dx = ggml.ggml_mul_mat(context, transposedInComputeType(weight.tensor), dy);
          accumulate(x, ggml.ggml_reshape_4d(context, dx, ...x.shape));
        }
        if (weight.needsGradient)
          accumulate(weight, ggml.ggml_mul_mat(context, transposedInComputeType(flatX), transposedInComputeType(dy)));
      });
    },

    rows(table, ids, rowCount) {
      const shape: Shape = [table.shape[0], rowCount, 1, 1];
      const result = variable(ggml.ggml_get_rows(context, table.tensor, ids), shape, table.needsGradient);
      return onBackward(result, (gradient) =>
        accumulate(table, ggml.ggml_get_rows_back(context, flat(gradient, shape[0], rowCount), ids, table.tensor)),
      );
    },

    add(a, b) {
      const result = variable(ggml.ggml_add(context, a.tensor, b.tensor), a.shape, a.needsGradient || b.needsGradient);
      return onBackward(result, (gradient) => {
        accumulate(a, gradient);
        accumulate(b, gradient);
      });
    },

    mask(x, mask) {
      const result = variable(ggml.ggml_mul(context, x.tensor, mask), x.shape, x.needsGradient);
      return onBackward(result, (gradient) => accumulate(x, ggml.ggml_mul(context, gradient, mask)));
    },

    rmsNorm(x, weight, epsilon) {
      const normalized = ggml.ggml_rms_norm(context, x.tensor, epsilon);
      const result = variable(
        ggml.ggml_mul(context, normalized, weight.tensor),
        x.shape,
        x.needsGradient || weight.needsGradient,
      );
      return onBackward(result, (gradient) => {
        if (weight.needsGradient)
          accumulate(
            weight,
            ggml.ggml_repeat_back(context, ggml.ggml_mul(context, gradient, normalized), weight.tensor),
          );
        if (x.needsGradient)
          accumulate(
            x,
            ggml.ggml_rms_norm_back(context, ggml.ggml_mul(context, gradient, weight.tensor), x.tensor, epsilon),
          );
      });
    },

    swiglu(gate, up) {
      const result = variable(
        ggml.ggml_swiglu_split(context, gate.tensor, up.tensor),
        gate.shape,
        gate.needsGradient || up.needsGradient,
      );
      return onBackward(result, (gradient) => {
        accumulate(up, ggml.ggml_mul(context, gradient, ggml.ggml_silu(context, gate.tensor)));
        accumulate(gate, ggml.ggml_silu_back(context, ggml.ggml_mul(context, gradient, up.tensor), gate.tensor));
      });
    },

    rope(x, positions, rope) {
      const settings = [null, rope.dimensions, rope.mode, 0, rope.base, 1, 0, 1, 32, 1] as const;
      const result = variable(ggml.ggml_rope_ext(context, x.tensor, positions, ...settings), x.shape, x.needsGradient);
      return onBackward(result, (gradient) =>
        accumulate(x, ggml.ggml_rope_ext_back(context, gradient, positions, ...settings)),
      );
    },

    attention(q, k, v, mask) {
      const [headWidth, heads, time, batch] = q.shape;
      const kvHeads = k.shape[1];
      const group = heads / kvHeads;
      const scale = 1 / Math.sqrt(headWidth);
      // [headWidth, heads, time, batch] <-> [headWidth, time, heads, batch]
      const swap = (tensor: Pointer): Pointer =>
        ggml.ggml_cont(context, ggml.ggml_permute(context, tensor, 0, 2, 1, 3));
      const qt = swap(q.tensor);
      const kt = swap(k.tensor);
      const vt = swap(v.tensor);
      const scores = ggml.ggml_mul_mat(context, kt, qt); // [timeK, timeQ, heads, batch]
      const probabilities = ggml.ggml_soft_max_ext(context, scores, mask, scale, 0);
      const mixed = ggml.ggml_mul_mat(context, contiguousTransposed(vt), probabilities); // [headWidth, timeQ, heads, batch]
      const shape: Shape = [headWidth * heads, time, batch, 1];
      const result = variable(
        ggml.ggml_reshape_4d(context, swap(mixed), ...shape),
        shape,
        q.needsGradient || k.needsGradient || v.needsGradient,
      );
      /** Sums the gradients of the query heads that share a key head, and swaps back. */
      const toKeyHeads = (gradient: Pointer): Pointer => {
        if (group === 1) return swap(gradient);
        const grouped = ggml.ggml_reshape_4d(context, gradient, headWidth * time, group, kvHeads, batch);
        const target = ggml.ggml_new_tensor_4d(context, ggmlTypes.F32, headWidth * time, 1, kvHeads, batch);
        const summed = ggml.ggml_repeat_back(context, grouped, target);
        return swap(ggml.ggml_reshape_4d(context, summed, headWidth, time, kvHeads, batch));
      };
      return onBackward(result, (gradient) => {
        const dMixed = swap(ggml.ggml_reshape_4d(context, gradient, headWidth, heads, time, batch));
        if (v.needsGradient)
          accumulate(
            v,
            toKeyHeads(ggml.ggml_mul_mat(context, contiguousTransposed(dMixed), contiguousTransposed(probabilities))),
          );
        if (!q.needsGradient && !k.needsGradient) return;
        const dProbabilities = ggml.ggml_mul_mat(context, vt, dMixed);
        const dScores = ggml.ggml_soft_max_ext_back(context, dProbabilities, probabilities, scale, 0);
        accumulate(q, swap(ggml.ggml_mul_mat(context, contiguousTransposed(kt), dScores)));
        accumulate(k, toKeyHeads(ggml.ggml_mul_mat(context, contiguousTransposed(qt), contiguousTransposed(dScores))));
      });
    },

    reshape(x, shape) {
      const result = variable(ggml.ggml_reshape_4d(context, x.tensor, ...shape), shape, x.needsGradient);
      return onBackward(result, (gradient) => accumulate(x, ggml.ggml_reshape_4d(context, gradient, ...x.shape)));
    },

    crossEntropy(logits, target, weights) {
      const rowCount = logits.shape[1];
      // ggml averages over rows; the sum is what adds up over batches of different sizes.
      const loss = ggml.ggml_scale(context, ggml.ggml_cross_entropy_loss(context, logits.tensor, target), rowCount);
      if (logits.needsGradient)
        backwardSteps.push(() => {
          const probabilities = ggml.ggml_soft_max_ext(context, logits.tensor, null, 1, 0);
          accumulate(logits, ggml.ggml_sub(context, ggml.ggml_mul(context, probabilities, weights), target));
        });
      return loss;
    },

    backward() {
      for (const step of backwardSteps.reverse()) step();
      backwardSteps.length = 0;
    },
  };
  return self;
};
