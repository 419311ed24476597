/**
 * Question: what does HTTP cost (requests parsed, templates rendered, every token an event on a socket) on top of the
 * engine, when many clients stream at once?
 *
 * Ceiling: the engine alone, asked for the same chats. On a machine where the model computes on every core, each
 * microsecond of the server and of the clients that read is taken from the model.
 */
import { takeTurns } from './alternate.js';
import type { Bench, BenchRow, BenchSettings } from './bench.js';
import { contextLengthFor, type SequenceCount, tokensFor } from './compare-decode.js';
import type { DecodeAnswer } from './decode-side.js';
import type { EngineProtocol, TextQuestion } from './engine-side.js';
import type { ClientProtocol } from './http-client.js';
import { type BenchModel, pocketModel, qwenModel } from './models.js';
import { type ServerProcess, startSpillway } from './server-process.js';
import { type SideProcess, startSide } from './side-process.js';
import { createRow } from './statistics.js';

const counts: readonly SequenceCount[] = [1, 16, 32];
/** Characters of a user's message. */
const promptLength = 24;

type Answer = DecodeAnswer & { readonly promptTokens: number };

const speedOf = ({ tokens, seconds }: Answer): number => tokens / seconds;

interface Sides {
  readonly server: ServerProcess;
  readonly client: SideProcess<ClientProtocol>;
  readonly engine: SideProcess<EngineProtocol>;
}

const throughHttp = ({ server, client }: Sides, { sequences, ...question }: TextQuestion): Promise<Answer> =>
  client.ask('stream', {
    ...question,
    url: server.url,
    kind: 'chat',
    requests: sequences,
    concurrency: sequences,
    vocabularySize: 0,
  });

/** A short run first, so that neither side's first use at this size is measured; then both in turn. */
const measure = async (
  sides: Sides,
  question: TextQuestion,
  round: number,
): Promise<{ readonly ours: Answer; readonly other: Answer }> => {
  const warmUp = { ...question, tokens: 2, seed: question.seed + 1 };
  const turn = await takeTurns(round, {
    ours: async () => {
      await throughHttp(sides, warmUp);
      return throughHttp(sides, question);
    },
    other: async () => {
      await sides.engine.ask('decodeText', warmUp);
      return sides.engine.ask('decodeText', question);
    },
  });
  const { ours, other } = turn;
  if (ours.tokens !== other.tokens || ours.promptTokens !== other.promptTokens)
    throw new Error(
      `The sides did different work: HTTP ${ours.promptTokens} + ${ours.tokens} tokens, the engine ${other.promptTokens} + ${other.tokens}`,
    );
  return turn;
};

const compare = async (model: BenchModel, settings: BenchSettings): Promise<BenchRow[]> => {
  const figures = counts.map(() => ({ ours: [] as number[], other: [] as number[] }));
  const shape = { parallel: Math.max(...counts), contextLength: contextLengthFor(model), threads: settings.threads };
  for (let round = 0; round < settings.rounds; round++) {
    const engine = startSide<EngineProtocol>('engine');
    const client = startSide<ClientProtocol>('http-client');
    let server: ServerProcess | undefined;
    try {
      await engine.ask('open', { modelPath: model.path, ...shape });
      server = await startSpillway({ modelPath: model.path, ...shape });
      for (const [index, sequences] of counts.entries()) {
        const question = {
          sequences,
          promptLength,
          tokens: tokensFor(model, sequences, settings),
          seed: round * 100 + index * 2,
        };
        const turn = await measure({ server, client, engine }, question, round);
        figures[index]!.ours.push(speedOf(turn.ours));
        figures[index]!.other.push(speedOf(turn.other));
        settings.report(
          `${model.label}, ${sequences} streams, round ${round + 1}/${settings.rounds}: ` +
            `HTTP ${speedOf(turn.ours).toFixed(1)}, engine alone ${speedOf(turn.other).toFixed(1)} tokens/s`,
        );
      }
    } finally {
      await server?.stop();
      await client.close();
      await engine.close();
    }
  }
  return counts.map((sequences, index) =>
    createRow({
      what: `${model.label}, ${sequences} ${sequences === 1 ? 'stream' : 'streams'}`,
      unit: 'tokens/s',
      ours: { name: 'HTTP', values: figures[index]!.ours },
      other: { name: 'engine alone', values: figures[index]!.other },
      target: { on: 'ratio', bound: 'at-least', value: 0.95 },
    }),
  );
};

export const httpStreaming: Bench = {
  name: 'http-streaming',
  question: 'Tokens/s through HTTP with streaming against the engine alone',
  ceiling: 'The engine alone with the same chats',
  run: async (settings) => {
    const rows: BenchRow[] = [];
    for (const model of [qwenModel(), pocketModel()]) rows.push(...(await compare(model, settings)));
    return {
      rows,
      notes: ['The client is a process on the same machine; it reads every byte and parses the end of each stream.'],
    };
  },
};
