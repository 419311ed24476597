/**
 * Measures several gateways in turn, round after round, each alone: what one of them does at the moment does not disturb
 * the others, and what else the machine does meets them all. Knows no gateway by name.
 */
import type { BenchOutcome, BenchSettings } from '../bench.js';
import { processorMs } from '../process-time.js';
import {
  type GatewaySide,
  type Surroundings,
  startBareProxy,
  startNginx,
  startPortkey,
  startSpillwaySide,
  withSurroundings,
} from './gateway-sides.js';
import type { LoadAnswer, LoadQuestion } from './load-protocol.js';

export interface Measured extends LoadAnswer {
  /** Processor time of the gateway, all its threads, microseconds a request. */
  readonly processorMicroseconds: number;
}

/** Throws where an answer was no good one: a gateway that refuses is not fast. */
export const measureSide = async (
  { load }: Surroundings,
  side: Pick<GatewaySide, 'name' | 'pid'>,
  question: LoadQuestion,
): Promise<Measured> => {
  const fromMs = processorMs(side.pid);
  const answer = await load.ask('load', question);
  const spentMs = processorMs(side.pid) - fromMs;
  if (answer.failed > 0 || answer.requests === 0)
    throw new Error(`${side.name} failed ${answer.failed} of its requests, such as: ${answer.firstFailure}`);
  return { ...answer, processorMicroseconds: (spentMs * 1000) / answer.requests };
};

/** Figures of each side by its name, one for each round, in order. */
export type Figures = ReadonlyMap<string, readonly Measured[]>;

export interface GatewayBench {
  /** Of a streamed answer. */
  readonly tokens: number;
  /** With those that are not on every machine. */
  readonly peers: boolean;
  /** Makes code hot; its figures are thrown away. */
  readonly warmUp: (side: GatewaySide) => LoadQuestion;
  readonly cases: readonly {
    readonly name: string;
    readonly load: (side: GatewaySide) => LoadQuestion;
  }[];
  readonly rows: (figures: readonly Figures[]) => BenchOutcome['rows'];
  /** What a reader should know of the figures beside what could not be measured. */
  readonly notes: (figures: readonly Figures[]) => readonly string[];
}

export const compareGateways = (bench: GatewayBench, settings: BenchSettings): Promise<BenchOutcome> =>
  withSurroundings(bench, (surroundings) => compareWithin(surroundings, bench, settings));

const compareWithin = async (
  surroundings: Surroundings,
  bench: GatewayBench,
  settings: BenchSettings,
): Promise<BenchOutcome> => {
  const sides: GatewaySide[] = [];
  const missing: string[] = [];
  try {
    const { upstreamUrl } = surroundings;
    sides.push(await startSpillwaySide(upstreamUrl), await startBareProxy(upstreamUrl));
    if (bench.peers)
      for (const peer of [await startPortkey(upstreamUrl), await startNginx(upstreamUrl)])
        if (typeof peer === 'string') missing.push(peer);
        else sides.push(peer);
    for (const side of sides) await measureSide(surroundings, side, bench.warmUp(side));
    const figures = bench.cases.map(() => new Map<string, Measured[]>(sides.map(({ name }) => [name, []])));
    for (let round = 0; round < settings.rounds; round++)
      for (const [index, { name, load }] of bench.cases.entries())
        for (const at of sides.keys()) {
          const side = sides[(at + round) % sides.length]!;
          const measured = await measureSide(surroundings, side, load(side));
          figures[index]!.get(side.name)!.push(measured);
          settings.report(
            `${name}, round ${round + 1}/${settings.rounds}: ${side.name} ` +
              `${(measured.requests / measured.seconds).toFixed(0)} requests/s, p50 ${measured.latencyMs.p50.toFixed(2)} ms, ` +
              `p99 ${measured.latencyMs.p99.toFixed(2)} ms, ${measured.processorMicroseconds.toFixed(0)} µs of processor each`,
          );
        }
    return { rows: bench.rows(figures), notes: [...bench.notes(figures), ...missing] };
  } finally {
    for (const side of sides) await side.stop();
  }
};
