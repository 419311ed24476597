/**
 * What /metrics shows: OpenTelemetry's GenAI metrics in Prometheus form for requests, and Spillway's own for queue,
 * batch and KV cache. Labels are operations, models, statuses and error codes; never a prompt, an answer, a key or a
 * user. https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { EngineStats, GenerateTimings, GenerateUsage } from '../engine/engine.js';
import { createFastHistogram } from './fast-histogram.js';

export type Operation = 'chat' | 'text_completion' | 'embeddings';

/** Follows one request of a model from its arrival to its end. */
export interface RequestMeter {
  /** The first token of any choice is there; later calls do nothing. */
  firstToken(): void;
  succeeded(result: {
    readonly usage: Pick<GenerateUsage, 'promptTokens' | 'cachedTokens' | 'completionTokens'>;
    readonly timings?: GenerateTimings;
    /** Choices that shared the time; only a lone one tells the time per token. Default 1. */
    readonly choices?: number;
  }): void;
  /** `errorType` is the code of the error body. */
  failed(errorType: string): void;
}

/** The values of one server as plain data. */
export type MetricsSnapshot = readonly object[];

export interface Metrics {
  meter(request: { readonly operation: Operation; readonly model: string; readonly startedMs: number }): RequestMeter;
  /** Counts a finished HTTP request; `route` is a pattern, never a path that a client made up. */
  countRequest(request: { readonly method: string; readonly route: string; readonly status: number }): void;
  /** Prometheus text of now; `others` are those of servers of the same port, which are counted in. */
  render(others?: readonly MetricsSnapshot[]): Promise<string>;
  snapshot(): Promise<MetricsSnapshot>;
  readonly contentType: string;
}

// The specification's boundaries, with finer ones below for models of a few million parameters.
const durationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
];
const perTokenBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
];
const queueBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];

const requestLabels = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'] as const;

const engineGauges: readonly (readonly [name: string, help: string, read: (stats: EngineStats) => number])[] = [
  ['spillway_sequences_running', 'Sequences that decode now', (stats) => stats.sequencesRunning],
  ['spillway_sequences_queued', 'Requests waiting for a place', (stats) => stats.sequencesQueued],
  ['spillway_kv_cache_cells_used', 'KV-cache cells in use', (stats) => stats.kvCellsUsed],
  ['spillway_kv_cache_cells', 'KV-cache cells there are', (stats) => stats.kvCellsTotal],
  [
    'spillway_kv_cache_usage_ratio',
    'Used part of the KV cache, 0 to 1',
    (stats) => (stats.kvCellsTotal === 0 ? 0 : stats.kvCellsUsed / stats.kvCellsTotal),
  ],
  [
    'spillway_batch_size',
    'Mean number of sequences in a decode step since the engine started',
    (stats) => (stats.decodeSteps === 0 ? 0 : stats.decodeStepSequences / stats.decodeSteps),
  ],
];

const engineCounters: readonly (readonly [name: string, help: string, read: (stats: EngineStats) => number])[] = [
  ['spillway_prompt_tokens_total', 'Prompt tokens taken', (stats) => stats.promptTokens],
  ['spillway_cached_prompt_tokens_total', 'Prompt tokens found in the cache', (stats) => stats.cachedPromptTokens],
  ['spillway_completion_tokens_total', 'Tokens made', (stats) => stats.completionTokens],
  ['spillway_decode_steps_total', 'Decode steps', (stats) => stats.decodeSteps],
  [
    'spillway_decode_step_sequences_total',
    'Sum over decode steps of their sequences',
    (stats) => stats.decodeStepSequences,
  ],
  ['spillway_engine_restarts_total', 'Restarts of the engine host', (stats) => stats.hostRestarts],
];

const registerEngine = (registry: Registry, stats: () => Readonly<Record<string, EngineStats>>): void => {
  const labelNames = ['gen_ai_request_model'];
  for (const [name, help, read] of engineGauges) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      // Servers that share a host see the same one.
      aggregator: 'max',
      registers: [registry],
      collect: () => {
        gauge.reset();
        for (const [model, snapshot] of Object.entries(stats()))
          gauge.set({ gen_ai_request_model: model }, read(snapshot));
      },
    });
  }
  for (const [name, help, read] of engineCounters) {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      aggregator: 'max',
      registers: [registry],
      collect: () => {
        counter.reset();
        for (const [model, snapshot] of Object.entries(stats()))
          counter.inc({ gen_ai_request_model: model }, read(snapshot));
      },
    });
  }
};

export const createMetrics = (stats: () => Readonly<Record<string, EngineStats>>): Metrics => {
  const registry = new Registry();
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[],
  ) => createFastHistogram(registry, { name, help, buckets, labelNames });
  const durations = histogram(
    'gen_ai_server_request_duration_seconds',
    'Arrival of a request to the end of its answer',
    durationBuckets,
    [...requestLabels, 'error_type'],
  );
  const firstTokens = histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'Arrival of a request to its first token',
    firstTokenBuckets,
    requestLabels,
  );
  const perToken = histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Mean time between the tokens of an answer after its first',
    perTokenBuckets,
    requestLabels,
  );
  const tokenUsage = histogram('gen_ai_client_token_usage', 'Tokens of a request by type', tokenBuckets, [
    ...requestLabels,
    'gen_ai_token_type',
  ]);
  const queueTimes = histogram(
    'spillway_queue_time_seconds',
    'Wait of a request for its place in the engine',
    queueBuckets,
    requestLabels,
  );
  const finished = new Map<string, { readonly labels: Record<string, string>; count: number }>();
  const requests: Counter = new Counter({
    name: 'spillway_http_requests_total',
    help: 'Finished HTTP requests by status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect: () => {
      requests.reset();
      for (const { labels, count } of finished.values()) requests.inc(labels, count);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the server process',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  registerEngine(registry, stats);

  const observersOf = (operation: Operation, model: string) => {
    const labels = {
      gen_ai_operation_name: operation,
      gen_ai_provider_name: 'spillway',
      gen_ai_request_model: model,
    };
    return {
      labels,
      duration: durations.labelled({ ...labels, error_type: '' }),
      firstToken: firstTokens.labelled(labels),
      perToken: perToken.labelled(labels),
      input: tokenUsage.labelled({ ...labels, gen_ai_token_type: 'input' }),
      output: tokenUsage.labelled({ ...labels, gen_ai_token_type: 'output' }),
      queue: queueTimes.labelled(labels),
    };
  };
  const observers = new Map<string, ReturnType<typeof observersOf>>();

  const meter: Metrics['meter'] = ({ operation, model, startedMs }) => {
    const key = `${operation} ${model}`;
    let to = observers.get(key);
    if (to === undefined) {
      to = observersOf(operation, model);
      observers.set(key, to);
    }
    const { labels, duration, firstToken, input, output, queue, perToken: eachToken } = to;
    let firstMs: number | null = null;
    return {
      firstToken: () => {
        if (firstMs !== null) return;
        firstMs = performance.now();
        firstToken.observe((firstMs - startedMs) / 1000);
      },
      succeeded: ({ usage, timings, choices = 1 }) => {
        const nowMs = performance.now();
        duration.observe((nowMs - startedMs) / 1000);
        input.observe(usage.promptTokens);
        if (operation !== 'embeddings') output.observe(usage.completionTokens);
        if (timings === undefined) return;
        queue.observe(timings.queueMs / 1000);
        if (firstMs !== null && choices === 1 && usage.completionTokens > 1)
          eachToken.observe((nowMs - firstMs) / 1000 / (usage.completionTokens - 1));
      },
      failed: (errorType) => {
        durations.labelled({ ...labels, error_type: errorType }).observe((performance.now() - startedMs) / 1000);
      },
    };
  };

  return {
    meter,
    countRequest: ({ method, route, status }) => {
      const key = `${method} ${status} ${route}`;
      const counted = finished.get(key);
      if (counted === undefined) finished.set(key, { labels: { method, route, status: String(status) }, count: 1 });
      else counted.count++;
    },
    render: async (others = []) =>
      others.length === 0
        ? registry.metrics()
        : AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]).metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  };
};
