/**
 * The pocket model's first decision, computed on the training graph: the distribution over kinds for each sentence.
 *
 * For watching a run and for calibration; arguments are judged by the engine on the finished file. Knows no thresholds.
 */
import type { TrainingModel } from '../training-model.js';
import { createEvaluationStep, type EvaluationStep } from '../training-step.js';
import type { PocketLayout } from './token-layout.js';

/** Logits of the kinds (in the layout's order) for each prompt (token ids ending in the call token). */
export const kindLogits = (
  model: TrainingModel,
  layout: PocketLayout,
  prompts: readonly (readonly number[])[],
  options: { readonly computeType: 'F32' | 'BF16' },
): Float32Array[] => {
  const batch = 32;
  const steps = new Map<number, EvaluationStep>();
  const result = new Array<Float32Array>(prompts.length);
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[a]!.length - prompts[b]!.length);
  for (let first = 0; first < order.length; first += batch) {
    const group = order.slice(first, first + batch);
    const longest = prompts[group.at(-1)!]!.length;
    const time = Math.ceil(longest / 8) * 8;
    const step =
      steps.get(time) ??
      createEvaluationStep(
        model,
        { time, batch, outputs: batch },
        { computeType: options.computeType, slot: 'average' },
      );
    steps.set(time, step);
    group.forEach((index, row) => {
      const prompt = prompts[index]!;
      step.inputs.tokens.set(prompt, row * time);
      step.inputs.outputs[row] = row * time + prompt.length - 1;
    });
    const logits = step.run();
    group.forEach((index, row) => {
      const base = row * model.shape.vocabularySize;
      result[index] = Float32Array.from(layout.kinds, (kind) => logits[base + kind.token]!);
    });
  }
  for (const step of steps.values()) step.free();
  return result;
};
