/**
 * `npm run bench [-- NAME ...] [--quick] [--rounds N] [--threads N]`: runs benches, prints their tables, writes
 * `bench/results/` and the figures in the documents. Progress goes to standard error; each bench ends with one JSON line
 * on standard output. Knows the benches by their contract only.
 */
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/terminal.js';
import { defaultThreads } from '../src/engine/host/thread-count.js';
import { packageCandidates } from '../src/llama/find-binaries.js';
import type { Bench, BenchResult, BenchSettings, MachineFacts } from './bench.js';
import { benches } from './benches.js';
import { readMachine } from './machine.js';
import { renderDocuments } from './render-docs.js';
import { provenance, tableCells, tableHeader } from './result-table.js';
import { writeResult } from './results.js';

const usage = `Usage: npm run bench -- [NAME ...] [--quick] [--rounds N] [--threads N]
Benches: ${benches.map(({ name }) => name).join(', ')}`;

interface Arguments {
  readonly chosen: readonly Bench[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly threads: number;
}

class UsageError extends Error {}

const wholeNumber = (text: string | undefined, fallback: number, least: number): number => {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > 1000)
    throw new UsageError(`Not a whole number from ${least} to 1000: ${text}`);
  return value;
};

const readArguments = (): Arguments => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      threads: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) throw new UsageError(usage);
  const unknown = positionals.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown !== undefined) throw new UsageError(`There is no bench "${unknown}".\n${usage}`);
  return {
    chosen: positionals.length === 0 ? benches : benches.filter(({ name }) => positionals.includes(name)),
    quick: values.quick,
    // Fewer than five rounds have no spread worth printing, so only quick runs may have them.
    rounds: wholeNumber(values.rounds, values.quick ? 2 : 5, values.quick ? 1 : 5),
    threads: wholeNumber(values.threads, defaultThreads(), 1),
  };
};

/** Every side computes with the plain binaries of this platform, even where somebody installed those of a GPU. */
const pinBinaries = (): void => {
  const plain = packageCandidates(process.platform, process.arch).at(-1);
  if (plain !== undefined) process.env.SPILLWAY_LLAMA_PACKAGE ??= plain;
};

const report = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const runBench = async (bench: Bench, settings: BenchSettings, machine: MachineFacts): Promise<BenchResult> => {
  report(`\n${bench.name}: ${bench.question}`);
  const outcome = await bench.run(settings);
  const { quick, rounds, threads } = settings;
  const { question, ceiling } = bench;
  return { bench: bench.name, question, ceiling, quick, rounds, threads, machine, ...outcome };
};

const printTable = (results: readonly BenchResult[]): void => {
  for (const result of results) {
    process.stdout.write(`\n${result.bench}: ${result.question}\n`);
    if (result.rows.length > 0) process.stdout.write(`${formatTable(tableHeader, result.rows.map(tableCells))}\n`);
    for (const note of result.notes) process.stdout.write(`${note}\n`);
  }
  const first = results[0];
  if (first !== undefined) process.stdout.write(`\n${provenance(first)}\n`);
};

const main = async (): Promise<void> => {
  const { chosen, quick, rounds, threads } = readArguments();
  pinBinaries();
  const machine = readMachine();
  if (machine.loadBefore > 0.5)
    report(
      `Something else computes here (load ${machine.loadBefore}): llama.cpp's threads starve, figures will be off.`,
    );
  const settings = { quick, rounds, threads, report };
  const results: BenchResult[] = [];
  for (const bench of chosen) {
    try {
      const result = await runBench(bench, settings, machine);
      writeResult(result);
      results.push(result);
      process.stdout.write(`${JSON.stringify(result)}\n`);
    } catch (error) {
      process.exitCode = 1;
      report(`${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  printTable(results);
  if (quick) return;
  for (const path of renderDocuments()) report(`Wrote the figures in ${path}`);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
