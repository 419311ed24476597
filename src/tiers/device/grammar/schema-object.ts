/**
 * Objects of a schema as grammar: properties in the order in which the schema names them, optional ones left out or not,
 * then further keys where the schema opens itself to them.
 *
 * Without `additionalProperties` an object with properties is closed: a small model given the freedom invents keys.
 */
import {
  type Automaton,
  acceptsNothing,
  automatonOfTexts,
  complement,
  dropDeadStates,
  intersect,
} from './automaton.js';
import { ruleOfAutomaton } from './automaton-grammar.js';
import { literal, repeat } from './gbnf.js';
import { spaceRule, stringRule } from './json-values.js';
import { automatonOfPattern } from './pattern-automaton.js';
import { parsePattern } from './pattern-syntax.js';
import { isNode, type SchemaNode } from './schema-document.js';
import { countsOf, requiredOf, schemasByName } from './schema-keywords.js';
import { stringAutomaton } from './schema-scalars.js';
import type { NamedNodes, SchemaBody, SchemaCompiler } from './schema-types.js';
import { satisfies } from './schema-values.js';

interface Property {
  readonly name: string;
  /** Rule of the value. */
  readonly rule: string;
  readonly required: boolean;
}

const maxPatterns = 4;
const maxStates = 20_000;

interface Shape {
  readonly node: SchemaNode;
  readonly properties: SchemaNode;
  readonly patterns: readonly (readonly [pattern: string, schema: unknown])[];
  readonly additional: unknown;
}

const shapeOf = (compiler: SchemaCompiler, node: SchemaNode): Shape => ({
  node,
  properties: schemasByName(compiler.document, node, 'properties'),
  patterns: Object.entries(schemasByName(compiler.document, node, 'patternProperties')),
  additional: node.additionalProperties ?? (node.unevaluatedProperties === false ? false : undefined),
});

/** Null where no object satisfies the nodes. */
export const objectBody = (compiler: SchemaCompiler, { nodes, name }: NamedNodes): SchemaBody | null => {
  const { rules, document } = compiler;
  const shapes = nodes.map((node) => shapeOf(compiler, node));
  const required = requiredOf(document, nodes);
  const names = [...new Set([...shapes.flatMap(({ properties }) => Object.keys(properties)), ...required])];
  const keySchemas = nodes.flatMap((node) => (node.propertyNames === undefined ? [] : [node.propertyNames]));

  const properties: Property[] = [];
  for (const property of names) {
    const isAllowed = keySchemas.every((schema) => satisfies(document, schema, property));
    const schemas = isAllowed ? shapes.flatMap((shape) => schemasOfKey(shape, property)) : [false];
    const rule = compiler.compile(schemas, `${name}-${property}`);
    if (rule !== null) properties.push({ name: property, rule, required: required.has(property) });
    else if (required.has(property)) return null;
  }
  const extras = extraMembers(compiler, { shapes, names, keySchemas, name });
  const counts = countsOf(document, nodes, ['minProperties', 'maxProperties']);
  const text = writeMembers(compiler, { properties, extras, counts, name });
  if (text === null) return null;
  const needs = properties.flatMap((property) => (property.required ? [property.rule] : []));
  return { text: `"{" ${spaceRule(rules)} ${text}`, needs };
};

const schemasOfKey = (shape: Shape, key: string): unknown[] => {
  const matching = shape.patterns.filter(([pattern]) => new RegExp(pattern, 'u').test(key)).map(([, schema]) => schema);
  if (Object.hasOwn(shape.properties, key)) return [shape.properties[key], ...matching];
  return matching.length > 0 || shape.additional === undefined ? matching : [shape.additional];
};

interface ExtraOptions {
  readonly shapes: readonly Shape[];
  readonly names: readonly string[];
  readonly keySchemas: readonly unknown[];
  readonly name: string;
}

/** A rule for one member whose key the schema does not name; null where there may be none. */
const extraMembers = (compiler: SchemaCompiler, options: ExtraOptions): string | null => {
  const { shapes, names, keySchemas, name } = options;
  const patterns = [...new Set(shapes.flatMap((shape) => shape.patterns.map(([pattern]) => pattern)))];
  const isOpen = shapes.some(({ additional }) => additional !== undefined && additional !== false);
  const isUnspecified = shapes.every(({ additional }) => additional === undefined);
  const isFree = isUnspecified && names.length === 0 && patterns.length === 0;
  if (!isOpen && !isFree && patterns.length === 0) return null;
  const nodes = shapes.map(({ node }) => node);
  return compiler.withPattern(
    nodes,
    () => {
      if (patterns.length > maxPatterns) {
        const node = shapes.find((shape) => shape.patterns.length > 0)?.node ?? {};
        throw compiler.document.error(node, `has ${patterns.length} patternProperties; the limit is ${maxPatterns}`);
      }
      const automata = patterns.map((pattern) => automatonOfPattern(parsePattern(pattern)));
      const members: string[] = [];
      for (let mask = 0; mask < 2 ** patterns.length; mask++) {
        const matched = new Set(patterns.filter((_, index) => (mask >> index) & 1));
        if (matched.size === 0 && !isOpen && !isFree) continue;
        const schemas = shapes.flatMap((shape) => {
          const own = shape.patterns.filter(([pattern]) => matched.has(pattern)).map(([, schema]) => schema);
          return own.length > 0 || shape.additional === undefined ? own : [shape.additional];
        });
        const value = compiler.compile(schemas, `${name}-value`);
        if (value === null) continue;
        const keys = keyRule(compiler, {
          allOf: automata.filter((_, index) => (mask >> index) & 1),
          noneOf: automata.filter((_, index) => !((mask >> index) & 1)),
          names,
          keySchemas,
          name,
        });
        if (keys === null) continue;
        const ws = spaceRule(compiler.rules);
        members.push(`${keys} ${ws} ":" ${ws} ${value}`);
      }
      return members.length === 0 ? null : compiler.rules.add(`${name}-extra`, members.join(' | '));
    },
    () => null,
  );
};

interface KeyOptions {
  readonly allOf: readonly Automaton[];
  readonly noneOf: readonly Automaton[];
  readonly names: readonly string[];
  readonly keySchemas: readonly unknown[];
  readonly name: string;
}

const keyRule = (compiler: SchemaCompiler, options: KeyOptions): string | null => {
  const nodes = options.keySchemas.filter(isNode);
  if (options.keySchemas.includes(false)) return null;
  const counts = countsOf(compiler.document, nodes, ['minLength', 'maxLength']);
  const isBounded = counts.min > 0 || counts.max < Number.POSITIVE_INFINITY;
  const own = stringAutomaton(compiler, isBounded ? [...nodes, { pattern: '' }] : nodes, counts);
  const listed = nodes.flatMap((node) => {
    const values = Array.isArray(node.enum) ? node.enum : node.const === undefined ? null : [node.const];
    return values === null ? [] : [automatonOfTexts(values.filter((value) => typeof value === 'string'))];
  });
  const refused = [...options.noneOf, ...(options.names.length === 0 ? [] : [automatonOfTexts(options.names)])];
  const parts = [...(own === null ? [] : [own]), ...listed, ...options.allOf, ...refused.map(complement)];
  if (parts.length === 0) return stringRule(compiler.rules);
  const automaton = dropDeadStates(parts.reduce(intersect));
  if (acceptsNothing(automaton)) return null;
  const rule = ruleOfAutomaton(compiler.rules, automaton, {
    name: `${options.name}-key`,
    spelling: 'json',
    close: '"\\""',
  });
  return `"\\"" ${rule}`;
};

interface MemberOptions {
  readonly properties: readonly Property[];
  readonly extras: string | null;
  readonly counts: { readonly min: number; readonly max: number };
  readonly name: string;
}

/** All that follows the opening brace, the closing one included; null where the counts cannot be met. */
const writeMembers = (compiler: SchemaCompiler, options: MemberOptions): string | null => {
  const { properties, extras, counts, name } = options;
  const { rules, document } = compiler;
  const ws = spaceRule(rules);
  const comma = `${ws} "," ${ws} `;
  // Members written so far, counted only as far as the limits look; beyond that all counts are alike.
  const cap = counts.max === Number.POSITIVE_INFINITY ? Math.max(counts.min, 1) : Math.max(counts.max, 1);
  if (properties.length * (cap + 1) > maxStates)
    throw document.error(
      {},
      `needs ${properties.length * (cap + 1)} states for its property counts; the limit is ${maxStates}`,
    );

  const close = (count: number): string | null => {
    const end = `${count === 0 ? '' : `${ws} `}"}"`;
    if (extras === null) return count >= counts.min ? end : null;
    const least = Math.max(counts.min - count, 0);
    const most = counts.max - count;
    if (most <= 0) return least <= most ? end : null;
    const next = rules.add(`${name}-extras`, `${comma}${extras}`);
    if (count > 0) return `${repeat(rules, next, { min: least, max: most, name: `${name}-extras` })} ${end}`;
    const rest =
      most === 1
        ? ''
        : ` ${repeat(rules, next, { min: Math.max(least - 1, 0), max: most - 1, name: `${name}-extras` })}`;
    const some = `${extras}${rest} ${ws}`;
    return least > 0 ? `${some} "}"` : `( ${some} )? "}"`;
  };

  let later: (string | null)[] = Array.from({ length: cap + 1 }, (_, count) => close(count));
  for (const property of [...properties].reverse()) {
    const member = rules.add(
      `${name}-${property.name}-member`,
      `${literal(JSON.stringify(property.name))} ${ws} ":" ${ws} ${property.rule}`,
    );
    const rest = later;
    later = rest.map((skipped, count) => {
      const next = count >= counts.max ? null : rest[Math.min(count + 1, cap)]!;
      const taken = next === null ? null : `${count === 0 ? '' : comma}${member} ${next}`;
      const left = property.required ? null : skipped;
      if (taken === null || left === null) return taken ?? left;
      return rules.add(`${name}-${count === 0 ? 'from' : 'after'}-${property.name}`, `${taken} | ${left}`);
    });
  }
  return later[0]!;
};
