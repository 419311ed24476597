/** Every row is in exactly one batch, no batch is over its shape, and padding stays small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from './rng.js';
import { batchSequences, type Sequence, shapeFor } from './sequence-batch.js';

const options = { times: [8, 16, 24, 64], tokens: 256, outputsPerRow: 4 };
const rowOf = (length: number, id: number): Sequence => ({
  tokens: Array.from({ length }, () => id),
  weights: Array.from({ length: length - 1 }, (_, index) => (index % 3 === 0 ? 1 : 0)),
});

describe('batchSequences', () => {
  it('loses no row and fills no shape beyond its room', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 300 }), fc.integer(), (lengths, seed) => {
        const rows = lengths.map(rowOf);
        const batches = batchSequences(rows, { ...options, rng: createRng(seed) });
        for (const { shape, rows: inside } of batches) {
          expect(inside.length).toBeLessThanOrEqual(shape.batch);
          expect(inside.every(({ tokens }) => tokens.length <= shape.time)).toBe(true);
          const labels = inside.flatMap(({ weights }) => weights.filter((weight) => weight > 0)).length;
          expect(labels <= shape.outputs || inside.length === 1).toBe(true);
        }
        const seen = batches.flatMap((batch) => batch.rows.map(({ tokens }) => tokens[0])).sort((a, b) => a! - b!);
        expect(seen).toStrictEqual(lengths.map((_, id) => id));
      }),
      { numRuns: 50 },
    );
  });

  it('is the same for the same seed', () => {
    const rows = Array.from({ length: 100 }, (_, id) => rowOf(2 + (id % 20), id));
    const make = () => batchSequences(rows, { ...options, rng: createRng(4) });
    expect(make()).toStrictEqual(make());
  });

  it('names a row that is longer than the longest shape', () => {
    expect(() => batchSequences([rowOf(65, 0)], { ...options, rng: createRng(1) })).toThrow(
      /row of 65 tokens: the longest shape has 64/,
    );
  });
});

describe('shapeFor', () => {
  it('keeps tokens a multiple of 32', () => {
    for (let time = 8; time <= 96; time += 8) {
      const shape = shapeFor(time, { ...options, tokens: 1024 });
      expect((shape.time * shape.batch) % 32).toBe(0);
      expect(shape.time * shape.batch).toBeLessThanOrEqual(1024);
    }
  });
});
