/**
 * A Prometheus histogram whose observations cost an addition: labels are looked up once for what they stand for, and not
 * hashed with each value. Read by a prom-client registry as any other metric.
 */
import type { Registry } from 'prom-client';

export interface Observer {
  observe(value: number): void;
}

export interface FastHistogram<Label extends string> {
  /** The same labels give the same observer. */
  labelled(labels: Readonly<Record<Label, string>>): Observer;
}

interface Counts extends Observer {
  readonly labels: Readonly<Record<string, string>>;
  /** One for each bucket, not cumulative; what is above the last is in none. */
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

export const createFastHistogram = <Label extends string>(
  registry: Registry,
  options: {
    readonly name: string;
    readonly help: string;
    /** Upper bounds, rising. */
    readonly buckets: readonly number[];
    readonly labelNames: readonly Label[];
  },
): FastHistogram<Label> => {
  const { name, help, buckets, labelNames } = options;
  const children = new Map<string, Counts>();

  const createCounts = (labels: Readonly<Record<Label, string>>): Counts => ({
    labels,
    buckets: new Float64Array(buckets.length),
    sum: 0,
    count: 0,
    observe(value) {
      this.sum += value;
      this.count++;
      for (let index = 0; index < buckets.length; index++)
        if (value <= buckets[index]!) {
          this.buckets[index]!++;
          return;
        }
    },
  });

  const valuesOf = ({ labels, buckets: counts, sum, count }: Counts) => {
    let below = 0;
    return [
      ...buckets.map((le, index) => {
        below += counts[index]!;
        return { labels: { le, ...labels }, value: below, metricName: `${name}_bucket` };
      }),
      { labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` },
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ];
  };

  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...children.values()].flatMap(valuesOf),
    }),
    reset: () => children.clear(),
  };
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);

  return {
    labelled(labels) {
      const key = labelNames.map((label) => labels[label]).join('\n');
      let child = children.get(key);
      if (child === undefined) {
        child = createCounts(labels);
        children.set(key, child);
      }
      return child;
    },
  };
};
