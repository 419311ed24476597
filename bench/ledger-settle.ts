/**
 * Question: how many requests per second does the SQLite ledger reserve and settle durably, receipts signed and chained,
 * two budgets and a rate limit for each?
 *
 * Ceiling: a commit that waits for the disk takes milliseconds, so one at a time settles a few hundred a second at most;
 * group commit divides that wait among all requests in flight, and then one core's work per request is the limit: a
 * message between threads for each step, a row for the reservation and one for the receipt. One signature serves a commit.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeTurns } from './alternate.js';
import type { Bench, BenchOutcome, BenchRow, BenchSettings } from './bench.js';
import type { LedgerProtocol, SettleAnswer } from './ledger-side.js';
import { startSide } from './side-process.js';
import { createRow, median } from './statistics.js';

interface Case {
  readonly inFlight: number;
  /** Server processes on one file, the requests in flight shared among them. */
  readonly processes: number;
}

const cases: readonly Case[] = [
  { inFlight: 32, processes: 1 },
  { inFlight: 256, processes: 1 },
  { inFlight: 256, processes: 4 },
];
const target = { on: 'median', bound: 'at-least', value: 5_000 } as const;
const requestsOf = (inFlight: number, { quick }: BenchSettings): number =>
  (inFlight === 1 ? 200 : inFlight < 100 ? 10_000 : 30_000) / (quick ? 10 : 1);

/** Settles in a fresh file; requests per second of all processes together, and the longest block of any event loop. */
const measure = async (
  { inFlight, processes }: Case,
  settings: BenchSettings,
): Promise<{ readonly perSecond: number; readonly longestBlockMs: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
  const sides = Array.from({ length: processes }, () => startSide<LedgerProtocol>('ledger'));
  try {
    const url = `sqlite:${join(folder, 'ledger.db')}`;
    const requests = requestsOf(inFlight, settings) / processes;
    // A few first, so that the file, the key and the compiled code are there.
    for (const side of sides) await side.ask('settle', { url, requests: 100, inFlight: 10 });
    const answers = await Promise.all(
      sides.map((side): Promise<SettleAnswer> => side.ask('settle', { url, requests, inFlight: inFlight / processes })),
    );
    return {
      perSecond: answers.reduce((sum, { seconds }) => sum + requests / seconds, 0),
      longestBlockMs: Math.max(...answers.map(({ longestBlockMs }) => longestBlockMs)),
    };
  } finally {
    await Promise.all(sides.map((side) => side.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};

const run = async (settings: BenchSettings): Promise<BenchOutcome> => {
  const rows: BenchRow[] = [];
  const notes = [
    'Ours has that many requests in flight and commits them in groups; the other is the same ledger with one request at a time, which is a commit for each step. The file is in the folder for temporary files.',
  ];
  for (const one of cases) {
    const label = `${one.inFlight} in flight${one.processes === 1 ? '' : `, ${one.processes} processes on one file`}`;
    const figures = { ours: [] as number[], other: [] as number[], blocks: [] as number[] };
    for (let round = 0; round < settings.rounds; round++) {
      const { ours, other } = await takeTurns(round, {
        ours: () => measure(one, settings),
        other: () => measure({ inFlight: 1, processes: 1 }, settings),
      });
      figures.ours.push(ours.perSecond);
      figures.other.push(other.perSecond);
      figures.blocks.push(ours.longestBlockMs);
      settings.report(
        `${label}, round ${round + 1}/${settings.rounds}: ${ours.perSecond.toFixed(0)} requests/s, one at a time ` +
          `${other.perSecond.toFixed(0)}, event loop blocked at most ${ours.longestBlockMs.toFixed(1)} ms`,
      );
    }
    rows.push(
      createRow({
        what: label,
        unit: 'requests/s',
        ours: { name: 'settled', values: figures.ours },
        other: { name: 'one at a time', values: figures.other },
        ...(one.inFlight === 256 && one.processes === 1 ? { target } : {}),
      }),
    );
    notes.push(`Longest block of a server's event loop, ${label}: ${median(figures.blocks).toFixed(1)} ms (median).`);
  }
  return { rows, notes };
};

export const ledgerSettle: Bench = {
  name: 'ledger-settle',
  question: 'Requests that the SQLite ledger reserves and settles durably per second',
  ceiling: "One core's work per request once commits and signatures are shared: two messages, two rows",
  run,
};
