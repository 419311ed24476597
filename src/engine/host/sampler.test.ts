/** What would break: a wrong distribution, a seed that does not repeat, a token that the grammar forbids. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SamplingOptions } from '../engine.js';
import { argmax, createCandidates, logSumExp, selectTop } from './candidates.js';
import { createSampler, type TokenGate } from './sampler.js';

const floats = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 });

test('argmax and selectTop agree with sorting', () => {
  fc.assert(
    fc.property(floats, fc.integer({ min: 1, max: 70 }), (values, wanted) => {
      const logits = Float32Array.from(values);
      const sorted = [...logits].sort((a, b) => b - a);
      expect(logits[argmax(logits)]).toBe(sorted[0]);
      const top = createCandidates(80);
      selectTop(logits, wanted, top);
      expect([...top.logits.subarray(0, top.count)]).toEqual(sorted.slice(0, wanted));
      expect(new Set(top.tokens.subarray(0, top.count)).size).toBe(top.count);
      for (let index = 0; index < top.count; index++) expect(logits[top.tokens[index]!]).toBe(top.logits[index]);
    }),
  );
});

test('nothing but -Infinity gives nothing', () => {
  const logits = new Float32Array(10).fill(-Infinity);
  expect(argmax(logits)).toBe(-1);
  const top = createCandidates(4);
  selectTop(logits, 4, top);
  expect(top.count).toBe(0);
});

test('logSumExp makes probabilities that add up to 1', () => {
  fc.assert(
    fc.property(floats, (values) => {
      const logits = Float32Array.from(values);
      const sum = logSumExp(logits);
      expect(logits.reduce((total, logit) => total + Math.exp(logit - sum), 0)).toBeCloseTo(1, 5);
    }),
  );
});

const frequencies = (sampling: SamplingOptions, logits: readonly number[], gate: TokenGate | null = null): number[] => {
  const runs = 20_000;
  const counts = logits.map(() => 0);
  const scratch = createCandidates(logits.length);
  const sampler = createSampler({ sampling, seed: 7, gate, scratch });
  for (let run = 0; run < runs; run++) counts[sampler.sample(Float32Array.from(logits))]! += 1 / runs;
  return counts;
};

const softmax = (logits: readonly number[], temperature: number): number[] => {
  const weights = logits.map((logit) => Math.exp(logit / temperature));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
};

const off: SamplingOptions = { temperature: 1, topK: 0, topP: 1, minP: 0 };
const close = (got: readonly number[], wanted: readonly number[]): void => {
  got.forEach((value, index) => {
    expect(Math.abs(value - wanted[index]!)).toBeLessThan(0.015);
  });
};

test('draws from the softmax at the given temperature', () => {
  const logits = [2, 1, 0, -1, 0.5];
  close(frequencies(off, logits), softmax(logits, 1));
  close(frequencies({ ...off, temperature: 2 }, logits), softmax(logits, 2));
});

test('top-k, top-p and min-p cut the tail, in that order and before the temperature', () => {
  const logits = [3, 2, 1, 0];
  close(frequencies({ ...off, topK: 2 }, logits), [...softmax([3, 2], 1), 0, 0]);
  // Probabilities 0.644, 0.237, 0.087, 0.032: 0.8 needs the first two.
  close(frequencies({ ...off, topP: 0.8, temperature: 3 }, logits), [...softmax([3, 2], 3), 0, 0]);
  // A tenth of the best leaves out those below 0.0644.
  close(frequencies({ ...off, minP: 0.1, temperature: 2 }, logits), [...softmax([3, 2, 1], 2), 0]);
});

test('bias and penalties change the choice and leave the logits as they were', () => {
  const scratch = createCandidates(4);
  const logits = Float32Array.of(1, 0.9, 0.8, -5);
  const sampler = createSampler({
    sampling: { temperature: 0, frequencyPenalty: 0.15, logitBias: [[0, -Infinity]] },
    seed: 1,
    gate: null,
    scratch,
  });
  const picks = [];
  for (let step = 0; step < 4; step++) {
    const token = sampler.sample(logits);
    sampler.accept(token);
    picks.push(token);
  }
  expect(picks).toEqual([1, 2, 1, 2]);
  expect([...logits]).toEqual([...Float32Array.of(1, 0.9, 0.8, -5)]);
});

test('penalties forget what is more than 64 tokens ago', () => {
  const sampler = createSampler({
    sampling: { temperature: 0, presencePenalty: 5 },
    seed: 1,
    gate: null,
    scratch: createCandidates(3),
  });
  const logits = Float32Array.of(1, 0, -100);
  sampler.accept(0);
  expect(sampler.sample(logits)).toBe(1);
  for (let step = 0; step < 64; step++) sampler.accept(2);
  expect(sampler.sample(logits)).toBe(0);
});

test('the same seed draws the same tokens, another one others', () => {
  const draw = (seed: number): number[] => {
    const sampler = createSampler({ sampling: off, seed, gate: null, scratch: createCandidates(50) });
    return Array.from({ length: 40 }, () => sampler.sample(new Float32Array(50)));
  };
  expect(draw(5)).toEqual(draw(5));
  for (const other of [6, -5, 5 + 2 ** 32, 0]) expect(draw(other)).not.toEqual(draw(5));
});

const gateOf = (allowed: (token: number) => boolean): TokenGate => ({
  active: true,
  allows: allowed,
  filter(candidates) {
    let kept = 0;
    for (let index = 0; index < candidates.count; index++) {
      if (!allowed(candidates.tokens[index]!)) continue;
      candidates.tokens[kept] = candidates.tokens[index]!;
      candidates.logits[kept++] = candidates.logits[index]!;
    }
    candidates.count = kept;
  },
  accept: () => undefined,
  free: () => undefined,
});

test('a gate renormalizes over what it allows, wherever that lies', () => {
  const logits = [3, 2, 1, 0];
  close(
    frequencies(
      off,
      logits,
      gateOf((token) => token >= 2),
    ),
    [0, 0, ...softmax([1, 0], 1)],
  );
  const many = Float32Array.from({ length: 3000 }, (_, index) => -index / 100);
  for (const temperature of [0, 1]) {
    const sampler = createSampler({
      sampling: { temperature },
      seed: 3,
      gate: gateOf((token) => token >= 2990),
      scratch: createCandidates(3000),
    });
    expect(sampler.sample(many)).toBeGreaterThanOrEqual(2990);
  }
  const nothing = createSampler({ sampling: {}, seed: 3, gate: gateOf(() => false), scratch: createCandidates(3000) });
  expect(nothing.sample(many)).toBe(-1);
});
