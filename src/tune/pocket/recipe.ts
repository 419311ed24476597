/**
 * What the embedded model is made of: shape, data mix and schedule. Changing anything here makes another model.
 */

import type { BatchOptions } from '../sequence-batch.js';
import type { TrainSettings } from '../train-loop.js';
import type { LossWeights } from './encode-row.js';
import type { MeasuredRepeats } from './training-data.js';

export interface PocketRecipe {
  readonly seed: number;
  readonly vocabularySize: number;
  readonly shape: {
    readonly embeddingLength: number;
    readonly layers: number;
    readonly heads: number;
    readonly kvHeads: number;
    readonly feedForwardLength: number;
    readonly contextLength: number;
    readonly ropeBase: number;
    readonly normEpsilon: number;
  };
  readonly generatedPerEpoch: number;
  readonly overflowShare: number;
  /** How often a measured sentence appears in an epoch, by the group that it belongs to. */
  readonly measuredRepeats: MeasuredRepeats;
  /** Relative share of generated rows of a kind, 1 where none is given. */
  readonly kindWeights: Readonly<Record<string, number>>;
  /** Steps on copying alone before the rows begin, and copying sequences in each epoch afterwards. */
  readonly copySteps: number;
  readonly copyPerEpoch: number;
  readonly batchesPerEpoch: number;
  readonly lossWeights: LossWeights;
  readonly batching: BatchOptions;
  readonly training: Omit<TrainSettings, 'computeType'>;
  /** Sentences longer than this many tokens are left out of training. */
  readonly longestRow: number;
}

export const pocketRecipe: PocketRecipe = {
  seed: 20_261_123,
  vocabularySize: 4096,
  shape: {
    embeddingLength: 256,
    layers: 6,
    heads: 8,
    kvHeads: 8,
    feedForwardLength: 768,
    contextLength: 512,
    ropeBase: 10_000,
    normEpsilon: 1e-5,
  },
  generatedPerEpoch: 28_000,
  overflowShare: 0.5,
  measuredRepeats: { device: 2, known: 1, unknown: 4 },
  kindWeights: {
    ...Object.fromEntries(
      ['foreign_romance', 'foreign_germanic', 'foreign_eastern', 'foreign_asian', 'foreign_other', 'foreign_mixed'].map(
        (kind) => [kind, 0.4],
      ),
    ),
    keyboard_mash: 0.3,
    word_salad: 0.4,
    single_words: 0.4,
    partial_sentences: 0.5,
    background_speech: 0.5,
    prompt_injection: 0.4,
    ask_embedded: 2,
    // Where values are the hard part.
    ...Object.fromEntries(
      [
        'text',
        'calculator',
        'measurement_conversion',
        'calendar',
        'reminder_update',
        'play_music',
        'update_playlist',
      ].map((kind) => [kind, 1.7]),
    ),
  },
  copySteps: 400,
  copyPerEpoch: 1500,
  batchesPerEpoch: 1100,
  lossWeights: { text: 0, kind: 3, arguments: 1 },
  batching: { times: [16, 24, 32, 40, 48, 64, 96], tokens: 1024, outputsPerRow: 10 },
  longestRow: 96,
  training: {
    seed: 20_261_123,
    steps: 6000,
    warmupSteps: 60,
    peakLearningRate: 1.5e-3,
    finalLearningRate: 1.5e-5,
    weightDecay: 0.05,
    clipNorm: 1,
    dropout: 0.1,
    dropoutFromStep: 400,
    averageRate: 0.002,
  },
};
