/**
 * Question: does Spillway's memory grow with the requests that have passed?
 *
 * Ceiling: none of it need grow. Takes three quarters of an hour: a million requests are minutes, and there are five rounds.
 */
import type { Bench, BenchOutcome, BenchSettings } from './bench.js';
import { measureSide } from './gateway/compare-gateways.js';
import { chatLoad, type Surroundings, startSpillwaySide, withSurroundings } from './gateway/gateway-sides.js';
import { residentMegabytes } from './process-memory.js';
import { createRow } from './statistics.js';

const connections = 32;
const stages = { early: 10_000, late: 1_000_000, report: 100_000 } as const;

/** Megabytes after the first requests and after all of them, of a server of its own. */
const passAll = async (
  surroundings: Surroundings,
  counts: { readonly early: number; readonly late: number; readonly report: number },
  say: (line: string) => void,
): Promise<{ readonly early: number; readonly late: number }> => {
  const side = await startSpillwaySide(surroundings.upstreamUrl);
  try {
    const pass = async (requests: number): Promise<number> => {
      await measureSide(surroundings, side, chatLoad(side, { connections, requests }));
      return residentMegabytes(side.pid).now;
    };
    const early = await pass(counts.early);
    let late = early;
    for (let passed = counts.early; passed < counts.late; ) {
      const requests = Math.min(counts.report, counts.late - passed);
      late = await pass(requests);
      passed += requests;
      say(`after ${passed} requests ${late.toFixed(1)} MB (${early.toFixed(1)} MB at first)`);
    }
    return { early, late };
  } finally {
    await side.stop();
  }
};

const measure = async (surroundings: Surroundings, { rounds, quick, report }: BenchSettings): Promise<BenchOutcome> => {
  const shrink = quick ? 100 : 1;
  const counts = { early: stages.early / shrink, late: stages.late / shrink, report: stages.report / shrink };
  const figures: { readonly early: number; readonly late: number }[] = [];
  for (let round = 0; round < rounds; round++)
    figures.push(await passAll(surroundings, counts, (line) => report(`round ${round + 1}/${rounds}: ${line}`)));
  return {
    rows: [
      createRow({
        what: `after ${counts.late.toLocaleString('en')} requests, against after ${counts.early.toLocaleString('en')}`,
        unit: 'MB',
        ours: { name: 'after all', values: figures.map(({ late }) => late) },
        other: { name: 'early', values: figures.map(({ early }) => early) },
        target: { on: 'ratio', bound: 'at-most', value: 1.2 },
      }),
    ],
    notes: [`${connections} connections at once, a server of its own for each round.`],
  };
};

export const gatewayMemory: Bench = {
  name: 'gateway-memory',
  question: 'Resident memory of Spillway after a million requests against after ten thousand',
  ceiling: 'No growth',
  run: (settings) => withSurroundings({ tokens: 1 }, (surroundings) => measure(surroundings, settings)),
};
