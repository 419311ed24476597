/**
 * Question: does Spillway's memory grow with the requests that have passed?
 *
 * Ceiling: none of it need grow. One server, one run: a million requests take minutes.
 */
import type { Bench, BenchOutcome, BenchSettings } from './bench.js';
import { measureSide } from './gateway/compare-gateways.js';
import { chatLoad, startSpillwaySide, startSurroundings } from './gateway/gateway-sides.js';
import { whyNotApart } from './on-core.js';
import { residentMegabytes } from './process-memory.js';
import { createRow } from './statistics.js';

const connections = 32;
const stages = { early: 10_000, late: 1_000_000, report: 100_000 } as const;

const run = async (settings: BenchSettings): Promise<BenchOutcome> => {
  const reason = whyNotApart();
  if (reason !== null) return { rows: [], notes: [`Not measured here: ${reason}.`] };
  const surroundings = await startSurroundings({ tokens: 1 });
  try {
    const side = await startSpillwaySide(surroundings.upstreamUrl);
    try {
      const shrink = settings.quick ? 100 : 1;
      const pass = async (requests: number): Promise<number> => {
        await measureSide(surroundings, side, chatLoad(side, { connections, requests }));
        return residentMegabytes(side.pid).now;
      };
      const early = await pass(stages.early / shrink);
      let late = early;
      const most = stages.late / shrink;
      for (let passed = stages.early / shrink; passed < most; ) {
        const requests = Math.min(stages.report / shrink, most - passed);
        late = await pass(requests);
        passed += requests;
        settings.report(`after ${passed} requests ${late.toFixed(1)} MB (${early.toFixed(1)} MB at first)`);
      }
      return {
        rows: [
          createRow({
            what: `after ${most.toLocaleString('en')} requests, against after ${(stages.early / shrink).toLocaleString('en')}`,
            unit: 'MB',
            ours: { name: 'after all', values: [late] },
            other: { name: 'early', values: [early] },
            target: { on: 'ratio', bound: 'at-most', value: 1.2 },
          }),
        ],
        notes: [`${connections} connections at once; one run, since a million requests take minutes.`],
      };
    } finally {
      await side.stop();
    }
  } finally {
    await surroundings.close();
  }
};

export const gatewayMemory: Bench = {
  name: 'gateway-memory',
  question: 'Resident memory of Spillway after a million requests against after ten thousand',
  ceiling: 'No growth',
  run,
};
