/**
 * From the tokens that the embedded model decoded to the arguments of a call: split at the argument tokens, put back into
 * the person's own spelling, converted to what the offered schema asks for.
 *
 * Pure. Knows the conventions of the values, not the engine.
 */
import { type NormalizedText, originalSpan } from '../../../models/normalize-text.js';
import type { JsonSchema } from '../../tier.js';
import type { PocketModel } from './pocket-model.js';

/** An argument as decoded: its name and the tokens of its value. */
export interface DecodedArgument {
  readonly name: string;
  readonly tokens: readonly number[];
}

/** Splits decoded tokens at the argument tokens; what stands before the first or behind the end token is dropped. */
export const splitArguments = (tokens: readonly number[], model: PocketModel): DecodedArgument[] => {
  const found: { name: string; tokens: number[] }[] = [];
  for (const token of tokens) {
    if (token === model.endToken) break;
    const name = model.argumentNames.get(token);
    if (name !== undefined) found.push({ name, tokens: [] });
    else found.at(-1)?.tokens.push(token);
  }
  const names = new Set<string>();
  return found.filter((argument) => {
    const isFirst = !names.has(argument.name);
    names.add(argument.name);
    return isFirst && argument.tokens.length > 0;
  });
};

/** Arguments whose values are words of the tools and not of the person: they keep the model's spelling. */
const conventional: ReadonlySet<string> = new Set([
  'action',
  'duration',
  'expression',
  'level',
  'list',
  'op',
  'sides',
  'value',
]);

/** A value that the person said word for word, in the person's own spelling and casing. */
export const asSaid = (
  value: string,
  options: { readonly name: string; readonly original: string; readonly normalized: NormalizedText },
): string => {
  const { name, original, normalized } = options;
  if (conventional.has(name) || value === '') return value;
  for (let start = normalized.text.indexOf(value); start >= 0; start = normalized.text.indexOf(value, start + 1)) {
    const end = start + value.length;
    const isWord = !isWordAt(normalized.text, start - 1, start) && !isWordAt(normalized.text, end - 1, end);
    if (isWord) return unquoted(originalSpan(original, { normalized, start, end }) || value);
  }
  return unquoted(value);
};

/** Without the quotation mark that it begins with, and its partner. */
const unquoted = (value: string): string => {
  const inner = /^(?:'(.+?)'?|"(.+?)"?|“(.+?)”?|‘(.+?)’?)$/su
    .exec(value)
    ?.slice(1)
    .find((part) => part !== undefined);
  return inner ?? value;
};

const wordCharacter = /[\p{L}\p{N}]/u;
/** True where a word goes on from one position to the next. */
const isWordAt = (text: string, before: number, after: number): boolean =>
  wordCharacter.test(text[before] ?? '') && wordCharacter.test(text[after] ?? '');

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of one argument; undefined where the tool does not take it. */
export const argumentSchema = (parameters: JsonSchema | undefined, name: string): JsonSchema | undefined => {
  const properties = isSchema(parameters?.properties) ? parameters.properties : {};
  if (Object.hasOwn(properties, name)) return isSchema(properties[name]) ? properties[name] : {};
  const { additionalProperties } = parameters ?? {};
  if (isSchema(additionalProperties)) return additionalProperties;
  return additionalProperties === true ? {} : undefined;
};

/** The value as the schema wants it; undefined where it cannot be one. */
export const convertValue = (text: string, schema: JsonSchema): unknown => {
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? null : [schema.const];
  if (values !== null) return values.find((value) => String(value).toLowerCase() === text.toLowerCase());
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (schema.type === undefined || types.includes('string')) return text;
  if (types.includes('integer') || types.includes('number')) {
    const digits = /^[-+]?\d+(?:\.\d+)?/.exec(text.replaceAll(',', ''));
    const value = digits === null ? Number.NaN : Number(digits[0]);
    if (Number.isInteger(value) || (types.includes('number') && Number.isFinite(value))) return value;
  }
  if (types.includes('boolean')) {
    if (/^(true|yes|on)$/i.test(text)) return true;
    if (/^(false|no|off)$/i.test(text)) return false;
  }
  if (types.includes('array')) {
    const item = convertValue(text, isSchema(schema.items) ? schema.items : {});
    return item === undefined ? undefined : [item];
  }
  return undefined;
};
