/**
 * The vocabulary of the pocket model: byte-level BPE, then one token per kind of request and one per argument name.
 *
 * A sequence reads: start, words, call, kind, (argument, value)*, end. Knows no rows and no weights.
 */
import { type BpeVocabulary, trainBpe } from '../bpe-trainer.js';
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import type { Vocabulary } from '../tokenizer.js';

export interface PocketKind {
  readonly name: string;
  /** null: a request to hand over. */
  readonly tool: string | null;
  readonly token: number;
}

export interface PocketLayout extends Vocabulary {
  readonly start: number;
  readonly call: number;
  readonly end: number;
  readonly kinds: readonly PocketKind[];
  readonly kindByName: ReadonlyMap<string, PocketKind>;
  readonly argumentTokens: ReadonlyMap<string, number>;
}

/** Put before a text or a value when it is tokenized, so that a word has the same tokens in both. */
export const textPrefix = ' ';

const toolOfKind = (kind: string): string | null =>
  Object.entries(DEVICE_TOOLS).find(([, tool]) => tool.kinds.includes(kind))?.[0] ?? null;

/** Control tokens that are no kinds and no arguments; short names such as <|call|> mean something else to llama.cpp. */
const controlTokens = ['<|pocket:start|>', '<|pocket:call|>', '<|pocket:end|>'] as const;

/**
 * Learns a vocabulary of `size` tokens in all from `texts`, for the kinds given (order kept).
 * The size is rounded up to a multiple of 32, which quantization needs, with unused tokens.
 */
export const createLayout = (
  texts: Iterable<string>,
  kindNames: readonly string[],
  options: { readonly size: number },
): PocketLayout => {
  const argumentNames = [...new Set(Object.values(DEVICE_TOOLS).flatMap(({ args }) => args))];
  const specialCount = controlTokens.length + argumentNames.length + kindNames.length;
  return layoutFrom(trainBpe(prefixed(texts), { size: options.size - specialCount }), kindNames, argumentNames);
};

function* prefixed(texts: Iterable<string>): Iterable<string> {
  for (const text of texts) yield textPrefix + text;
}

const layoutFrom = (
  bpe: BpeVocabulary,
  kindNames: readonly string[],
  argumentNames: readonly string[],
): PocketLayout => {
  const tokens = [...bpe.tokens];
  const special = new Set<number>();
  const add = (text: string): number => {
    special.add(tokens.length);
    return tokens.push(text) - 1;
  };
  const [start, call, end] = controlTokens.map(add) as [number, number, number];
  const argumentTokens = new Map(argumentNames.map((name) => [name, add(`<|${name}=|>`)]));
  const kinds = kindNames.map((name): PocketKind => {
    const tool = toolOfKind(name);
    return { name, tool, token: add(tool === null ? `<|overflow:${name}|>` : `<|${tool}:${name}|>`) };
  });
  while (tokens.length % 32 !== 0) add(`<|unused:${tokens.length}|>`);
  return {
    tokens,
    special,
    merges: bpe.merges,
    bos: start,
    eos: end,
    start,
    call,
    end,
    kinds,
    kindByName: new Map(kinds.map((kind) => [kind.name, kind])),
    argumentTokens,
  };
};
