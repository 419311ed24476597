/**
 * Runs training: batches in, optimizer steps, a learning-rate schedule, checkpoints, progress reports.
 *
 * Everything random depends on the seed and the step alone, so that a run that is killed and resumed ends with the same
 * weights as one that was not. Knows nothing of the task.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { createRng } from './rng.js';
import type { SequenceBatch } from './sequence-batch.js';
import type { TrainingModel } from './training-model.js';
import { type ComputeType, createTrainingStep, type TrainingStep } from './training-step.js';

export interface TrainSettings {
  readonly seed: number;
  readonly steps: number;
  readonly warmupSteps: number;
  readonly peakLearningRate: number;
  readonly finalLearningRate: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Probability of zeroing an activation; 0: none. */
  readonly dropout: number;
  /** No activation is zeroed before this step. */
  readonly dropoutFromStep: number;
  /** Share of the new weights in the moving average per step. */
  readonly averageRate: number;
  readonly computeType: ComputeType;
}

export interface TrainReport {
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss since the last report. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Tokens without padding per second since the last report. */
  readonly tokensPerSecond: number;
  /** Estimated from this run's own pace. */
  readonly secondsLeft: number;
}

export interface TrainOptions {
  readonly settings: TrainSettings;
  /** The batch of step `step` (0 first); must depend on nothing but `step`. */
  readonly batchAt: (step: number) => SequenceBatch;
  readonly checkpoint?: { readonly path: string; readonly everySteps: number; readonly fingerprint: string };
  readonly reportEverySteps: number;
  readonly onReport: (report: TrainReport) => void | Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Checked between steps: true saves a checkpoint and returns. */
  readonly shouldStop?: () => boolean;
}

/** Linear warm-up, then half a cosine down to the final rate. */
export const learningRateAt = (step: number, settings: TrainSettings): number => {
  if (step < settings.warmupSteps) return (settings.peakLearningRate * (step + 1)) / settings.warmupSteps;
  const share = (step - settings.warmupSteps) / Math.max(1, settings.steps - settings.warmupSteps);
  return (
    settings.finalLearningRate +
    (settings.peakLearningRate - settings.finalLearningRate) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, share)))
  );
};

/** Fills a step's inputs from a batch; returns what must be zeroed again afterwards. */
const fillInputs = (
  step: TrainingStep,
  batch: SequenceBatch,
  vocabulary: number,
): { used: number[]; tokens: number } => {
  const { time } = step.shape;
  const { tokens, outputs, targets, weights } = step.inputs;
  tokens.fill(0);
  outputs.fill(0);
  weights.fill(0);
  const total = batch.rows.reduce((sum, row) => sum + row.weights.reduce((a, b) => a + b, 0), 0);
  const used: number[] = [];
  let count = 0;
  let slot = 0;
  batch.rows.forEach((row, index) => {
    tokens.set(row.tokens, index * time);
    count += row.tokens.length;
    row.weights.forEach((weight, position) => {
      if (weight === 0) return;
      outputs[slot] = index * time + position;
      weights[slot] = weight / total;
      const target = slot * vocabulary + row.tokens[position + 1]!;
      targets[target] = weight / total;
      used.push(target);
      slot++;
    });
  });
  return { used, tokens: count };
};

/**
 * A pool of dropout factors, read at random offsets: fresh enough at a fraction of the cost of drawing each.
 */
const createDropout = (probability: number, seed: number) => {
  const rng = createRng(`${seed}/dropout`);
  const pool = new Float32Array(1 << 22);
  const keep = 1 / (1 - probability);
  for (let index = 0; index < pool.length; index++) pool[index] = rng.next() < probability ? 0 : keep;
  return (masks: readonly Float32Array[], step: number): void => {
    const offsets = createRng(`${seed}/dropout/${step}`);
    for (const mask of masks) {
      let filled = 0;
      while (filled < mask.length) {
        const offset = offsets.int(pool.length);
        const length = Math.min(mask.length - filled, pool.length - offset);
        mask.set(pool.subarray(offset, offset + length), filled);
        filled += length;
      }
    }
  };
};

/** Trains until `steps` or until told to stop; returns steps done. Throws TuneError on divergence or a bad checkpoint. */
export const train = async (model: TrainingModel, options: TrainOptions): Promise<number> => {
  const { settings, checkpoint, now } = options;
  const graphs = new Map<string, TrainingStep>();
  const graphFor = (batch: SequenceBatch): TrainingStep => {
    const { time, batch: rows, outputs } = batch.shape;
    const key = `${time}x${rows}x${outputs}`;
    const graph =
      graphs.get(key) ??
      createTrainingStep(model, batch.shape, { computeType: settings.computeType, dropout: settings.dropout > 0 });
    graphs.set(key, graph);
    return graph;
  };
  const dropout = settings.dropout > 0 ? createDropout(settings.dropout, settings.seed) : null;

  const resumed = checkpoint === undefined ? null : loadCheckpoint(checkpoint.path, model, checkpoint.fingerprint);
  const first = resumed?.step ?? 0;
  const started = now();
  let since = { at: started, loss: 0, steps: 0, tokens: 0 };
  let step = first;
  const save = (): void => {
    if (checkpoint !== undefined) saveCheckpoint(checkpoint.path, model, { step, fingerprint: checkpoint.fingerprint });
  };
  try {
    while (step < settings.steps) {
      const batch = options.batchAt(step);
      const graph = graphFor(batch);
      const { used, tokens } = fillInputs(graph, batch, model.shape.vocabularySize);
      if (step >= settings.dropoutFromStep) dropout?.(graph.inputs.dropout, step);
      else for (const mask of graph.inputs.dropout) mask.fill(1);
      const learningRate = learningRateAt(step, settings);
      const { loss, gradientNorm } = graph.run({
        learningRate,
        beta1: 0.9,
        beta2: 0.98,
        epsilon: 1e-8,
        weightDecay: settings.weightDecay,
        step: step + 1,
        clipNorm: settings.clipNorm,
        // Early on the average follows quickly, so that it is not held back by the random start.
        averageRate: Math.max(settings.averageRate, 1 / (10 + step)),
      });
      for (const index of used) graph.inputs.targets[index] = 0;
      step++;
      since.loss += loss;
      since.steps++;
      since.tokens += tokens;
      if (step % options.reportEverySteps === 0 || step === settings.steps) {
        const time = now();
        await options.onReport({
          step,
          steps: settings.steps,
          loss: since.loss / since.steps,
          gradientNorm,
          learningRate,
          tokensPerSecond: since.tokens / ((time - since.at) / 1000),
          secondsLeft: ((time - started) / 1000 / (step - first)) * (settings.steps - step),
        });
        since = { at: now(), loss: 0, steps: 0, tokens: 0 };
      }
      if (checkpoint !== undefined && step % checkpoint.everySteps === 0) save();
      // Steps block; signals are heard between them.
      await nextTurn();
      if (options.shouldStop?.() === true) {
        save();
        return step;
      }
    }
    save();
    return step;
  } finally {
    for (const graph of graphs.values()) graph.free();
  }
};
