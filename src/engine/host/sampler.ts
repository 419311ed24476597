/**
 * Chooses the next token of one sequence from its logits: bias, penalties, top-k, top-p, min-p, temperature, and a
 * grammar where there is one, in llama.cpp's order and with its meanings.
 *
 * In JavaScript, because llama.cpp's chains copy the whole vocabulary into an array of candidates for each token, which
 * costs several times this single pass. Knows neither llama.cpp nor text; the grammar comes in as a gate.
 */
import type { SamplingOptions } from '../engine.js';
import { argmax, type Candidates, createCandidates, selectTop } from './candidates.js';
import { createRandom } from './random.js';

/** Says which tokens may come next. */
export interface TokenGate {
  /** True where it holds now (a lazy grammar may still sleep). */
  readonly active: boolean;
  allows(token: number): boolean;
  /** Removes what may not come next; the order stays. */
  filter(candidates: Candidates): void;
  /** The token was chosen; it must be one that `allows`. */
  accept(token: number): void;
  free(): void;
}

export interface Sampler {
  /** The next token, or -1 when none may follow. `logits` are the same afterwards. */
  sample(logits: Float32Array): number;
  /** The gate and the penalties learn of it. */
  accept(token: number): void;
  free(): void;
}

/** Penalties look at this many answer tokens. */
const penaltyWindow = 64;
/** Candidates that a gate is asked about before the whole vocabulary is. */
const firstLook = 256;

export interface SamplerOptions {
  readonly sampling: SamplingOptions;
  readonly seed: number;
  readonly gate: TokenGate | null;
  /** Scratch space shared by all samplers of a model, for the whole vocabulary. */
  readonly scratch: Candidates;
}

interface Settings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly presence: number;
  readonly frequency: number;
  readonly repeat: number;
}

const settingsOf = (sampling: SamplingOptions): Settings => ({
  temperature: sampling.temperature ?? 0.8,
  topK: sampling.topK ?? 40,
  topP: sampling.topP ?? 0.95,
  minP: sampling.minP ?? 0.05,
  presence: sampling.presencePenalty ?? 0,
  frequency: sampling.frequencyPenalty ?? 0,
  repeat: sampling.repeatPenalty ?? 1,
});

/** Weights of the candidates left after top-p, min-p and temperature, in `into`; returns their sum. */
const weigh = (candidates: Candidates, { temperature, topP, minP }: Settings, into: Float64Array): number => {
  const { logits } = candidates;
  const top = logits[0]!;
  let kept = candidates.count;
  if (topP < 1) {
    let sum = 0;
    for (let index = 0; index < kept; index++) sum += Math.exp(logits[index]! - top);
    let reached = 0;
    for (let index = 0; index < kept; index++) {
      reached += Math.exp(logits[index]! - top) / sum;
      if (reached >= topP) kept = index + 1;
    }
  }
  if (minP > 0) {
    const lowest = top + Math.log(minP);
    while (kept > 1 && logits[kept - 1]! < lowest) kept--;
  }
  candidates.count = kept;
  let total = 0;
  for (let index = 0; index < kept; index++) {
    const weight = Math.exp((logits[index]! - top) / temperature);
    into[index] = weight;
    total += weight;
  }
  return total;
};

export const createSampler = ({ sampling, seed, gate, scratch }: SamplerOptions): Sampler => {
  const settings = settingsOf(sampling);
  const greedy = settings.temperature <= 0;
  const random = createRandom(seed);
  const bias = sampling.logitBias ?? [];
  const penalizes = settings.presence !== 0 || settings.frequency !== 0 || settings.repeat !== 1;
  const recent: number[] = [];
  const counts = new Map<number, number>();
  const own = settings.topK > 0 && settings.topK <= 1024 ? createCandidates(settings.topK) : scratch;
  let weights: Float64Array | null = null;
  /** Logits changed for this token, to be put back. */
  const changed: number[] = [];
  const before: number[] = [];

  const change = (logits: Float32Array, token: number, value: number): void => {
    changed.push(token);
    before.push(logits[token]!);
    logits[token] = value;
  };

  const adjust = (logits: Float32Array): void => {
    for (const [token, amount] of bias)
      if (token >= 0 && token < logits.length) change(logits, token, logits[token]! + amount);
    if (!penalizes) return;
    for (const [token, count] of counts) {
      const logit = logits[token]!;
      const repeated = logit <= 0 ? logit * settings.repeat : logit / settings.repeat;
      change(logits, token, repeated - count * settings.frequency - settings.presence);
    }
  };

  const restore = (logits: Float32Array): void => {
    for (let index = changed.length - 1; index >= 0; index--) logits[changed[index]!] = before[index]!;
    changed.length = 0;
    before.length = 0;
  };

  const draw = (candidates: Candidates): number => {
    if (candidates.count === 0) return -1;
    if (weights === null || weights.length < candidates.count)
      weights = new Float64Array(Math.max(candidates.count, candidates.tokens.length));
    let left = random.next() * weigh(candidates, settings, weights);
    for (let index = 0; index < candidates.count; index++) {
      left -= weights[index]!;
      if (left < 0) return candidates.tokens[index]!;
    }
    return candidates.tokens[candidates.count - 1]!;
  };

  /** The best candidates that the gate lets through, as many as the settings ask for. */
  const throughGate = (logits: Float32Array): Candidates => {
    const wanted = greedy ? 1 : settings.topK > 0 ? settings.topK : logits.length;
    for (const look of [Math.max(firstLook, 2 * wanted), logits.length]) {
      selectTop(logits, look, scratch);
      const lowest = scratch.logits[scratch.count - 1] ?? -Infinity;
      gate!.filter(scratch);
      // Enough, when the rest could not be chosen anyway.
      const floor = settings.minP > 0 ? (scratch.logits[0] ?? Infinity) + Math.log(settings.minP) : -Infinity;
      if (scratch.count >= wanted || look >= logits.length || (scratch.count > 0 && lowest < floor)) break;
    }
    scratch.count = Math.min(scratch.count, wanted);
    return scratch;
  };

  const choose = (logits: Float32Array): number => {
    let token: number;
    if (greedy) token = argmax(logits);
    else {
      selectTop(logits, settings.topK > 0 ? settings.topK : logits.length, own);
      token = draw(own);
    }
    if (token < 0 || gate === null || gate.allows(token)) return token;
    const candidates = throughGate(logits);
    return greedy ? (candidates.count === 0 ? -1 : candidates.tokens[0]!) : draw(candidates);
  };

  return {
    sample(logits) {
      adjust(logits);
      const token = choose(logits);
      restore(logits);
      return token;
    },
    accept(token) {
      gate?.accept(token);
      if (!penalizes) return;
      recent.push(token);
      counts.set(token, (counts.get(token) ?? 0) + 1);
      if (recent.length <= penaltyWindow) return;
      const old = recent.shift()!;
      const count = counts.get(old)! - 1;
      if (count === 0) counts.delete(old);
      else counts.set(old, count);
    },
    free() {
      gate?.free();
    },
  };
};
