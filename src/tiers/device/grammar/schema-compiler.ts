/**
 * Turns a JSON Schema into grammar rules: joins allOf and $ref into sets of nodes that hold at once, spreads anyOf and
 * oneOf, and hands each type to its own file.
 *
 * A set of nodes is compiled once and named, so that schemas may refer to themselves. `null` stands for "no value at
 * all" throughout. Knows nothing of tools or requests.
 */
import { TierError } from '../../tier-error.js';
import type { GrammarRules } from './gbnf.js';
import { booleanRule, constantRule, nullRule, textsRule, valueRule } from './json-values.js';
import { PatternError } from './pattern-syntax.js';
import { arrayBody } from './schema-array.js';
import { isNode, isUnsupportedKeyword, nameOf, type SchemaDocument, type SchemaNode } from './schema-document.js';
import { type JsonType, jsonTypes, listedValues, typesOf } from './schema-keywords.js';
import { objectBody } from './schema-object.js';
import { numberBody, stringBody } from './schema-scalars.js';
import type { NamedNodes, SchemaBody, SchemaCompiler } from './schema-types.js';
import { satisfies } from './schema-values.js';

/** Schemas that hold at once: nodes without their anyOf and oneOf, and those lists, of which one branch each holds. */
interface Conjunction {
  readonly nodes: readonly SchemaNode[];
  readonly choices: readonly (readonly unknown[])[];
}

interface Compiled {
  name: string | null;
  isReferred: boolean;
  /** Ways to a value, each the rules that it cannot do without; for finding rules without any finite value. */
  ways: readonly (readonly string[])[];
  readonly node: SchemaNode | null;
}

/** Keywords that make a node say something about its value. */
const saysSomething = (node: SchemaNode): boolean =>
  Object.keys(node).some((key) => key === 'type' || key === 'nullable' || constraining.has(key));
const constraining = new Set(
  `enum const properties required additionalProperties patternProperties propertyNames minProperties maxProperties items
  additionalItems prefixItems minItems maxItems minLength maxLength pattern format minimum maximum exclusiveMinimum
  exclusiveMaximum multipleOf uniqueItems`.split(/\s+/),
);

export interface SchemaRuleOptions {
  readonly unsupported: 'refuse' | 'ignore';
  readonly name: string;
}

/** Adds the rules of a schema and returns the name of its rule; throws TierError `invalid-schema`. */
export const compileSchema = (rules: GrammarRules, document: SchemaDocument, options: SchemaRuleOptions): string => {
  const compiled = new Map<string, Compiled>();
  const ids = new Map<object, number>();
  const idOf = (object: object): number => {
    let id = ids.get(object);
    if (id === undefined) {
      id = ids.size;
      ids.set(object, id);
    }
    return id;
  };

  const withPattern = <T>(nodes: readonly SchemaNode[], build: () => T, fallback: () => T): T => {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      if (options.unsupported === 'ignore') return fallback();
      const node = nodes.find((candidate) => typeof candidate.pattern === 'string') ?? nodes[0] ?? {};
      throw document.error(node, `has a pattern, format or range that ${error.message}`);
    }
  };

  const flatten = (base: Conjunction, added: readonly unknown[]): Conjunction | null => {
    const nodes = new Set(base.nodes);
    const choices = new Set(base.choices);
    const pending = [...added];
    const seen = new Set<SchemaNode>();
    for (let index = 0; index < pending.length; index++) {
      const schema = pending[index];
      if (schema === false) return null;
      if (schema === true) continue;
      if (!isNode(schema))
        throw new TierError('invalid-schema', `Cannot use the JSON Schema: a schema in it is ${nameOf(schema)}`);
      if (seen.has(schema)) continue;
      seen.add(schema);
      if (options.unsupported === 'refuse') refuseUnsupported(document, schema);
      if (schema.not === true || (isNode(schema.not) && Object.keys(schema.not).length === 0)) return null;
      if (schema.$ref !== undefined) {
        if (typeof schema.$ref !== 'string') throw document.error(schema, `has a $ref that is ${nameOf(schema.$ref)}`);
        pending.push(document.resolve(schema.$ref, schema));
      }
      for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
        const list = schema[keyword];
        if (list === undefined) continue;
        if (!Array.isArray(list) || list.length === 0)
          throw document.error(schema, `has an ${keyword} that is no list of schemas`);
        if (keyword === 'allOf') pending.push(...list);
        else choices.add(schema.nullable === true ? nullable(list) : list);
      }
      if (saysSomething(schema)) nodes.add(schema);
    }
    return { nodes: [...nodes], choices: [...choices] };
  };
  const nullableLists = new Map<readonly unknown[], readonly unknown[]>();
  const nullable = (list: readonly unknown[]): readonly unknown[] => {
    const known = nullableLists.get(list) ?? [...list, { type: 'null' }];
    nullableLists.set(list, known);
    return known;
  };

  /** `heads` are the sets being compiled at this very place of the text: meeting one again would never end. */
  const compileAt = (
    base: Conjunction,
    added: readonly unknown[],
    name: string,
    heads: ReadonlySet<string>,
  ): string | null => {
    const conjunction = flatten(base, added);
    if (conjunction === null) return null;
    const { nodes, choices } = conjunction;
    const key = [nodes, choices]
      .map((list) =>
        list
          .map(idOf)
          .sort((a, b) => a - b)
          .join(','),
      )
      .join('|');
    const known = compiled.get(key);
    if (heads.has(key)) throw document.error(nodes[0] ?? {}, 'refers to itself without anything between');
    if (known !== undefined) {
      known.isReferred = true;
      return known.name;
    }
    if (nodes.length === 0 && choices.length === 0) return valueRule(rules);
    const entry: Compiled = { name: rules.reserve(name), isReferred: false, ways: [], node: nodes[0] ?? null };
    compiled.set(key, entry);
    const inner = new Set(heads).add(key);
    const [choice, ...otherChoices] = choices;
    const bodies: string[] = [];
    const ways: (readonly string[])[] = [];
    if (choice !== undefined) {
      for (const branch of choice) {
        const rule = compileAt({ nodes, choices: otherChoices }, [branch], name, inner);
        if (rule === null || bodies.includes(rule)) continue;
        bodies.push(rule);
        ways.push([rule]);
      }
    } else
      for (const body of bodiesOf(nodes, name)) {
        bodies.push(body.text);
        ways.push(body.needs);
      }
    if (bodies.length === 0) {
      if (entry.isReferred) throw document.error(nodes[0] ?? {}, 'refers to itself and no value satisfies it');
      entry.name = null;
      return null;
    }
    entry.ways = ways;
    rules.define(entry.name!, bodies.join(' | '));
    return entry.name;
  };

  const compiler: SchemaCompiler = {
    document,
    rules,
    unsupported: options.unsupported,
    withPattern,
    compile: (schemas, name) => compileAt({ nodes: [], choices: [] }, schemas, name, new Set()),
  };

  const bodiesOf = (nodes: readonly SchemaNode[], name: string): SchemaBody[] => {
    const values = listedValues(document, nodes);
    if (values !== null) return listedBodies(nodes, values);
    const types = typesOf(document, nodes);
    if (types.has('number')) types.delete('integer');
    return jsonTypes.flatMap((type) => {
      const body = types.has(type) ? typeBody(compiler, type, { nodes, name }) : null;
      return body === null ? [] : [body];
    });
  };

  const listedBodies = (nodes: readonly SchemaNode[], values: readonly unknown[]): SchemaBody[] => {
    const allowed = values.filter((value) => nodes.every((node) => satisfies(document, node, value)));
    const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;
    const texts = allowed.filter(isPlain).map((value) => JSON.stringify(value));
    const bodies: SchemaBody[] = texts.length === 0 ? [] : [{ text: textsRule(rules, texts, 'values'), needs: [] }];
    for (const value of allowed) if (!isPlain(value)) bodies.push({ text: constantRule(rules, value), needs: [] });
    return bodies;
  };

  const name = compileAt({ nodes: [], choices: [] }, [document.root], options.name, new Set());
  if (name === null) throw new TierError('invalid-schema', 'Cannot use the JSON Schema: no value satisfies it');
  refuseEndless(document, [...compiled.values()]);
  return name;
};

const typeBody = (compiler: SchemaCompiler, type: JsonType, named: NamedNodes): SchemaBody | null => {
  switch (type) {
    case 'object':
      return objectBody(compiler, named);
    case 'array':
      return arrayBody(compiler, named);
    case 'string':
      return stringBody(compiler, named);
    case 'number':
    case 'integer':
      return numberBody(compiler, named, type === 'integer');
    case 'boolean':
      return { text: booleanRule(compiler.rules), needs: [] };
    case 'null':
      return { text: nullRule(compiler.rules), needs: [] };
    default:
      return type satisfies never;
  }
};

const refuseUnsupported = (document: SchemaDocument, node: SchemaNode): void => {
  for (const keyword of Object.keys(node)) {
    const value = node[keyword];
    const isHarmless =
      (keyword === 'uniqueItems' && value === false) ||
      (keyword === 'unevaluatedProperties' && typeof value === 'boolean') ||
      (keyword === 'unevaluatedItems' && typeof value === 'boolean') ||
      (keyword === 'not' && (value === true || value === false || (isNode(value) && Object.keys(value).length === 0)));
    const cannotHold = keyword === 'uniqueItems' || keyword.startsWith('unevaluated') || keyword === 'not';
    if (isUnsupportedKeyword(keyword) || (cannotHold && !isHarmless))
      throw document.error(node, `has the keyword ${JSON.stringify(keyword)}, which cannot be enforced while decoding`);
  }
};

/** A rule that needs itself in every way (an object that requires one of its own kind) would never come to an end. */
const refuseEndless = (document: SchemaDocument, entries: readonly Compiled[]): void => {
  const own = new Set(entries.map((entry) => entry.name));
  const ending = new Set<string>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const { name, ways } of entries)
      if (
        name !== null &&
        !ending.has(name) &&
        ways.some((way) => way.every((rule) => ending.has(rule) || !own.has(rule)))
      ) {
        ending.add(name);
        grew = true;
      }
  }
  const endless = entries.find(({ name }) => name !== null && !ending.has(name));
  if (endless !== undefined) throw document.error(endless.node ?? {}, 'requires itself and so has no finite value');
};
