/**
 * Checks a value against a TypeBox schema and says what is wrong the way OpenAI's API does, naming the field.
 * Unions of objects are told apart by the property that their `discriminator` option names, so that an error speaks of
 * the variant that was meant. Knows no particular schema.
 */
import type { Static, TSchema, TUnion } from '@sinclair/typebox';
import { type TypeCheck, TypeCompiler, type ValueError, ValueErrorType } from '@sinclair/typebox/compiler';
import { expectedOf, fitsType, listed, literalsOf, nameOfValue, paramOf } from './schema-words.js';
import { invalidParameter, type ServerError } from './server-error.js';

const invalidType = (param: string, schema: TSchema, value: unknown): ServerError =>
  invalidParameter(
    param,
    `Invalid type for '${param}': expected ${expectedOf(schema)}, but got ${nameOfValue(value)} instead.`,
    'invalid_type',
  );

const unsupportedValue = (param: string, value: unknown, values: readonly unknown[], hint?: string): ServerError => {
  const supported = listed(
    values.map((entry) => `'${String(entry)}'`),
    'and',
  );
  const shown = typeof value === 'string' ? `'${value.slice(0, 100)}'` : nameOfValue(value);
  return invalidParameter(
    param,
    `Invalid value for '${param}': ${shown}. Supported values are: ${supported}.${hint === undefined ? '' : ` ${hint}`}`,
  );
};

const missing = (param: string): ServerError =>
  invalidParameter(param, `Missing required parameter: '${param}'.`, 'missing_required_parameter');

interface Place {
  /** Where the checked value stands in the body, such as `input[3]`; empty for the body itself. */
  readonly at: string;
  /** The union error that this one came out of, against endless descent. */
  readonly parent: ValueError | null;
}

const fullParam = (error: ValueError, { at }: Place): string => {
  const param = paramOf(error.path);
  if (at === '') return param || 'body';
  return param === '' || param.startsWith('[') ? `${at}${param}` : `${at}.${param}`;
};

const describeUnion = (error: ValueError, place: Place): ServerError => {
  const param = fullParam(error, place);
  const schema = error.schema as TUnion & { discriminator?: string; hints?: Readonly<Record<string, string>> };
  const literals = literalsOf(schema);
  if (literals !== null && (typeof error.value === 'string' || error.value === null))
    return unsupportedValue(param, error.value, literals);

  const fitting = schema.anyOf.flatMap((variant, index) =>
    fitsType(variant, error.value) ? [{ variant, index }] : [],
  );
  const objects = fitting.filter(({ variant }) => variant.type === 'object');
  const { discriminator } = schema;
  if (discriminator !== undefined && objects.length > 0) {
    const tag = (error.value as Record<string, unknown>)[discriminator];
    const tagsOf = (variant: TSchema): readonly unknown[] =>
      literalsOf((variant.properties as Record<string, TSchema>)[discriminator]!) ?? [];
    const meant = objects.find(({ variant }) => tagsOf(variant).includes(tag));
    if (meant !== undefined)
      return describeFirst(error.errors[meant.index]?.First() ?? error, { ...place, parent: error });
    const tagParam = `${param}.${discriminator}`;
    if (tag === undefined) return missing(tagParam);
    const hint = typeof tag === 'string' ? schema.hints?.[tag] : undefined;
    return unsupportedValue(
      tagParam,
      tag,
      objects.flatMap(({ variant }) => tagsOf(variant)),
      hint,
    );
  }
  const words = fitting.flatMap(({ variant }) => (typeof variant.const === 'string' ? [variant.const] : []));
  if (words.length > 0 && words.length === fitting.length) return unsupportedValue(param, error.value, words);
  // One variant of the value's own type: what is wrong is inside it.
  if (fitting.length === 1)
    return describeFirst(error.errors[fitting[0]!.index]?.First() ?? error, { ...place, parent: error });
  return invalidType(param, schema, error.value);
};

const describeFirst = (error: ValueError, place: Place): ServerError => {
  const param = fullParam(error, place);
  const { schema, value } = error;
  const size = (value as { length?: number } | null)?.length ?? 0;
  switch (error.type) {
    case ValueErrorType.ObjectRequiredProperty:
      return missing(param);
    case ValueErrorType.Union:
      return error === place.parent ? invalidType(param, schema, value) : describeUnion(error, place);
    case ValueErrorType.Literal:
      return typeof value === 'string'
        ? unsupportedValue(param, value, [schema.const])
        : invalidType(param, schema, value);
    case ValueErrorType.ArrayMinItems:
      return invalidParameter(
        param,
        `Invalid '${param}': ${size === 0 ? 'empty array' : 'array too short'}. Expected an array with minimum length ${schema.minItems}, but got an array with length ${size} instead.`,
        'empty_array',
      );
    case ValueErrorType.ArrayMaxItems:
      return invalidParameter(
        param,
        `Invalid '${param}': array too long. Expected an array with maximum length ${schema.maxItems}, but got an array with length ${size} instead.`,
        'array_above_max_length',
      );
    case ValueErrorType.StringMinLength:
      return invalidParameter(
        param,
        `Invalid '${param}': empty string. Expected a string with minimum length ${schema.minLength}, but got one of length ${size} instead.`,
        'empty_string',
      );
    case ValueErrorType.StringMaxLength:
      return invalidParameter(
        param,
        `Invalid '${param}': string too long. Expected a string with maximum length ${schema.maxLength}, but got a string with length ${size} instead.`,
        'string_above_max_length',
      );
    case ValueErrorType.StringPattern:
      return invalidParameter(
        param,
        `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${schema.pattern}', but got '${String(value).slice(0, 100)}' instead.`,
      );
    case ValueErrorType.IntegerMinimum:
    case ValueErrorType.NumberMinimum:
    case ValueErrorType.NumberExclusiveMinimum: {
      const integer = error.type === ValueErrorType.IntegerMinimum;
      const bound =
        error.type === ValueErrorType.NumberExclusiveMinimum ? `> ${schema.exclusiveMinimum}` : `>= ${schema.minimum}`;
      return invalidParameter(
        param,
        `Invalid '${param}': ${integer ? 'integer' : 'decimal'} below minimum value. Expected a value ${bound}, but got ${value} instead.`,
        integer ? 'integer_below_min_value' : 'decimal_below_min_value',
      );
    }
    case ValueErrorType.IntegerMaximum:
    case ValueErrorType.NumberMaximum: {
      const integer = error.type === ValueErrorType.IntegerMaximum;
      return invalidParameter(
        param,
        `Invalid '${param}': ${integer ? 'integer' : 'decimal'} above maximum value. Expected a value <= ${schema.maximum}, but got ${value} instead.`,
        integer ? 'integer_above_max_value' : 'decimal_above_max_value',
      );
    }
    case ValueErrorType.ObjectMaxProperties:
      return invalidParameter(
        param,
        `Invalid '${param}': object with too many properties. Expected at most ${schema.maxProperties}, but got ${Object.keys(value as object).length} instead.`,
        'object_above_max_properties',
      );
    default:
      return invalidType(param, schema, value);
  }
};

/**
 * The error to speak of: the first, unless it is a missing field of an object whose `type` already is none that is
 * known; then fields of the known type mean nothing.
 */
const firstError = (errors: Iterable<ValueError>): ValueError | undefined => {
  let first: ValueError | undefined;
  for (const error of errors) {
    if (first === undefined) {
      first = error;
      if (error.type !== ValueErrorType.ObjectRequiredProperty) return error;
      continue;
    }
    const parent = first.path.slice(0, first.path.lastIndexOf('/'));
    if (!error.path.startsWith(parent)) break;
    if (error.type === ValueErrorType.Literal && error.path === `${parent}/type` && error.value !== undefined)
      return error;
  }
  return first;
};

/** The top-level fields of an object without those that are null: OpenAI's clients send null for "not given". */
export const withoutNulls = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.keys(value);
  if (!fields.some((name) => (value as Record<string, unknown>)[name] === null)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
};

/**
 * A check of one schema, compiled at first use. It returns the value without its top-level nulls, or throws the
 * ServerError `invalid-parameter` of the first fault. `at` is put in front of the field's name in errors.
 */
export const createSchemaCheck = <T extends TSchema>(schema: T): ((input: unknown, at?: string) => Static<T>) => {
  let compiled: TypeCheck<T> | null = null;
  return (input, at = '') => {
    compiled ??= TypeCompiler.Compile(schema);
    const value = withoutNulls(input);
    if (compiled.Check(value)) return value;
    const first = firstError(compiled.Errors(value));
    throw first === undefined
      ? invalidParameter(at || 'body', 'Invalid body: it does not fit the schema of this endpoint')
      : describeFirst(first, { at, parent: null });
  };
};
