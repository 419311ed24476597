/**
 * Question: how much later comes an answer through Spillway than without it, at 200 requests a second?
 *
 * Ceiling: what two more HTTP messages cost: the bare proxy's added time. A request counts from when it was due where it
 * had to wait for a connection, so that a standstill shows.
 */
import type { Bench, BenchOutcome, BenchRow, BenchSettings } from './bench.js';
import { measureSide } from './gateway/compare-gateways.js';
import {
  chatLoad,
  type GatewaySide,
  type Surroundings,
  startBareProxy,
  startSpillwaySide,
  withSurroundings,
} from './gateway/gateway-sides.js';
import type { Percentiles } from './gateway/percentiles.js';
import { createRow } from './statistics.js';

const perSecond = 200;
const connections = 64;
const limitsMs: Percentiles = { p50: 0.5, p99: 3 };
/** Differences below the clock's own jitter are none. */
const leastMs = 0.001;

const measure = async (surroundings: Surroundings, settings: BenchSettings): Promise<BenchOutcome> => {
  const sides: GatewaySide[] = [];
  try {
    const { upstreamUrl } = surroundings;
    const direct = { name: 'no gateway', url: upstreamUrl, pid: process.pid, headers: {} };
    sides.push(await startSpillwaySide(upstreamUrl), await startBareProxy(upstreamUrl));
    const all = [...sides, direct];
    const seconds = settings.quick ? 1 : 10;
    for (const side of sides)
      await measureSide(surroundings, side, chatLoad(side, { connections: 32, seconds: settings.quick ? 1 : 4 }));
    const rounds: Map<string, Percentiles>[] = [];
    for (let round = 0; round < settings.rounds; round++) {
      const figures = new Map<string, Percentiles>();
      for (const at of all.keys()) {
        const side = all[(at + round) % all.length]!;
        const load = chatLoad(side, { connections, perSecond, seconds });
        const { latencyMs } = await measureSide(surroundings, side, load);
        figures.set(side.name, latencyMs);
        settings.report(
          `round ${round + 1}/${settings.rounds}: ${side.name} p50 ${latencyMs.p50.toFixed(3)} ms, p99 ${latencyMs.p99.toFixed(3)} ms`,
        );
      }
      rounds.push(figures);
    }
    const added = (name: string, which: keyof Percentiles): number[] =>
      rounds.map((figures) => Math.max(leastMs, figures.get(name)![which] - figures.get(direct.name)![which]));
    const rows = (['p50', 'p99'] as const).map(
      (which): BenchRow =>
        createRow({
          what: `added ${which} at ${perSecond} requests/s`,
          unit: 'ms',
          ours: { name: 'Spillway', values: added('Spillway', which) },
          other: { name: 'bare proxy', values: added('bare proxy', which) },
          target: { on: 'median', bound: 'at-most', value: limitsMs[which] },
        }),
    );
    return { rows, notes: [] };
  } finally {
    for (const side of sides) await side.stop();
  }
};

export const gatewayLatency: Bench = {
  name: 'gateway-latency',
  question: 'Time that Spillway adds to an answer at 200 requests/s',
  ceiling: "The bare proxy's: two more HTTP messages",
  run: (settings) => withSurroundings({ tokens: 1 }, (surroundings) => measure(surroundings, settings)),
};
