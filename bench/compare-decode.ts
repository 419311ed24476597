/**
 * Compares two sides that decode, at several numbers of sequences. Each round starts both processes anew, so that where
 * memory happened to land averages out, and measures them in turn case by case, so that what else the machine does
 * meets both. Knows the sides by file name only.
 */
import { takeTurns } from './alternate.js';
import type { BenchRow, BenchSettings, Target } from './bench.js';
import { type DecodeProtocol, type OpenQuestion, promptTokens } from './decode-side.js';
import type { BenchModel, TokensPerSequence } from './models.js';
import { type SideProcess, startSide } from './side-process.js';
import { createRow } from './statistics.js';

export type SequenceCount = keyof TokensPerSequence;

export interface DecodeSide {
  /** Name in the table. */
  readonly label: string;
  /** File in `sides/`. */
  readonly file: string;
}

export interface DecodeComparison {
  readonly model: BenchModel;
  readonly ours: DecodeSide;
  readonly other: DecodeSide;
  readonly cases: readonly { readonly sequences: SequenceCount; readonly target?: Target }[];
}

/** Enough for prompt and answer of every case, rounded up to llama.cpp's cell padding. */
export const contextLengthFor = (model: BenchModel): number =>
  Math.ceil((Math.max(...Object.values(model.tokens)) + promptTokens + 1) / 256) * 256;

/** Tokens per sequence of one measurement. */
export const tokensFor = (model: BenchModel, sequences: SequenceCount, { quick }: BenchSettings): number =>
  quick ? 8 : model.tokens[sequences];

const open = async (side: DecodeSide, question: OpenQuestion): Promise<SideProcess<DecodeProtocol>> => {
  const started = startSide<DecodeProtocol>(side.file);
  await started.ask('open', question);
  return started;
};

const measure = async (
  side: SideProcess<DecodeProtocol>,
  question: { readonly model: BenchModel; readonly sequences: number; readonly tokens: number; readonly seed: number },
): Promise<number> => {
  const { vocabularySize } = question.model;
  const { sequences, tokens, seed } = question;
  // A first short run at this size: lazily made buffers and contexts are not what is asked about.
  await side.ask('decode', { sequences, tokens: 2, promptTokens, vocabularySize, seed: seed + 1 });
  const answer = await side.ask('decode', { sequences, tokens, promptTokens, vocabularySize, seed });
  if (answer.tokens !== sequences * tokens)
    throw new Error(`A side decoded ${answer.tokens} tokens where ${sequences * tokens} were asked for`);
  return answer.tokens / answer.seconds;
};

/** One row per case. */
export const compareDecode = async (comparison: DecodeComparison, settings: BenchSettings): Promise<BenchRow[]> => {
  const { model, ours, other, cases } = comparison;
  const figures = cases.map(() => ({ ours: [] as number[], other: [] as number[] }));
  const question: OpenQuestion = {
    modelPath: model.path,
    contextLength: contextLengthFor(model),
    parallel: Math.max(...cases.map(({ sequences }) => sequences)),
    threads: settings.threads,
  };
  for (let round = 0; round < settings.rounds; round++) {
    const sides: SideProcess<DecodeProtocol>[] = [];
    try {
      for (const side of [ours, other]) sides.push(await open(side, question));
      const [a, b] = sides as [SideProcess<DecodeProtocol>, SideProcess<DecodeProtocol>];
      for (const [index, { sequences }] of cases.entries()) {
        const run = { model, sequences, tokens: tokensFor(model, sequences, settings), seed: round * 100 + index * 2 };
        const turn = await takeTurns(round, { ours: () => measure(a, run), other: () => measure(b, run) });
        figures[index]!.ours.push(turn.ours);
        figures[index]!.other.push(turn.other);
        settings.report(
          `${model.label}, ${sequences} sequences, round ${round + 1}/${settings.rounds}: ` +
            `${ours.label} ${turn.ours.toFixed(1)}, ${other.label} ${turn.other.toFixed(1)} tokens/s`,
        );
      }
    } finally {
      for (const side of sides) await side.close();
    }
  }
  return cases.map(({ sequences, target }, index) =>
    createRow({
      what: `${model.label}, ${sequences} ${sequences === 1 ? 'sequence' : 'sequences'}`,
      unit: 'tokens/s',
      ours: { name: ours.label, values: figures[index]!.ours },
      other: { name: other.label, values: figures[index]!.other },
      ...(target === undefined ? {} : { target }),
    }),
  );
};
