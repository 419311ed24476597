/**
 * Question: how fast is the engine against node-llama-cpp on the same model and the same llama.cpp binary?
 *
 * Ceiling: what the binary can do, which `engine-decode` measures with a bare loop; the difference of the two sides is
 * what JavaScript does around `llama_decode`. node-llama-cpp hands out token ids here, the engine text as well.
 */
import { findBinaries } from '../src/llama/find-binaries.js';
import type { Bench, BenchRow, Target } from './bench.js';
import { compareDecode, type SequenceCount } from './compare-decode.js';
import { type BenchModel, pocketModel, qwenModel } from './models.js';
import { nodeLlamaCppVersion, peerInstallHint } from './peers.js';

const atLeast = (value: number): Target => ({ on: 'ratio', bound: 'at-least', value });
const cases: readonly { sequences: SequenceCount; target?: Target }[] = [
  { sequences: 1, target: atLeast(1.4) },
  { sequences: 8 },
  { sequences: 16, target: atLeast(2) },
  { sequences: 32 },
];

/** A quarter of the tokens: at this size node-llama-cpp takes ten times as long as the engine. */
const shortPocketModel = (): BenchModel => {
  const model = pocketModel();
  const { tokens } = model;
  return { ...model, tokens: { 1: tokens[1] / 4, 8: tokens[8] / 4, 16: tokens[16] / 4, 32: tokens[32] / 4 } };
};

export const againstNodeLlamaCpp: Bench = {
  name: 'against-node-llama-cpp',
  question: 'Tokens/s of the engine against node-llama-cpp on the same model and binary',
  ceiling: 'The bare loop of engine-decode on the same binary',
  run: async (settings) => {
    const version = nodeLlamaCppVersion();
    if (version === null)
      return { rows: [], notes: [`Not measured: node-llama-cpp is not installed; run \`${peerInstallHint}\`.`] };
    const ourVersion = findBinaries().packageVersion;
    if (version !== ourVersion)
      return {
        rows: [],
        notes: [`Not measured: node-llama-cpp ${version} carries another llama.cpp than our binaries ${ourVersion}.`],
      };
    const rows: BenchRow[] = [];
    for (const model of [qwenModel(), shortPocketModel()])
      rows.push(
        ...(await compareDecode(
          {
            model,
            ours: { label: 'engine', file: 'engine' },
            other: { label: `node-llama-cpp ${version}`, file: 'node-llama-cpp' },
            cases,
          },
          settings,
        )),
      );
    return {
      rows,
      notes: ['node-llama-cpp: one context with a sequence for each stream, greedy `evaluate`, token ids only.'],
    };
  },
};
