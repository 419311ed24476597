/**
 * Looks into the schema of a tool's arguments as far as formats that write them one by one need: which there are, and
 * which of them are plain text.
 */
import type { JsonSchema } from '../../tier.js';

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas of the arguments by name, with local references followed one step. */
export const parametersOf = (schema: JsonSchema | undefined): ReadonlyMap<string, JsonSchema> => {
  const properties = schema?.properties;
  if (!isSchema(properties)) return new Map();
  return new Map(
    Object.entries(properties).map(([name, property]) => [name, isSchema(property) ? followed(property, schema!) : {}]),
  );
};

const followed = (property: JsonSchema, root: JsonSchema): JsonSchema => {
  const reference = typeof property.$ref === 'string' ? /^#\/(\$defs|definitions)\/([^/]+)$/.exec(property.$ref) : null;
  const definitions = reference === null ? undefined : root[reference[1]!];
  const target = isSchema(definitions) ? definitions[reference![2]!] : undefined;
  return isSchema(target) ? target : property;
};

/** Whether values of the schema are strings: `only`, `never`, or `also` (strings and others). */
export const takesText = (schema: JsonSchema | undefined): 'only' | 'never' | 'also' => {
  if (schema === undefined) return 'also';
  const branches = [schema.anyOf, schema.oneOf].find((list) => Array.isArray(list)) as unknown[] | undefined;
  if (branches !== undefined) {
    const kinds = branches.map((branch) => takesText(isSchema(branch) ? branch : undefined));
    return kinds.every((kind) => kind === kinds[0]) ? (kinds[0] ?? 'also') : 'also';
  }
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? null : [schema.const];
  if (values !== null) {
    const texts = values.filter((value) => typeof value === 'string').length;
    return texts === values.length ? 'only' : texts === 0 ? 'never' : 'also';
  }
  const { type } = schema;
  if (type === undefined) return schema.properties === undefined && schema.items === undefined ? 'also' : 'never';
  if (!Array.isArray(type)) return type === 'string' ? 'only' : 'never';
  return type.includes('string') ? (type.length === 1 ? 'only' : 'also') : 'never';
};
