/**
 * Checks a configuration against the schema and finds every fault, not only the first: unknown keys with the nearest
 * known one, kinds of values, ranges, missing keys. It takes exactly what the published JSON Schema takes.
 *
 * Texts are shown as the file has them, before the environment was filled in; credentials are not shown at all.
 */
import type { TSchema } from '@sinclair/typebox';
import { type ConfigPath, errorAt, type Finding, isRecord, valueAt } from './config-path.js';
import { describeSchema, describeValue, writeValue } from './describe-schema.js';
import { describeUnknown } from './nearest-name.js';

interface Place {
  readonly at: ConfigPath;
  readonly schema: TSchema;
  readonly value: unknown;
}

const secretKeys: readonly (string | number)[] = ['apiKey'];

const fitsKind = (schema: TSchema, value: unknown): boolean => {
  switch (schema.type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'null':
      return value === null;
    default:
      return typeof value === schema.type;
  }
};

/** For a text whose schema has a pattern: what the pattern asks for. */
const describePattern = (at: ConfigPath): string =>
  at.at(-1) === 'name' && !at.includes('models')
    ? 'letters, digits, dots and hyphens, 64 at most'
    : 'text without spaces at its ends or line breaks, not too long';

/** Checks a tree; `written` is the same tree before the environment was filled in. */
export const checkShape = (
  root: unknown,
  { schema, written }: { readonly schema: TSchema; readonly written: unknown },
): Finding[] => {
  const findings: Finding[] = [];
  const fail = (at: ConfigPath, message: string): void => {
    findings.push(errorAt(at, message));
  };
  const show = (at: ConfigPath): string =>
    at.some((part) => secretKeys.includes(part))
      ? describeValue(valueAt(written, at))
      : writeValue(valueAt(written, at));

  const checkKeys = ({ at, schema: { properties = {}, required = [] }, value }: Place): void => {
    const known = properties as Record<string, TSchema>;
    const record = value as Record<string, unknown>;
    for (const key of required as string[])
      if (!Object.hasOwn(record, key)) fail([...at, key], `missing; expected ${describeSchema(known[key]!)}`);
    for (const [key, entry] of Object.entries(record)) {
      const place = [...at, key];
      if (Object.hasOwn(known, key)) check({ at: place, schema: known[key]!, value: entry });
      else fail(place, describeUnknown(key, Object.keys(known)));
    }
  };

  const checkDictionary = ({ at, schema: { patternProperties }, value }: Place): void => {
    const [[pattern, entrySchema]] = Object.entries(patternProperties as Record<string, TSchema>) as [
      [string, TSchema],
    ];
    const fits = new RegExp(pattern, 'u');
    for (const [key, entry] of Object.entries(value as Record<string, unknown>)) {
      const place = [...at, key];
      if (!fits.test(key)) fail(place, 'not a name that can be used here: empty, too long, or with spaces in it');
      else check({ at: place, schema: entrySchema, value: entry });
    }
  };

  const checkList = ({ at, schema: { minItems = 0, items }, value }: Place): void => {
    const list = value as unknown[];
    if (list.length < (minItems as number)) fail(at, 'empty; expected at least one entry');
    for (const [index, entry] of list.entries()) check({ at: [...at, index], schema: items as TSchema, value: entry });
  };

  const checkText = ({ at, schema: { enum: words, pattern, minLength = 0 }, value }: Place): void => {
    const text = value as string;
    if (words !== undefined && !(words as string[]).includes(text)) {
      const meant = describeUnknown(text, words as string[]).replace(/^unknown(; )?/, '');
      fail(at, `expected one of ${(words as string[]).join(', ')}, got ${show(at)}${meant === '' ? '' : `; ${meant}`}`);
    } else if (pattern !== undefined && !new RegExp(pattern as string, 'u').test(text)) {
      fail(at, `expected ${describePattern(at)}, got ${show(at)}`);
    } else if ([...text].length < (minLength as number)) fail(at, 'expected text, got empty text');
  };

  const checkNumber = ({ at, schema: one, value }: Place): void => {
    const number = value as number;
    if (number < (one.minimum ?? number) || number > (one.maximum ?? number))
      fail(at, `expected ${describeSchema(one)}, got ${show(at)}`);
  };

  const check = ({ at, schema: one, value }: Place): void => {
    const variants = one.anyOf as TSchema[] | undefined;
    const meant = variants === undefined ? one : variants.find((variant) => fitsKind(variant, value));
    if (meant === undefined || !fitsKind(meant, value)) {
      const quotes = meant?.type === 'string' && typeof value === 'number' ? '; put it in quotes' : '';
      fail(at, `expected ${describeSchema(one)}, got ${show(at)}${quotes}`);
    } else if (meant.type === 'object')
      meant.patternProperties === undefined
        ? checkKeys({ at, schema: meant, value })
        : checkDictionary({ at, schema: meant, value });
    else if (meant.type === 'array') checkList({ at, schema: meant, value });
    else if (meant.type === 'string') checkText({ at, schema: meant, value });
    else if (meant.type === 'integer' || meant.type === 'number') checkNumber({ at, schema: meant, value });
  };

  check({ at: [], schema, value: root });
  return findings;
};
