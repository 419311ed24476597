/**
 * Does a given value satisfy schema nodes? Used to keep, of listed values (`enum`, `const`), those that the other
 * keywords allow.
 *
 * Checks what the grammar enforces for values that are written out; knows nothing of grammars.
 */

import type { Automaton } from './automaton.js';
import { isNode, type SchemaDocument, type SchemaNode } from './schema-document.js';
import { countsOf, type JsonType, numberBoundsOf, requiredOf, stringsOf } from './schema-keywords.js';
import { automatonOfFormat } from './string-formats.js';

const maxDepth = 64;

/** True where `value` is allowed by the schema (a node or a boolean). */
export const satisfies = (document: SchemaDocument, schema: unknown, value: unknown, depth = 0): boolean => {
  if (typeof schema === 'boolean') return schema;
  if (!isNode(schema) || depth > maxDepth) return true;
  const check = (inner: unknown, item: unknown): boolean => satisfies(document, inner, item, depth + 1);
  const list = (keyword: string): readonly unknown[] | null =>
    Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : null;
  if (value === null && schema.nullable === true) return true;
  if (schema.type !== undefined) {
    const types = (Array.isArray(schema.type) ? schema.type : [schema.type]) as JsonType[];
    if (!types.some((type) => isOfType(value, type))) return false;
  }
  if (Object.hasOwn(schema, 'const') && !isSame(schema.const, value)) return false;
  if (Array.isArray(schema.enum) && !isListed(schema.enum, value)) return false;
  if (typeof schema.$ref === 'string' && !check(document.resolve(schema.$ref, schema), value)) return false;
  if (list('allOf')?.every((inner) => check(inner, value)) === false) return false;
  if (list('anyOf')?.some((inner) => check(inner, value)) === false) return false;
  if (list('oneOf')?.some((inner) => check(inner, value)) === false) return false;
  if (typeof value === 'number') return numberFits(document, schema, value);
  if (typeof value === 'string') return stringFits(document, schema, value);
  if (Array.isArray(value)) {
    const { min, max } = countsOf(document, [schema], ['minItems', 'maxItems']);
    const first = list('prefixItems') ?? list('items') ?? [];
    const rest = list('items') === null ? schema.items : schema.additionalItems;
    return (
      value.length >= min &&
      value.length <= max &&
      value.every((item, index) => check(index < first.length ? first[index] : (rest ?? true), item))
    );
  }
  if (isNode(value)) {
    const { min, max } = countsOf(document, [schema], ['minProperties', 'maxProperties']);
    const keys = Object.keys(value);
    const properties = isNode(schema.properties) ? schema.properties : {};
    return (
      keys.length >= min &&
      keys.length <= max &&
      [...requiredOf(document, [schema])].every((name) => Object.hasOwn(value, name)) &&
      keys.every((key) =>
        check(Object.hasOwn(properties, key) ? properties[key] : (schema.additionalProperties ?? true), value[key]),
      )
    );
  }
  return true;
};

const numberFits = (document: SchemaDocument, schema: SchemaNode, value: number): boolean => {
  const { minimum, maximum, multiplesOf } = numberBoundsOf(document, [schema], false);
  return (
    (minimum === undefined || value > minimum.value || (value === minimum.value && !minimum.exclusive)) &&
    (maximum === undefined || value < maximum.value || (value === maximum.value && !maximum.exclusive)) &&
    multiplesOf.every((multiple) => Math.abs(value / multiple - Math.round(value / multiple)) < 1e-9)
  );
};

const stringFits = (document: SchemaDocument, schema: SchemaNode, value: string): boolean => {
  const { min, max } = countsOf(document, [schema], ['minLength', 'maxLength']);
  const length = [...value].length;
  return (
    length >= min &&
    length <= max &&
    stringsOf(document, [schema], 'pattern').every((pattern) => patternTest(pattern)?.test(value) ?? true) &&
    stringsOf(document, [schema], 'format').every((format) => {
      const automaton = automatonOfFormat(format);
      return automaton === null || runAutomaton(automaton, value);
    })
  );
};

const patternTest = (pattern: string): RegExp | null => {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
};

/** True where the automaton accepts the whole text. */
export const runAutomaton = (automaton: Automaton, text: string): boolean => {
  let state = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const edge = automaton.edges[state]!.find(([from, to]) => from <= point && point <= to);
    if (edge === undefined) return false;
    state = edge[2];
  }
  return automaton.accepting[state]!;
};

export const isOfType = (value: unknown, type: JsonType): boolean => {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isNode(value);
    default:
      return typeof value === type;
  }
};

const plainValues = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();

/** Lists may be long: plain values are looked up, not searched. */
const isListed = (list: readonly unknown[], value: unknown): boolean => {
  if (typeof value === 'object' && value !== null) return list.some((item) => isSame(item, value));
  const plain = plainValues.get(list) ?? new Set(list);
  plainValues.set(list, plain);
  return plain.has(value);
};

const isSame = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  if (isNode(a) && isNode(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
    );
  }
  return a === b;
};
