/**
 * Thinking blocks: which marks a model uses, how they are read out of an answer, and the grammar that leaves room for them.
 *
 * A block stands at the start of an answer; some templates open it already in the prompt. Harmony has its own way.
 */
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { untilRule } from '../grammar/until.js';
import type { AnswerSink } from './chat-format.js';
import { type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';

export interface ReasoningMarks {
  readonly open: string;
  readonly close: string;
  /** The prompt ends inside the block. */
  readonly isOpen: boolean;
}

const knownMarks: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['[THINK]', '[/THINK]'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
  ['<seed:think>', '</seed:think>'],
  ['<reasoning>', '</reasoning>'],
  ['<thinking>', '</thinking>'],
];

/** The marks that a template speaks of, for a prompt that it rendered; null where it has none. */
export const reasoningMarks = (templateSource: string, prompt: string): ReasoningMarks | null => {
  const known = knownMarks.find(([, close]) => templateSource.includes(close));
  if (known === undefined) return null;
  const [open, close] = known;
  return { open, close, isOpen: prompt.trimEnd().endsWith(open) };
};

/**
 * Reads a thinking block where the answer begins with one. A call that begins inside ends it: models forget to close it.
 */
export function* parseReasoning(
  input: TextInput,
  sink: AnswerSink,
  options: { readonly marks: ReasoningMarks; readonly callMarks: readonly string[] },
): Parsing {
  const { marks, callMarks } = options;
  if (!marks.isOpen) {
    const space = yield* skipSpace(input);
    if (!(yield* tryLiteral(input, marks.open))) {
      input.giveBack(space);
      return;
    }
  }
  yield* skipSpace(input);
  const emit = (text: string): void => sink.reasoning(text);
  const marker = yield* textUntil(input, [marks.close, ...callMarks], { emit, trimEnd: true });
  if (marker !== null && marker !== marks.close) input.giveBack(marker);
  else yield* skipSpace(input);
}

/** GBNF of the thinking block before constrained text. */
export const reasoningGrammar = (rules: GrammarRules, marks: ReasoningMarks): string => {
  const block = `${untilRule(rules, marks.close)} ${rules.add('gap', '[ \\n]{0,4}')}`;
  return marks.isOpen ? block : `( ${literal(marks.open)} ${block} )?`;
};
