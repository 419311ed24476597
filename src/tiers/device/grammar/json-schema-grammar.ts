/**
 * JSON Schema to GBNF: the grammar that lets a model write only what the schema allows.
 *
 * Enforced: type, enum, const, properties, required, additional, pattern and counted properties, property names, items,
 * tuples, counts, lengths, patterns, formats, bounds, multipleOf, allOf, anyOf, oneOf (as anyOf), local $ref with
 * recursion. Keywords that only describe are left out; any other one is refused, so that nothing goes unenforced in
 * silence, unless the caller asks to ignore it.
 */
import type { JsonSchema } from '../../tier.js';
import { createGrammarRules, type GrammarRules } from './gbnf.js';
import { objectRule } from './json-values.js';
import { compileSchema, type SchemaRuleOptions } from './schema-compiler.js';
import { openSchemaDocument } from './schema-document.js';

/** Adds the rules of a schema; the rule name returned stands for its values. Throws TierError `invalid-schema`. */
export const schemaRule = (rules: GrammarRules, schema: unknown, options: Partial<SchemaRuleOptions> = {}): string =>
  compileSchema(rules, openSchemaDocument(schema), { unsupported: 'refuse', name: 'schema', ...options });

/** The whole grammar of one schema. */
export const jsonSchemaGrammar = (schema: JsonSchema, options: Partial<SchemaRuleOptions> = {}): string => {
  const rules = createGrammarRules();
  return rules.toGbnf(schemaRule(rules, schema, options));
};

/** The grammar of any JSON object. */
export const jsonObjectGrammar = (): string => {
  const rules = createGrammarRules();
  return rules.toGbnf(objectRule(rules));
};
