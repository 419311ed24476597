/**
 * A JSON Schema as it came in, checked for size and shape, with its local references.
 *
 * Walks without recursion, so that a schema of any depth gives an error and not a stack overflow. Knows which keywords
 * there are, not how they are enforced.
 */
import { TierError } from '../../tier-error.js';

export type SchemaNode = Readonly<Record<string, unknown>>;

export interface SchemaDocument {
  readonly root: unknown;
  /** The schema that a `$ref` names; `from` is the node that holds it. */
  resolve(reference: string, from: SchemaNode): unknown;
  /** Where a node is in the document, as a JSON pointer fragment such as `#/properties/name`. */
  pathOf(node: SchemaNode): string;
  /** An `invalid-schema` error about a node. */
  error(node: SchemaNode, message: string): TierError;
}

export const schemaLimits = {
  maxDepth: 100,
  maxNodes: 50_000,
  maxCharacters: 1_000_000,
  maxProperties: 5_000,
  maxEnumValues: 10_000,
} as const;

/** Keywords that the grammar enforces. */
const enforced = new Set(
  `type enum const $ref $defs definitions allOf anyOf oneOf not properties required additionalProperties
  patternProperties propertyNames minProperties maxProperties items additionalItems prefixItems minItems maxItems
  minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf nullable
  unevaluatedProperties unevaluatedItems uniqueItems`.split(/\s+/),
);

/** Keywords that describe and do not constrain; left out of the grammar, as JSON Schema and OpenAI do. */
const descriptive = new Set(
  `title description default examples example $comment $schema $id id $anchor $vocabulary deprecated readOnly writeOnly
  discriminator externalDocs xml contentEncoding contentMediaType contentSchema strict name enumNames enumDescriptions
  markdownDescription markdownEnumDescriptions propertyOrdering errorMessage`.split(/\s+/),
);

/** True for keywords that are neither enforced nor mere description. */
export const isUnsupportedKeyword = (keyword: string): boolean =>
  !enforced.has(keyword) && !descriptive.has(keyword) && !keyword.startsWith('x-');

/** Keywords whose value is data, not a schema to look into. */
const dataKeywords = new Set(['enum', 'const', 'default', 'examples', 'example', 'required']);

/** The document of a schema; throws `invalid-schema` where it is too large, too deep or no schema at all. */
export const openSchemaDocument = (root: unknown): SchemaDocument => {
  if (typeof root !== 'boolean' && !isNode(root))
    throw new TierError('invalid-schema', `A JSON Schema must be an object or a boolean, this one is ${nameOf(root)}`);
  const origins = measure(root);
  const pathOf = (node: SchemaNode): string => {
    const tokens: string[] = [];
    for (let origin = origins.get(node); origin !== undefined; origin = origins.get(origin.parent))
      tokens.unshift(origin.key.replaceAll('~', '~0').replaceAll('/', '~1'));
    return ['#', ...tokens].join('/');
  };
  const error = (node: SchemaNode, message: string): TierError =>
    new TierError('invalid-schema', `Cannot use the JSON Schema: ${pathOf(node)} ${message}`);
  const rootId = isNode(root) && typeof root.$id === 'string' ? root.$id.replace(/#$/, '') : null;
  const anchors = new Map<string, SchemaNode>();
  for (const node of origins.keys())
    if (isNode(node) && typeof node.$anchor === 'string') anchors.set(node.$anchor, node);

  return {
    root,
    pathOf,
    error,
    resolve(reference, from) {
      const hash = reference.indexOf('#');
      const base = hash < 0 ? reference : reference.slice(0, hash);
      if (base !== '' && base !== rootId)
        throw error(from, `refers to ${JSON.stringify(cut(reference))}; only references inside the schema (#/…) work`);
      const fragment = hash < 0 ? '' : decode(reference.slice(hash + 1));
      if (fragment !== '' && !fragment.startsWith('/')) {
        const node = anchors.get(fragment);
        if (node === undefined) throw error(from, `refers to ${JSON.stringify(cut(reference))}, which is not there`);
        return node;
      }
      let target: unknown = root;
      for (const token of fragment.split('/').slice(1)) {
        const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
        if (!isContainer(target) || !Object.hasOwn(target, key))
          throw error(from, `refers to ${JSON.stringify(cut(reference))}, which is not there`);
        target = (target as Record<string, unknown>)[key];
      }
      if (typeof target !== 'boolean' && !isNode(target))
        throw error(from, `refers to ${JSON.stringify(cut(reference))}, which is no schema`);
      return target;
    },
  };
};

const measure = (root: unknown): Map<object, { readonly parent: object; readonly key: string }> => {
  const origins = new Map<object, { readonly parent: object; readonly key: string }>();
  const pending: { readonly value: unknown; readonly depth: number; readonly keyword: string }[] = [
    { value: root, depth: 0, keyword: '' },
  ];
  const counts = { nodes: 0, characters: 0, properties: 0, enumValues: 0 };
  const refuse = (what: string, limit: number): never => {
    throw new TierError('invalid-schema', `Cannot use the JSON Schema: ${what}; the limit is ${limit}`);
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth, keyword } = next;
    if (++counts.nodes > schemaLimits.maxNodes) refuse('it has too many values', schemaLimits.maxNodes);
    if (depth > schemaLimits.maxDepth * 2) refuse('it nests too deep', schemaLimits.maxDepth);
    counts.characters += typeof value === 'string' ? value.length + 3 : 6;
    if (isContainer(value)) {
      const keys = Object.keys(value);
      if (keyword === 'properties') counts.properties += keys.length;
      if (keyword === 'enum') counts.enumValues += keys.length;
      if (counts.properties > schemaLimits.maxProperties)
        refuse(`it has ${counts.properties} properties or more`, schemaLimits.maxProperties);
      if (counts.enumValues > schemaLimits.maxEnumValues)
        refuse(`it has ${counts.enumValues} enum values or more`, schemaLimits.maxEnumValues);
      for (const key of keys) {
        const child = (value as Record<string, unknown>)[key];
        if (!Array.isArray(value)) counts.characters += key.length + 3;
        if (isContainer(child) && !dataKeywords.has(keyword)) origins.set(child, { parent: value, key });
        pending.push({ value: child, depth: depth + 1, keyword: Array.isArray(value) ? '' : key });
      }
    }
    if (counts.characters > schemaLimits.maxCharacters)
      refuse('it is too long (in characters of JSON)', schemaLimits.maxCharacters);
  }
  return origins;
};

const decode = (fragment: string): string => {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
};

const cut = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

export const isNode = (value: unknown): value is SchemaNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const nameOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
