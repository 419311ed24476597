/**
 * Calibrates the pocket model on labelled sentences: temperature, threshold, confidence.
 *
 * Pure. The figures it is judged by are in `score.ts`.
 */
import {
  type Calibration,
  decideKind,
  fitConfidence,
  type KindOfRequest,
  kindProbabilities,
  uncalibrated,
} from '../../models/pocket-decision.js';

export interface Judged {
  /** Logits of the kinds, in order. */
  readonly logits: Float32Array;
  /** The right tool, or null. */
  readonly tool: string | null;
  /** `device`, `known` hand-over, or `unknown` (of no known kind). */
  readonly group: 'device' | 'known' | 'unknown';
}

/** What each group must reach, for the choice of the threshold. */
const aims = { device: 0.94, known: 0.97, unknown: 0.92 } as const;
const groups = ['device', 'known', 'unknown'] as const;

const rightProbability = (example: Judged, kinds: readonly KindOfRequest[], temperature: number): number => {
  const probabilities = kindProbabilities(example.logits, temperature);
  let sum = 0;
  kinds.forEach((kind, index) => {
    if (kind.tool === example.tool) sum += probabilities[index]!;
  });
  return sum;
};

/** Share right per group at a calibration. */
export const accuracyByGroup = (
  examples: readonly Judged[],
  kinds: readonly KindOfRequest[],
  calibration: Calibration,
): Record<Judged['group'] | 'all', number> => {
  const right = { device: 0, known: 0, unknown: 0 };
  const total = { device: 0, known: 0, unknown: 0 };
  for (const example of examples) {
    total[example.group]++;
    if (decideKind(example.logits, kinds, { calibration }).tool === example.tool) right[example.group]++;
  }
  const share = (group: Judged['group']): number => (total[group] === 0 ? 1 : right[group] / total[group]);
  return {
    all: (right.device + right.known + right.unknown) / Math.max(1, examples.length),
    device: share('device'),
    known: share('known'),
    unknown: share('unknown'),
  };
};

/**
 * Temperature by likelihood of the right decision; threshold where the group that is nearest to its aim is farthest
 * above it (sentences from elsewhere will be harder, for every group), overall accuracy deciding between equals.
 */
export const calibrate = (examples: readonly Judged[], kinds: readonly KindOfRequest[]): Calibration => {
  const temperatures = Array.from({ length: 31 }, (_, index) => 0.5 + index * 0.1);
  const likelihood = (temperature: number): number =>
    examples.reduce((sum, example) => sum + Math.log(Math.max(1e-9, rightProbability(example, kinds, temperature))), 0);
  const temperature = temperatures.reduce((best, candidate) =>
    likelihood(candidate) > likelihood(best) ? candidate : best,
  );

  let threshold = 0.5;
  let best = Number.NEGATIVE_INFINITY;
  for (let candidate = 0.05; candidate <= 0.951; candidate += 0.01) {
    const accuracy = accuracyByGroup(examples, kinds, { ...uncalibrated, temperature, threshold: candidate });
    const margin = Math.min(...groups.map((group) => accuracy[group] - aims[group]));
    const merit = margin + 0.01 * accuracy.all;
    if (merit > best) {
      best = merit;
      threshold = candidate;
    }
  }
  const raw: Calibration = { ...uncalibrated, temperature, threshold };
  const decided = examples.map((example) => {
    const decision = decideKind(example.logits, kinds, { calibration: raw });
    return { tool: decision.tool, probability: decision.probability, right: decision.tool === example.tool };
  });
  return {
    temperature,
    threshold,
    confidence: {
      tool: fitConfidence(decided.filter(({ tool }) => tool !== null)),
      overflow: fitConfidence(decided.filter(({ tool }) => tool === null)),
    },
  };
};
