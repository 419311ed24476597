/**
 * Question: how fast is `spillway serve` against llama.cpp's own server, both over HTTP with the same model, threads and
 * clients?
 *
 * Ceiling: the bare loop of `engine-decode`; llama-server is C++ around the same library, so what differs is scheduling,
 * sampling and HTTP. Needs `LLAMA_SERVER`, the path of a llama-server built on this machine.
 */
import { spawnSync } from 'node:child_process';
import { takeTurns } from './alternate.js';
import type { Bench, BenchRow, BenchSettings } from './bench.js';
import { contextLengthFor, type SequenceCount, tokensFor } from './compare-decode.js';
import { promptTokens } from './decode-side.js';
import type { ClientProtocol } from './http-client.js';
import { type BenchModel, qwenModel } from './models.js';
import { llamaServerPath } from './peers.js';
import { type ServerProcess, startLlamaServer, startSpillway } from './server-process.js';
import { type SideProcess, startSide } from './side-process.js';
import { createRow } from './statistics.js';

const counts: readonly SequenceCount[] = [1, 8, 16];

/** Measured once on a machine of 2 Zen 4 cores with Qwen2.5-0.5B's shape in Q4_0; for readers without a llama-server. */
const reference = 'llama-server over HTTP at 1, 8 and 16 streams, measured on 2 Zen 4 cores: 72, 102, 181 tokens/s';

const measure = async (
  client: SideProcess<ClientProtocol>,
  server: ServerProcess,
  run: { readonly model: BenchModel; readonly sequences: number; readonly tokens: number; readonly seed: number },
): Promise<number> => {
  const question = {
    url: server.url,
    kind: 'completion',
    requests: run.sequences,
    concurrency: run.sequences,
    promptLength: promptTokens,
    vocabularySize: run.model.vocabularySize,
  } as const;
  await client.ask('stream', { ...question, tokens: 2, seed: run.seed + 1 });
  const answer = await client.ask('stream', { ...question, tokens: run.tokens, seed: run.seed });
  if (answer.tokens !== run.sequences * run.tokens)
    throw new Error(`${server.url} decoded ${answer.tokens} tokens where ${run.sequences * run.tokens} were asked for`);
  return answer.tokens / answer.seconds;
};

const compare = async (path: string | null, model: BenchModel, settings: BenchSettings): Promise<BenchRow[]> => {
  const figures = counts.map(() => ({ ours: [] as number[], other: [] as number[] }));
  const options = {
    modelPath: model.path,
    parallel: Math.max(...counts),
    contextLength: contextLengthFor(model),
    threads: settings.threads,
  };
  for (let round = 0; round < settings.rounds; round++) {
    const client = startSide<ClientProtocol>('http-client');
    const servers: ServerProcess[] = [];
    try {
      servers.push(await startSpillway(options));
      if (path !== null) servers.push(await startLlamaServer(path, options));
      const [spillway, llamaServer] = servers as [ServerProcess, ServerProcess | undefined];
      for (const [index, sequences] of counts.entries()) {
        const run = { model, sequences, tokens: tokensFor(model, sequences, settings), seed: round * 100 + index * 2 };
        const turn = await takeTurns(round, {
          ours: () => measure(client, spillway, run),
          other: async () => (llamaServer === undefined ? Number.NaN : measure(client, llamaServer, run)),
        });
        figures[index]!.ours.push(turn.ours);
        if (llamaServer !== undefined) figures[index]!.other.push(turn.other);
        settings.report(
          `${model.label}, ${sequences} streams, round ${round + 1}/${settings.rounds}: spillway ${turn.ours.toFixed(1)}` +
            `${llamaServer === undefined ? '' : `, llama-server ${turn.other.toFixed(1)}`} tokens/s`,
        );
      }
    } finally {
      for (const server of servers) await server.stop();
      await client.close();
    }
  }
  return counts.map((sequences, index) =>
    createRow({
      what: `${model.label}, ${sequences} ${sequences === 1 ? 'stream' : 'streams'}`,
      unit: 'tokens/s',
      ours: { name: 'spillway serve', values: figures[index]!.ours },
      ...(path === null
        ? {}
        : {
            other: { name: 'llama-server', values: figures[index]!.other },
            target: { on: 'ratio', bound: 'at-least', value: 1 } as const,
          }),
    }),
  );
};

/** What it says of its version, among whatever else it says. */
const versionOf = (path: string): string => {
  const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /version:?\s*(.+)/.exec(`${stdout}\n${stderr}`)?.[1]?.trim() ?? 'unknown';
};

export const againstLlamaServer: Bench = {
  name: 'against-llama-server',
  question: "Tokens/s of spillway serve against llama.cpp's own server, both over HTTP",
  ceiling: 'The bare loop of engine-decode',
  run: async (settings) => {
    const path = llamaServerPath();
    if (path === null)
      return {
        rows: await compare(null, qwenModel(), settings),
        notes: [`Not compared: LLAMA_SERVER names no llama-server here. For reference, in another run: ${reference}.`],
      };
    return {
      rows: await compare(path, qwenModel(), settings),
      notes: [
        `llama-server version: ${versionOf(path)}. It breaks off most streams of noise of the pocket size, which it cannot read as an answer, so that size is not compared.`,
      ],
    };
  },
};
