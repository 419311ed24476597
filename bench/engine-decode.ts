/**
 * Question: how much of the machine's decoding speed is left when requests run through the engine (scheduler, host
 * process, messages, text) instead of through a bare loop?
 *
 * Ceiling: the bare loop itself, which does nothing but `llama_decode` and argmax on the same binding. It in turn is
 * bound by memory bandwidth at one sequence (every token reads all weights once) and by matrix products at many.
 */
import type { Bench, BenchRow } from './bench.js';
import { compareDecode, type SequenceCount } from './compare-decode.js';
import { pocketModel, qwenModel } from './models.js';

const counts: readonly SequenceCount[] = [1, 8, 16, 32];

export const engineDecode: Bench = {
  name: 'engine-decode',
  question: 'Tokens/s of the engine against a bare decode loop on the same binding',
  ceiling: 'The bare loop: llama_decode and argmax, nothing else, in one process',
  run: async (settings) => {
    const rows: BenchRow[] = [];
    for (const model of [qwenModel(), pocketModel()])
      rows.push(
        ...(await compareDecode(
          {
            model,
            ours: { label: 'engine', file: 'engine' },
            other: { label: 'bare loop', file: 'bare-loop' },
            cases: counts.map((sequences) => ({
              sequences,
              target: { on: 'ratio', bound: 'at-least', value: 0.95 },
            })),
          },
          settings,
        )),
      );
    return { rows, notes: [] };
  },
};
