/** Schemas and values in OpenAI's words, for the messages of `check-schema.ts`. Knows no error and no endpoint. */
import type { TSchema } from '@sinclair/typebox';

/** `/messages/0/content` -> `messages[0].content`. */
export const paramOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');

/** `an array`, `an integer` and the like. */
export const nameOfValue = (value: unknown): string => {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
};

const nameOfSchema = (schema: TSchema): string => {
  if (schema.const !== undefined) return `'${String(schema.const)}'`;
  if (schema.type === 'array') return `an array of ${pluralOf(schema.items as TSchema)}`;
  if (schema.type === 'object') return 'an object';
  if (schema.type === 'integer') return 'an integer';
  if (schema.type === 'number') return 'a number';
  if (schema.anyOf !== undefined) return expectedOf(schema);
  return `a ${schema.type as string}`;
};

const pluralOf = (schema: TSchema): string => {
  if (schema.anyOf !== undefined) return pluralOf((schema.anyOf as TSchema[])[0]!);
  return schema.type === 'array' ? 'arrays' : `${schema.type as string}s`;
};

const isNull = (schema: TSchema): boolean => schema.type === 'null';

/** `a, b or c`. */
export const listed = (words: readonly string[], last: 'or' | 'and'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

/** What a schema takes, in words, null aside. */
export const expectedOf = (schema: TSchema): string => {
  const variants = ((schema.anyOf as TSchema[] | undefined) ?? [schema]).filter((variant) => !isNull(variant));
  const names = [...new Set(variants.map((variant) => nameOfSchema(variant)))];
  return names.length > 1 ? `one of ${listed(names, 'or')}` : listed(names, 'or');
};

/** The literal values a schema takes, or null when it takes others too. */
export const literalsOf = (schema: TSchema): readonly unknown[] | null => {
  if (schema.const !== undefined) return [schema.const];
  const variants = schema.anyOf as TSchema[] | undefined;
  if (variants === undefined) return null;
  const all = variants.filter((variant) => !isNull(variant)).map(literalsOf);
  return all.every((values) => values !== null) ? all.flat() : null;
};

/** True when a value has a JSON type that the schema takes. */
export const fitsType = (schema: TSchema, value: unknown): boolean => {
  if (schema.anyOf !== undefined) return (schema.anyOf as TSchema[]).some((variant) => fitsType(variant, value));
  switch (schema.type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'null':
      return value === null;
    default:
      return typeof value === schema.type;
  }
};
