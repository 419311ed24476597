/**
 * The forward graph of the Llama architecture on a tape, and the list of its weights.
 *
 * Names and shapes are those of llama.cpp's GGUF files (convert_hf_to_gguf's `token_embd`, `blk.N.attn_q`, ...), so that
 * what is trained here is what the engine loads. Knows nothing of data, losses or optimizers.
 */
import type { Pointer } from '../llama/structs.js';
import type { Shape, Tape, Variable } from './autodiff.js';

export interface LlamaShape {
  readonly vocabularySize: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly feedForwardLength: number;
  readonly contextLength: number;
  readonly ropeBase: number;
  readonly normEpsilon: number;
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Standard deviation of the initial values; null: all ones (norms). */
  readonly initialDeviation: number | null;
}

/** All weights, input and output embeddings tied. Residual outputs start smaller by sqrt(2 * layers), as in GPT-2. */
export const llamaWeights = (shape: LlamaShape): WeightSpec[] => {
  const { embeddingLength: width, feedForwardLength: hidden } = shape;
  const kvWidth = (width / shape.heads) * shape.kvHeads;
  const deviation = 1 / Math.sqrt(width);
  const residual = deviation / Math.sqrt(2 * shape.layers);
  const matrix = (name: string, columns: number, rows: number, initialDeviation: number): WeightSpec => ({
    name,
    shape: [columns, rows, 1, 1],
    initialDeviation,
  });
  const norm = (name: string): WeightSpec => ({ name, shape: [width, 1, 1, 1], initialDeviation: null });
  const blocks = Array.from({ length: shape.layers }, (_, layer) => {
    const block = `blk.${layer}`;
    return [
      norm(`${block}.attn_norm.weight`),
      matrix(`${block}.attn_q.weight`, width, width, deviation),
      matrix(`${block}.attn_k.weight`, width, kvWidth, deviation),
      matrix(`${block}.attn_v.weight`, width, kvWidth, deviation),
      matrix(`${block}.attn_output.weight`, width, width, residual),
      norm(`${block}.ffn_norm.weight`),
      matrix(`${block}.ffn_gate.weight`, width, hidden, deviation),
      matrix(`${block}.ffn_up.weight`, width, hidden, deviation),
      matrix(`${block}.ffn_down.weight`, hidden, width, residual),
    ];
  });
  return [
    matrix('token_embd.weight', width, shape.vocabularySize, deviation),
    ...blocks.flat(),
    norm('output_norm.weight'),
  ];
};

export interface LlamaInputs {
  /** Token ids [time * batch], row by row. */
  readonly tokens: Pointer;
  /** [time] */
  readonly positions: Pointer;
  /** Additive attention mask [time, time, 1, 1 or batch]. */
  readonly mask: Pointer;
  /** Positions (into time * batch) whose logits are wanted. */
  readonly outputs: Pointer;
  readonly outputCount: number;
  /** Dropout masks [width, time * batch], two per layer and one for the embeddings; absent: no dropout. */
  readonly dropout?: readonly Pointer[];
  readonly time: number;
  readonly batch: number;
}

/** How many dropout masks a model of this shape takes. */
export const dropoutMaskCount = (shape: LlamaShape): number => 1 + 2 * shape.layers;

/** Builds the graph; returns logits [vocabulary, outputCount]. */
export const llamaForward = (
  tape: Tape,
  shape: LlamaShape,
  weights: ReadonlyMap<string, Variable>,
  inputs: LlamaInputs,
): Variable => {
  const weight = (name: string): Variable => {
    const found = weights.get(name);
    if (found === undefined) throw new RangeError(`Cannot build the graph: there is no weight ${name}.`);
    return found;
  };
  const { time, batch } = inputs;
  const width = shape.embeddingLength;
  const headWidth = width / shape.heads;
  const rope = { dimensions: headWidth, mode: 0, base: shape.ropeBase };
  const drop = (x: Variable, index: number): Variable => {
    const mask = inputs.dropout?.[index];
    return mask === undefined ? x : tape.mask(x, mask);
  };

  const embeddings = weight('token_embd.weight');
  let x = drop(tape.rows(embeddings, inputs.tokens, time * batch), 0);
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`;
    const normed = tape.rmsNorm(x, weight(`${block}.attn_norm.weight`), shape.normEpsilon);
    const project = (name: string, heads: number): Variable =>
      tape.reshape(tape.linear(weight(`${block}.${name}.weight`), normed), [headWidth, heads, time, batch]);
    const q = tape.rope(project('attn_q', shape.heads), inputs.positions, rope);
    const k = tape.rope(project('attn_k', shape.kvHeads), inputs.positions, rope);
    const mixed = tape.attention(q, k, project('attn_v', shape.kvHeads), inputs.mask);
    const attended = tape.linear(
      weight(`${block}.attn_output.weight`),
      tape.reshape(mixed, [width, time * batch, 1, 1]),
    );
    x = tape.add(x, drop(attended, 1 + 2 * layer));
    const normedAgain = tape.rmsNorm(x, weight(`${block}.ffn_norm.weight`), shape.normEpsilon);
    const hidden = tape.swiglu(
      tape.linear(weight(`${block}.ffn_gate.weight`), normedAgain),
      tape.linear(weight(`${block}.ffn_up.weight`), normedAgain),
    );
    x = tape.add(x, drop(tape.linear(weight(`${block}.ffn_down.weight`), hidden), 2 + 2 * layer));
  }
  const chosen = tape.rows(x, inputs.outputs, inputs.outputCount);
  const last = tape.rmsNorm(chosen, weight('output_norm.weight'), shape.normEpsilon);
  return tape.linear(embeddings, last);
};
