import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createFastHistogram } from './fast-histogram.js';

test('says what a histogram of prom-client says', async () => {
  const options = { name: 'h', help: 'A histogram', buckets: [0.1, 1, 10], labelNames: ['model', 'kind'] as const };
  const fast = new Registry();
  const plain = new Registry();
  const ours = createFastHistogram(fast, options);
  const theirs = new Histogram({ ...options, labelNames: [...options.labelNames], registers: [plain] });
  for (const [model, kind, value] of [
    ['a', 'x', 0.05],
    ['a', 'x', 0.1],
    ['a', 'x', 5],
    ['a', 'y', 50],
    ['b "quoted"\n', 'x', 1],
  ] as const) {
    ours.labelled({ model, kind }).observe(value);
    theirs.observe({ model, kind }, value);
  }
  expect(await fast.metrics()).toBe(await plain.metrics());
  const merge = (registry: Registry) => registry.getMetricsAsJSON();
  expect((await merge(fast))[0]).toMatchObject({ name: 'h', type: 'histogram', aggregator: 'sum' });
});
