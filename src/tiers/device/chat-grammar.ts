/**
 * The grammar of one answer: thinking, then content of a schema, calls of tools, or either, as the request wants it.
 *
 * Built once per combination and kept, since schemas repeat from request to request. Knows formats, not engines.
 */
import type { GrammarConstraint } from '../../engine/engine.js';
import type { ResponseFormat, ToolDefinition } from '../tier.js';
import { TierError } from '../tier-error.js';
import type { ToolOffer } from './check-request.js';
import type { ChatFormat, FormatTool } from './formats/chat-format.js';
import { type ReasoningMarks, reasoningGrammar } from './formats/reasoning.js';
import { createGrammarRules, type GrammarRules } from './grammar/gbnf.js';
import { schemaRule } from './grammar/json-schema-grammar.js';
import { objectRule } from './grammar/json-values.js';
import { openSchemaDocument } from './grammar/schema-document.js';
import { createLruCache } from './lru-cache.js';

export interface AnswerGrammarRequest {
  readonly format: ChatFormat;
  readonly offer: ToolOffer;
  readonly parallel: boolean;
  readonly responseFormat: ResponseFormat;
  readonly marks: ReasoningMarks | null;
}

export interface AnswerGrammar {
  /** Null where the answer is free. */
  readonly constraint: GrammarConstraint | null;
  /** Texts at which calls begin; empty where no tools are offered. */
  readonly callMarks: readonly string[];
}

const grammars = createLruCache<AnswerGrammar>({ maxEntries: 128 });

/** Throws TierError `invalid-schema` with the field at fault. */
export const answerGrammar = (request: AnswerGrammarRequest): AnswerGrammar => {
  const { format, offer, parallel, responseFormat, marks } = request;
  if (offer.choice === 'none' && responseFormat.type === 'text') return { constraint: null, callMarks: [] };
  // Before the key is made: a schema of any depth must not overflow the stack.
  if (responseFormat.type === 'json-schema') checkResponseSchema(responseFormat.schema);
  const key = JSON.stringify([format.name, offer.choice, offer.callable, parallel, responseFormat, marks]);
  return grammars.getOrCreate(key, () => buildGrammar(request));
};

const buildGrammar = ({ format, offer, parallel, responseFormat, marks }: AnswerGrammarRequest): AnswerGrammar => {
  const rules = createGrammarRules();
  const contentRule = contentOf(rules, responseFormat);
  const content = contentRule === null ? null : (format.wrapContent?.(rules, contentRule) ?? contentRule);
  const thinking = format.reasoningGrammar?.(rules) ?? (marks === null ? '' : reasoningGrammar(rules, marks));
  const prefix = thinking === '' ? '' : `${thinking} `;
  if (offer.choice === 'none') return { constraint: { gbnf: rules.toGbnf(`${prefix}${content}`) }, callMarks: [] };

  const tools = offer.callable.map((tool) => formatTool(rules, tool));
  const { calls, triggers } = format.callGrammar({ rules, tools, parallel: parallel && format.parallel });
  const eager = (body: string): AnswerGrammar => ({
    constraint: { gbnf: rules.toGbnf(`${prefix}${body}`) },
    callMarks: triggers,
  });
  if (offer.choice === 'required') return eager(calls);
  if (content !== null) return eager(`( ${content} | ${calls} )`);
  return { constraint: { gbnf: rules.toGbnf(calls), lazyTriggers: triggers }, callMarks: triggers };
};

const contentOf = (rules: GrammarRules, responseFormat: ResponseFormat): string | null => {
  switch (responseFormat.type) {
    case 'text':
      return null;
    case 'json-object':
      return objectRule(rules);
    case 'json-schema':
      return responseSchemaRule(rules, responseFormat.schema);
    default:
      return responseFormat satisfies never;
  }
};

const namingTheField = <T>(build: () => T): T => {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof TierError)) throw error;
    throw new TierError(error.code, error.message, { cause: error, param: 'response_format.json_schema.schema' });
  }
};

/** Throws `invalid-schema` for a response_format schema that is too large or none. */
export const checkResponseSchema = (schema: unknown): void => {
  namingTheField(() => openSchemaDocument(schema));
};

/** The rule of a response_format schema, with the field named in errors. */
export const responseSchemaRule = (rules: GrammarRules, schema: unknown): string =>
  namingTheField(() => schemaRule(rules, schema, { name: 'answer' }));

const formatTool = (rules: GrammarRules, tool: ToolDefinition): FormatTool => {
  const parameters = tool.parameters ?? { type: 'object', properties: {}, additionalProperties: false };
  let rule: string | null = null;
  return {
    name: tool.name,
    parameters,
    argumentsRule() {
      rule ??= argumentsRule(rules, { ...parameters, type: 'object' }, tool.name);
      return rule;
    },
  };
};

/** A tool's schema need not be one that a grammar can hold; what cannot be enforced is left to the model. */
const argumentsRule = (rules: GrammarRules, schema: unknown, name: string): string => {
  try {
    return schemaRule(rules, schema, { unsupported: 'ignore', name: `${name}-arguments` });
  } catch (error) {
    if (error instanceof TierError) return objectRule(rules);
    throw error;
  }
};
