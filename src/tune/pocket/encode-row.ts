/**
 * A labelled sentence as the token sequence that the pocket model learns, with the weight of each prediction.
 *
 * Knows the layout, not the data's origin.
 */
import type { Sequence } from '../sequence-batch.js';
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import type { Row } from '../taxonomy/row.js';
import type { Tokenizer } from '../tokenizer.js';
import { type PocketLayout, textPrefix } from './token-layout.js';

/** Weights of the parts of a row in the loss. */
export interface LossWeights {
  /** Each token of the person's words (language modelling; teaches words, not the task). */
  readonly text: number;
  readonly kind: number;
  /** Each token of the arguments and the end. */
  readonly arguments: number;
}

/** The prompt of a sentence, up to and including the call token. */
export const encodePrompt = (text: string, layout: PocketLayout, tokenizer: Tokenizer): number[] => [
  layout.start,
  ...tokenizer.encode(textPrefix + text),
  layout.call,
];

/** Throws RangeError for a kind that the layout lacks. */
export const encodeRow = (
  row: Row,
  options: { readonly layout: PocketLayout; readonly tokenizer: Tokenizer; readonly weights: LossWeights },
): Sequence => {
  const { layout, tokenizer, weights } = options;
  const kind = layout.kindByName.get(row.kind);
  if (kind === undefined)
    throw new RangeError(`Cannot encode a row of kind "${row.kind}": the vocabulary has no such kind.`);
  const tokens = encodePrompt(row.text, layout, tokenizer);
  const losses = tokens.map((_, index) => (index < tokens.length - 2 ? weights.text : 0));
  losses[tokens.length - 1] = weights.kind;
  tokens.push(kind.token);
  if (row.args === null) return { tokens, weights: losses };
  for (const name of kind.tool === null ? [] : (DEVICE_TOOLS[kind.tool]?.args ?? [])) {
    const value = row.args[name];
    const token = layout.argumentTokens.get(name);
    if (value === undefined || token === undefined) continue;
    const added = [token, ...tokenizer.encode(textPrefix + value)];
    tokens.push(...added);
    for (const _ of added) losses.push(weights.arguments);
  }
  tokens.push(layout.end);
  losses.push(weights.arguments);
  return { tokens, weights: losses };
};
