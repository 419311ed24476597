/**
 * The pocket model's decision: from the logits of its kind tokens to a tool or a hand-over, with how sure it is.
 *
 * Pure. Training calibrates with it and the device tier decides with it, so that both mean the same. Knows no engine.
 */

export interface KindOfRequest {
  readonly name: string;
  /** null: to be handed over. */
  readonly tool: string | null;
}

export interface Calibration {
  /** Logits are divided by this before the softmax. */
  readonly temperature: number;
  /** A tool is called when its probability reaches this. */
  readonly threshold: number;
  /**
   * Confidence of the decision from its raw probability p: sigmoid(slope * logit(p) + offset), fitted for tools and
   * for hand-overs apart.
   */
  readonly confidence: {
    readonly tool: { readonly slope: number; readonly offset: number };
    readonly overflow: { readonly slope: number; readonly offset: number };
  };
}

export interface Decision {
  /** null: hand over. */
  readonly tool: string | null;
  /** The likeliest kind of the decision. */
  readonly kind: string;
  /** Index of that kind. */
  readonly kindIndex: number;
  /** Probability of the decision before calibration. */
  readonly probability: number;
  /** Calibrated probability that the decision is right, 0 to 1. */
  readonly confidence: number;
}

const clampProbability = (p: number): number => Math.min(1 - 1e-6, Math.max(1e-6, p));
const logit = (p: number): number => Math.log(clampProbability(p) / (1 - clampProbability(p)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Probabilities of kinds from their logits (or log-probabilities). */
export const kindProbabilities = (logits: ArrayLike<number>, temperature: number): Float64Array => {
  const probabilities = Float64Array.from(logits, (value) => value / temperature);
  const highest = probabilities.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let index = 0; index < probabilities.length; index++) {
    probabilities[index] = Math.exp(probabilities[index]! - highest);
    sum += probabilities[index]!;
  }
  return probabilities.map((value) => value / sum);
};

/**
 * Decides. `offered` limits the tools: probability of tools that are not offered counts as a hand-over.
 * `forced` ignores the threshold and takes the likeliest offered tool.
 */
export const decideKind = (
  logits: ArrayLike<number>,
  kinds: readonly KindOfRequest[],
  options: {
    readonly calibration: Calibration;
    readonly offered?: ReadonlySet<string>;
    readonly forced?: boolean;
  },
): Decision => {
  const { calibration, offered } = options;
  const probabilities = kindProbabilities(logits, calibration.temperature);
  const groups = new Map<string | null, { probability: number; best: number }>();
  kinds.forEach((kind, index) => {
    const tool = kind.tool !== null && (offered === undefined || offered.has(kind.tool)) ? kind.tool : null;
    const group = groups.get(tool) ?? { probability: 0, best: index };
    group.probability += probabilities[index]!;
    if (probabilities[index]! > probabilities[group.best]!) group.best = index;
    groups.set(tool, group);
  });
  let tool: string | null = null;
  let highest = 0;
  for (const [name, { probability }] of groups)
    if (name !== null && probability > highest) {
      tool = name;
      highest = probability;
    }
  if (options.forced !== true && highest < calibration.threshold) tool = null;
  const chosen = groups.get(tool) ?? { probability: 1 - highest, best: 0 };
  const fit = tool === null ? calibration.confidence.overflow : calibration.confidence.tool;
  return {
    tool,
    kind: kinds[chosen.best]?.name ?? '',
    kindIndex: chosen.best,
    probability: chosen.probability,
    confidence: sigmoid(fit.slope * logit(chosen.probability) + fit.offset),
  };
};

/** No correction: temperature 1, threshold one half, confidence as computed. */
export const uncalibrated: Calibration = {
  temperature: 1,
  threshold: 0.5,
  confidence: { tool: { slope: 1, offset: 0 }, overflow: { slope: 1, offset: 0 } },
};

/**
 * Fits sigmoid(slope * logit(p) + offset) to outcomes by Newton's method on the logistic loss (Platt 1999), with a
 * weak pull towards slope 1, offset 0, so that few examples do not run away. Steps are halved until the loss falls.
 */
export const fitConfidence = (
  examples: readonly { readonly probability: number; readonly right: boolean }[],
): { slope: number; offset: number } => {
  const points = examples.map(({ probability, right }) => ({ x: logit(probability), right: right ? 1 : 0 }));
  const pull = 1;
  const lossAt = (slope: number, offset: number): number =>
    points.reduce(
      (sum, { x, right }) => {
        const z = slope * x + offset;
        return sum + Math.max(z, 0) - right * z + Math.log1p(Math.exp(-Math.abs(z)));
      },
      0.5 * pull * ((slope - 1) ** 2 + offset ** 2),
    );
  let slope = 1;
  let offset = 0;
  let loss = lossAt(slope, offset);
  for (let round = 0; round < 100; round++) {
    let [gradientSlope, gradientOffset] = [pull * (slope - 1), pull * offset];
    let [ss, so, oo] = [pull, 0, pull];
    for (const { x, right } of points) {
      const p = sigmoid(slope * x + offset);
      const curvature = p * (1 - p);
      gradientSlope += (p - right) * x;
      gradientOffset += p - right;
      ss += curvature * x * x;
      so += curvature * x;
      oo += curvature;
    }
    const determinant = ss * oo - so * so;
    const slopeStep = (oo * gradientSlope - so * gradientOffset) / determinant;
    const offsetStep = (ss * gradientOffset - so * gradientSlope) / determinant;
    let share = 1;
    while (share > 1e-6 && lossAt(slope - share * slopeStep, offset - share * offsetStep) > loss) share /= 2;
    if (share <= 1e-6 || Math.abs(slopeStep) + Math.abs(offsetStep) < 1e-9) break;
    slope -= share * slopeStep;
    offset -= share * offsetStep;
    loss = lossAt(slope, offset);
  }
  return { slope, offset };
};
