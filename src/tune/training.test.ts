/** Gradients are the loss's, a small task is learned, and a run that was killed ends as one that was not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLlama } from '../llama/load-llama.js';
import type { LlamaShape } from './llama-graph.js';
import { createRng } from './rng.js';
import { batchSequences, type Sequence, type SequenceBatch } from './sequence-batch.js';
import { type TrainSettings, train } from './train-loop.js';
import { createTrainingModel, type TrainingModel } from './training-model.js';
import { createEvaluationStep, createTrainingStep } from './training-step.js';

const llama = loadLlama();
const shape: LlamaShape = {
  vocabularySize: 64,
  embeddingLength: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  feedForwardLength: 64,
  contextLength: 64,
  ropeBase: 10_000,
  normEpsilon: 1e-5,
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-training-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the training graph', () => {
  it('has the gradients of its loss, for every kind of weight, grouped heads included', () => {
    const model = createTrainingModel(llama, shape, { seed: 3, threads: 1 });
    const stepShape = { time: 8, batch: 3, outputs: 10 };
    const step = createTrainingStep(model, stepShape, { computeType: 'F32', dropout: false });
    const evaluation = createEvaluationStep(model, stepShape, { computeType: 'F32', slot: 'weight' });
    const label = (row: number): number => (row * 5) % 64;
    for (const inputs of [step.inputs, evaluation.inputs]) {
      for (let at = 0; at < 24; at++) inputs.tokens[at] = (at * 7 + 3) % 64;
      for (let row = 0; row < 10; row++) inputs.outputs[row] = 2 * row + 1;
    }
    // Two rows are masked: they must not matter.
    for (let row = 0; row < 8; row++) {
      step.inputs.targets[row * 64 + label(row)] = 0.125;
      step.inputs.weights[row] = 0.125;
    }
    const lossNow = (): number => {
      const logits = evaluation.run();
      let sum = 0;
      for (let row = 0; row < 8; row++) {
        const values = logits.subarray(row * 64, row * 64 + 64);
        const highest = values.reduce((a, b) => Math.max(a, b));
        const total = values.reduce((a, b) => a + Math.exp(b - highest), 0);
        sum += 0.125 * (highest + Math.log(total) - values[label(row)]!);
      }
      return sum;
    };
    const before = lossNow();
    // With beta1 = 0 and a learning rate of 0 the first moment is the gradient, and the weights stay.
    const { loss } = step.run({
      learningRate: 0,
      beta1: 0,
      beta2: 0.9,
      epsilon: 1e-8,
      weightDecay: 0,
      step: 1,
      clipNorm: 1e9,
      averageRate: 0,
    });
    expect(loss).toBeCloseTo(before, 4);
    const difference = 2e-3;
    for (const { spec, values } of model.weights) {
      const length = values.weight.length;
      for (const at of [0, 33 % length, Math.floor(length / 2), length - 1]) {
        const original = values.weight[at]!;
        values.weight[at] = original + difference;
        const up = lossNow();
        values.weight[at] = original - difference;
        const down = lossNow();
        values.weight[at] = original;
        const measured = (up - down) / (2 * difference);
        const computed = values.firstMoment[at]!;
        expect(Math.abs(measured - computed), `${spec.name}[${at}]: ${measured} against ${computed}`).toBeLessThan(
          0.03 * (Math.abs(measured) + Math.abs(computed)) + 2e-4,
        );
      }
    }
    step.free();
    evaluation.free();
    model.free();
  });

  it('cuts the gradient down to the norm that it is given', () => {
    const model = createTrainingModel(llama, shape, { seed: 5, threads: 1 });
    const step = createTrainingStep(model, { time: 8, batch: 2, outputs: 4 }, { computeType: 'F32', dropout: false });
    for (let row = 0; row < 4; row++) {
      step.inputs.outputs[row] = row;
      step.inputs.targets[row * 64 + row + 9] = 0.25;
      step.inputs.weights[row] = 0.25;
    }
    const settings = { learningRate: 0, beta1: 0, beta2: 0.9, epsilon: 1e-8, weightDecay: 0, step: 1, averageRate: 0 };
    const { gradientNorm } = step.run({ ...settings, clipNorm: 0.01 });
    const norm = Math.sqrt(
      model.weights.reduce((sum, { values }) => sum + values.firstMoment.reduce((a, b) => a + b * b, 0), 0),
    );
    expect(gradientNorm).toBeGreaterThan(0.1);
    expect(norm).toBeCloseTo(0.01, 4);
    step.free();
    model.free();
  });
});

/** Copying: after the separator 1, the tokens before it come again. */
const copyTask = (count: number, seed: number): Sequence[] => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => {
    const word = Array.from({ length: 3 }, () => 2 + rng.int(20));
    const tokens = [0, ...word, 1, ...word];
    return { tokens, weights: [0, 0, 0, 0, 1, 1, 1] };
  });
};

const settings: TrainSettings = {
  seed: 1,
  steps: 60,
  warmupSteps: 5,
  peakLearningRate: 3e-3,
  finalLearningRate: 1e-4,
  weightDecay: 0.01,
  clipNorm: 1,
  dropout: 0.1,
  dropoutFromStep: 0,
  averageRate: 0.1,
  computeType: 'F32',
};

const batches = (): ((step: number) => SequenceBatch) => {
  const all = batchSequences(copyTask(1024, 7), {
    times: [8],
    tokens: 256,
    outputsPerRow: 3,
    rng: createRng(11),
  });
  return (step) => all[step % all.length]!;
};

const runTraining = async (
  model: TrainingModel,
  options: { checkpoint?: string; stopAt?: number; steps?: number; losses?: number[] } = {},
): Promise<number> => {
  let step = 0;
  return train(model, {
    settings: { ...settings, steps: options.steps ?? settings.steps },
    batchAt: batches(),
    ...(options.checkpoint === undefined
      ? {}
      : { checkpoint: { path: options.checkpoint, everySteps: 7, fingerprint: 'copy' } }),
    reportEverySteps: 1,
    onReport: (report) => {
      step = report.step;
      options.losses?.push(report.loss);
    },
    now: () => 0,
    shouldStop: () => step === options.stopAt,
  });
};

describe('train', () => {
  it('learns to copy', async () => {
    const model = createTrainingModel(llama, shape, { seed: 1, threads: 1 });
    const losses: number[] = [];
    await runTraining(model, { losses, steps: 400 });
    expect(losses[0]).toBeGreaterThan(3.5);
    expect(losses.slice(-10).reduce((a, b) => a + b, 0) / 10).toBeLessThan(1);
    model.free();
  });

  it('ends with the same weights when it is stopped and resumed', async () => {
    const whole = createTrainingModel(llama, shape, { seed: 1, threads: 1 });
    await runTraining(whole);
    const path = join(folder, 'resumed.bin');
    const first = createTrainingModel(llama, shape, { seed: 1, threads: 1 });
    expect(await runTraining(first, { checkpoint: path, stopAt: 23 })).toBe(23);
    first.free();
    const second = createTrainingModel(llama, shape, { seed: 99, threads: 1 });
    expect(await runTraining(second, { checkpoint: path })).toBe(60);
    second.weights.forEach(({ values }, index) => {
      expect(values.average).toStrictEqual(whole.weights[index]!.values.average);
    });
    whole.free();
    second.free();
  });

  it('refuses a checkpoint of another run, and a damaged one, by name', async () => {
    const path = join(folder, 'foreign.bin');
    const model = createTrainingModel(llama, shape, { seed: 1, threads: 1 });
    writeFileSync(path, '{"format":"spillway-checkpoint-1","fingerprint":"other","step":3,"weights":[]}\n');
    await expect(runTraining(model, { checkpoint: path })).rejects.toThrow(
      /belongs to a run with other data or settings/,
    );
    writeFileSync(path, '{"format":"spillway-checkpoint-1","fingerprint":"copy","step":3,"weights":[]}\nshort');
    await expect(runTraining(model, { checkpoint: path })).rejects.toThrow(/bytes, \d+ are expected/);
    model.free();
  });
});
