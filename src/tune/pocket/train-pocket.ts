/**
 * Trains the embedded model from the taxonomy (and measured sentences where present) to a GGUF with its calibration.
 *
 * Knows the recipe's parts, not where files lie or how progress is shown.
 */
import { createHash } from 'node:crypto';
import type { Llama } from '../../llama/load-llama.js';
import { type Calibration, uncalibrated } from '../../models/pocket-decision.js';
import { exportModel } from '../export-model.js';
import { createRng } from '../rng.js';
import { batchSequences, type SequenceBatch, shapeFor } from '../sequence-batch.js';
import type { Taxonomy } from '../taxonomy/load-taxonomy.js';
import type { Row } from '../taxonomy/row.js';
import { createTokenizer } from '../tokenizer.js';
import { type TrainReport, train } from '../train-loop.js';
import { createTrainingModel } from '../training-model.js';
import { accuracyByGroup, calibrate, type Judged } from './calibrate.js';
import { copySequences } from './copy-warmup.js';
import { encodePrompt, encodeRow } from './encode-row.js';
import { kindLogits } from './evaluate-kinds.js';
import { pocketMetadata } from './pocket-metadata.js';
import type { PocketRecipe } from './recipe.js';
import { createLayout } from './token-layout.js';
import { epochRows, groupOf, kindNames, type PocketData } from './training-data.js';

export interface TrainPocketOptions {
  readonly llama: Llama;
  readonly recipe: PocketRecipe;
  readonly taxonomy: Taxonomy;
  /** Training sentences of people; may be empty. */
  readonly measured: readonly Row[];
  /** Sentences for calibration and the figures shown while training; never trained on. May be empty. */
  readonly validation: readonly Row[];
  readonly threads: number;
  readonly outputPath: string;
  readonly checkpointPath: string;
  readonly reportEverySteps: number;
  readonly evaluateEverySteps: number;
  readonly now: () => number;
  readonly onReport: (report: TrainReport) => void;
  readonly onEvaluation: (step: number, accuracy: ReturnType<typeof accuracyByGroup>) => void;
  readonly shouldStop?: () => boolean;
}

export interface TrainPocketResult {
  readonly finished: boolean;
  readonly steps: number;
  readonly parameterCount: number;
  readonly vocabularySize: number;
  readonly kinds: number;
  readonly calibration: Calibration;
  readonly validation: ReturnType<typeof accuracyByGroup> | null;
}

export const trainPocket = async (options: TrainPocketOptions): Promise<TrainPocketResult> => {
  const { recipe, llama, measured, taxonomy, validation } = options;
  const data: PocketData = {
    taxonomy,
    measured,
    seed: recipe.seed,
    generatedPerEpoch: recipe.generatedPerEpoch,
    overflowShare: recipe.overflowShare,
    measuredRepeats: recipe.measuredRepeats,
    kindWeights: recipe.kindWeights,
  };
  const firstEpoch = epochRows(data, 0);
  const layout = createLayout(vocabularyTexts(firstEpoch), kindNames(data), { size: recipe.vocabularySize });
  const tokenizer = createTokenizer(llama, layout);
  const model = createTrainingModel(
    llama,
    { ...recipe.shape, vocabularySize: layout.tokens.length },
    { seed: recipe.seed, threads: options.threads },
  );
  try {
    const encode = { layout, tokenizer, weights: recipe.lossWeights };
    let cached: { epoch: number; batches: SequenceBatch[] } | null = null;
    const batchesOf = (epoch: number): SequenceBatch[] => {
      if (cached?.epoch === epoch) return cached.batches;
      const rows = epoch === 0 ? firstEpoch : epochRows(data, epoch);
      const rng = createRng(`${recipe.seed}/batches/${epoch}`);
      const sequences = rows
        .map((row) => encodeRow(row, encode))
        .filter(({ tokens }) => tokens.length <= recipe.longestRow);
      const copies = copySequences(recipe.copyPerEpoch, { layout, rng });
      const batches = batchSequences([...sequences, ...copies], { ...recipe.batching, rng });
      cached = { epoch, batches };
      return batches;
    };
    const copyBatchAt = (step: number): SequenceBatch => {
      const rng = createRng(`${recipe.seed}/copy/${step}`);
      const shape = shapeFor(32, { ...recipe.batching, outputsPerRow: 15 });
      return { shape, rows: copySequences(shape.batch, { layout, rng }) };
    };
    const batchAt = (step: number): SequenceBatch => {
      if (step < recipe.copySteps) return copyBatchAt(step);
      const rowStep = step - recipe.copySteps;
      const batches = batchesOf(Math.floor(rowStep / recipe.batchesPerEpoch));
      return batches[(rowStep % recipe.batchesPerEpoch) % batches.length]!;
    };
    const prompts = validation.map((row) => encodePrompt(row.text, layout, tokenizer));
    const judge = (): Judged[] => {
      const logits = kindLogits(model, layout, prompts, { computeType: 'F32' });
      return validation.map((row, index) => ({ logits: logits[index]!, tool: row.tool, group: groupOf(row) }));
    };
    const settings = {
      ...recipe.training,
      computeType: llama.llama_print_system_info().includes('AVX512_BF16 = 1') ? ('BF16' as const) : ('F32' as const),
    };
    const steps = await train(model, {
      settings,
      batchAt,
      checkpoint: {
        path: options.checkpointPath,
        everySteps: 500,
        fingerprint: createHash('sha256')
          .update(JSON.stringify([recipe, settings.computeType, layout.tokens, layout.merges, measured.length]))
          .digest('hex'),
      },
      reportEverySteps: options.reportEverySteps,
      onReport(report) {
        options.onReport(report);
        if (validation.length > 0 && report.step % options.evaluateEverySteps === 0)
          options.onEvaluation(report.step, accuracyByGroup(judge(), layout.kinds, uncalibrated));
      },
      now: options.now,
      ...(options.shouldStop === undefined ? {} : { shouldStop: options.shouldStop }),
    });
    const judged = judge();
    const calibration = validation.length === 0 ? uncalibrated : calibrate(judged, layout.kinds);
    exportModel(options.outputPath, model, {
      type: 'Q8_0',
      slot: 'average',
      name: 'pocket',
      metadata: pocketMetadata(layout, calibration),
    });
    return {
      finished: steps === recipe.training.steps,
      steps,
      parameterCount: model.parameterCount,
      vocabularySize: layout.tokens.length,
      kinds: layout.kinds.length,
      calibration,
      validation: validation.length === 0 ? null : accuracyByGroup(judged, layout.kinds, calibration),
    };
  } finally {
    model.free();
    tokenizer.free();
  }
};

function* vocabularyTexts(rows: readonly Row[]): Iterable<string> {
  for (const { text, args } of rows) {
    yield text;
    // Values that are not in the text (times, expressions) need their own tokens too.
    for (const value of Object.values(args ?? {})) if (!text.includes(value)) yield value;
  }
}
