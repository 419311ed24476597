/**
 * Question: how long does a prompt wait for its first token when its first 1,000 tokens were seen before, against the
 * same prompt cold?
 *
 * Ceiling: the prefix costs nothing, what is left is reading the prompt's own tokens and one decode step: own tokens
 * divided by all of them, about 0.02 here, plus the time of a step.
 */
import type { Bench, BenchRow, BenchSettings } from './bench.js';
import type { EngineProtocol } from './engine-side.js';
import { type BenchModel, pocketModel, qwenModel } from './models.js';
import { startSide } from './side-process.js';
import { createRow } from './statistics.js';

const sharedTokens = 1000;
const ownTokens = 24;

const compare = async (model: BenchModel, settings: BenchSettings): Promise<BenchRow> => {
  const cold: number[] = [];
  const warm: number[] = [];
  const engine = startSide<EngineProtocol>('engine');
  try {
    await engine.ask('open', { modelPath: model.path, contextLength: 1280, parallel: 4, threads: settings.threads });
    const ask = async (seed: number, ownSeed: number, expectCached: boolean): Promise<number> => {
      const { vocabularySize } = model;
      const answer = await engine.ask('ttft', { sharedTokens, ownTokens, vocabularySize, seed, ownSeed });
      if (answer.cachedTokens >= sharedTokens !== expectCached)
        throw new Error(`A ${expectCached ? 'warm' : 'cold'} prompt had ${answer.cachedTokens} tokens in the cache`);
      return answer.ttftMs;
    };
    await ask(1, 2, false);
    // Cold must come first, so the sides alternate cold, warm, cold, warm; each round has a prefix of its own.
    for (let round = 0; round < settings.rounds; round++) {
      const seed = 1000 + round * 10;
      cold.push(await ask(seed, seed + 1, false));
      warm.push(await ask(seed, seed + 2, true));
      settings.report(
        `${model.label}, round ${round + 1}/${settings.rounds}: cold ${cold.at(-1)!.toFixed(1)} ms, warm ${warm.at(-1)!.toFixed(1)} ms`,
      );
    }
  } finally {
    await engine.close();
  }
  return createRow({
    what: `${model.label}, prompt of ${sharedTokens} + ${ownTokens} tokens`,
    unit: 'ms',
    ours: { name: 'prefix seen before', values: warm },
    other: { name: 'cold', values: cold },
    target: { on: 'ratio', bound: 'at-most', value: 0.1 },
  });
};

export const prefixTtft: Bench = {
  name: 'prefix-ttft',
  question: 'TTFT of a prompt whose first 1,000 tokens were seen before against cold',
  ceiling: 'The time to read the tokens that are new: 24 of 1,024',
  run: async (settings) => {
    const rows: BenchRow[] = [];
    for (const model of [qwenModel(), pocketModel()]) rows.push(await compare(model, settings));
    return { rows, notes: [] };
  },
};
