/**
 * The grammar under which the embedded model decodes a call's arguments: each at most once, in the order it was trained
 * on, each value one that the person can have meant.
 *
 * Argument and end tokens stand in it as token literals, so that no text can pass for them. Knows no engine calls.
 */
import { createGrammarRules } from '../grammar/gbnf.js';
import { argumentForm } from './argument-forms.js';
import { createSpanRules } from './span-rules.js';

export interface ArgumentsGrammarOptions {
  readonly tool: string;
  /** In trained order, each with its token. */
  readonly arguments: readonly { readonly name: string; readonly token: number }[];
  readonly endToken: number;
  /** What stands before a value, as before the text. */
  readonly prefix: string;
}

/** GBNF for a normalised text; arguments for which the text has no value are not in it. */
export const argumentsGrammar = (text: string, options: ArgumentsGrammarOptions): string => {
  const rules = createGrammarRules();
  const spans = createSpanRules(rules, text);
  const before = options.prefix === '' ? '' : `${JSON.stringify(options.prefix)} `;
  const parts = options.arguments.flatMap(({ name, token }) => {
    const form = argumentForm({ tool: options.tool, name }, { rules, spans, text });
    return form === null ? [] : [`(<[${token}]> ${before}${rules.add(`value-${name}`, form)})?`];
  });
  // The end token is a literal for files that do not mark it as the end of generation; where they do, no rule reads it.
  return rules.toGbnf([...parts, `<[${options.endToken}]>?`].join(' '));
};
