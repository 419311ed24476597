/**
 * Reads the keywords of schema nodes that hold at the same time, checked for their type and taken together.
 *
 * "Together" is what allOf means: the highest minimum, all patterns, the types that every node allows. Knows nothing of
 * grammars.
 */
import type { NumberBounds } from './number-patterns.js';
import { isNode, nameOf, type SchemaDocument, type SchemaNode } from './schema-document.js';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

export const jsonTypes: readonly JsonType[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

const keywordsOfType: readonly (readonly [JsonType, readonly string[]])[] = [
  [
    'object',
    [
      'properties',
      'required',
      'additionalProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
    ],
  ],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'additionalItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/**
 * The types that all nodes allow. Without any `type`, the types that the other keywords speak of (a node with
 * `properties` means an object), or all where there are none.
 */
export const typesOf = (document: SchemaDocument, nodes: readonly SchemaNode[]): Set<JsonType> => {
  let types: Set<JsonType> | null = null;
  for (const node of nodes) {
    const own = ownTypes(document, node);
    if (own === null) continue;
    types = types === null ? own : intersectTypes(types, own);
  }
  if (types !== null) return types;
  const implied = keywordsOfType.flatMap(([type, keywords]) =>
    nodes.some((node) => keywords.some((keyword) => Object.hasOwn(node, keyword))) ? [type] : [],
  );
  return new Set(implied.length > 0 ? implied : jsonTypes);
};

const ownTypes = (document: SchemaDocument, node: SchemaNode): Set<JsonType> | null => {
  if (node.type === undefined) return null;
  const listed: readonly unknown[] = Array.isArray(node.type) ? node.type : [node.type];
  const types = new Set<JsonType>();
  for (const type of listed) {
    if (!jsonTypes.includes(type as JsonType))
      throw document.error(node, `has the type ${JSON.stringify(type)}; types are ${jsonTypes.join(', ')}`);
    types.add(type as JsonType);
  }
  if (node.nullable === true) types.add('null');
  return types;
};

const intersectTypes = (a: ReadonlySet<JsonType>, b: ReadonlySet<JsonType>): Set<JsonType> => {
  const allows = (types: ReadonlySet<JsonType>, type: JsonType): boolean =>
    types.has(type) || (type === 'integer' && types.has('number'));
  return new Set(jsonTypes.filter((type) => allows(a, type) && allows(b, type)));
};

const read = <T>(
  document: SchemaDocument,
  nodes: readonly SchemaNode[],
  keyword: string,
  check: (value: unknown) => T | null,
): T[] =>
  nodes.flatMap((node) => {
    const value = node[keyword];
    if (value === undefined) return [];
    const checked = check(value);
    if (checked === null) throw document.error(node, `has a ${keyword} that is ${nameOf(value)} or out of range`);
    return [checked];
  });

const asCount = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
const asNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const asString = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const asArray = (value: unknown): readonly unknown[] | null => (Array.isArray(value) ? value : null);

/** Lowest and highest count of a pair such as minItems and maxItems; the highest may be infinite. */
export const countsOf = (
  document: SchemaDocument,
  nodes: readonly SchemaNode[],
  keywords: readonly [min: string, max: string],
): { readonly min: number; readonly max: number } => ({
  min: Math.max(0, ...read(document, nodes, keywords[0], asCount)),
  max: Math.min(Number.POSITIVE_INFINITY, ...read(document, nodes, keywords[1], asCount)),
});

export const stringsOf = (document: SchemaDocument, nodes: readonly SchemaNode[], keyword: string): string[] => [
  ...new Set(read(document, nodes, keyword, asString)),
];

/** Names that some node requires. */
export const requiredOf = (document: SchemaDocument, nodes: readonly SchemaNode[]): Set<string> =>
  new Set(
    read(document, nodes, 'required', (value) =>
      // Draft 3 had a boolean here; tools in the wild still do.
      typeof value === 'boolean'
        ? []
        : Array.isArray(value) && value.every((name) => typeof name === 'string')
          ? value
          : null,
    ).flat() as string[],
  );

/** The values of `enum` and `const` of the first node that has one; null where none has. */
export const listedValues = (document: SchemaDocument, nodes: readonly SchemaNode[]): readonly unknown[] | null => {
  for (const node of nodes) {
    if (Object.hasOwn(node, 'const')) return [node.const];
    const [values] = read(document, [node], 'enum', asArray);
    if (values !== undefined) return node.nullable === true && !values.includes(null) ? [...values, null] : values;
  }
  return null;
};

/** A keyword that holds schemas by name. */
export const schemasByName = (document: SchemaDocument, node: SchemaNode, keyword: string): SchemaNode => {
  const [value] = read(document, [node], keyword, (found) => (isNode(found) ? found : null));
  return value ?? {};
};

export const numberBoundsOf = (
  document: SchemaDocument,
  nodes: readonly SchemaNode[],
  integer: boolean,
): NumberBounds => {
  type Side = { value: number; exclusive: boolean };
  let minimum: Side | undefined;
  let maximum: Side | undefined;
  const raise = (value: number, exclusive: boolean): void => {
    if (minimum === undefined || value > minimum.value || (value === minimum.value && exclusive))
      minimum = { value, exclusive };
  };
  const lower = (value: number, exclusive: boolean): void => {
    if (maximum === undefined || value < maximum.value || (value === maximum.value && exclusive))
      maximum = { value, exclusive };
  };
  for (const node of nodes) {
    // In draft 4 the exclusive keywords are booleans beside minimum and maximum.
    for (const value of read(document, [node], 'minimum', asNumber)) raise(value, node.exclusiveMinimum === true);
    for (const value of read(document, [node], 'maximum', asNumber)) lower(value, node.exclusiveMaximum === true);
    if (typeof node.exclusiveMinimum !== 'boolean')
      for (const value of read(document, [node], 'exclusiveMinimum', asNumber)) raise(value, true);
    if (typeof node.exclusiveMaximum !== 'boolean')
      for (const value of read(document, [node], 'exclusiveMaximum', asNumber)) lower(value, true);
  }
  const multiplesOf = [
    ...new Set(read(document, nodes, 'multipleOf', (value) => ((asNumber(value) ?? 0) > 0 ? (value as number) : null))),
  ];
  return {
    integer,
    multiplesOf,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
};
