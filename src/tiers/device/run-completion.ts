/**
 * Plain completions on an engine: a prompt goes on, with nothing read into it.
 *
 * Knows no chat and no template.
 */
import type { CallOptions, Engine, GenerateRequest, GrammarConstraint } from '../../engine/engine.js';
import type { ChatEvent, CompletionRequest } from '../tier.js';
import { TierError } from '../tier-error.js';
import { checkResponseSchema, responseSchemaRule } from './chat-grammar.js';
import { createGrammarRules } from './grammar/gbnf.js';
import { jsonObjectGrammar } from './grammar/json-schema-grammar.js';
import { createLruCache } from './lru-cache.js';

const schemaGrammars = createLruCache<string>({ maxEntries: 64 });

const constraintOf = (request: CompletionRequest): GrammarConstraint | null => {
  const { grammar, responseFormat } = request;
  if (responseFormat === undefined || responseFormat.type === 'text')
    return grammar === undefined ? null : { gbnf: grammar };
  if (grammar !== undefined)
    throw new TierError('unsupported', 'A completion takes a grammar or a response_format, not both', {
      param: 'grammar',
    });
  if (responseFormat.type === 'json-object') return { gbnf: jsonObjectGrammar() };
  const { schema } = responseFormat;
  checkResponseSchema(schema);
  const gbnf = schemaGrammars.getOrCreate(JSON.stringify(schema), () => {
    const rules = createGrammarRules();
    return rules.toGbnf(responseSchemaRule(rules, schema));
  });
  return { gbnf };
};

/** Leaving the iterator early cancels the request in the engine. */
export async function* runCompletion(
  engine: Engine,
  request: CompletionRequest,
  options: CallOptions = {},
): AsyncGenerator<ChatEvent> {
  const grammar = constraintOf(request);
  const generate: GenerateRequest = {
    prompt: request.prompt,
    ...(request.sampling === undefined ? {} : { sampling: request.sampling }),
    ...(grammar === null ? {} : { grammar }),
    ...(request.stop === undefined || request.stop.length === 0 ? {} : { stop: request.stop }),
    ...(request.maxTokens === undefined ? {} : { maxTokens: request.maxTokens }),
    ...(request.logprobs === undefined ? {} : { logprobs: request.logprobs }),
    ...(request.ignoreEos === undefined ? {} : { ignoreEos: request.ignoreEos }),
    ...(request.cacheScope === undefined ? {} : { cacheScope: request.cacheScope }),
    ...(request.client === undefined ? {} : { client: request.client }),
    ...(request.deadlineMs === undefined ? {} : { deadlineMs: request.deadlineMs }),
  };
  let echo: string | null = null;
  if (request.echo === true)
    echo = typeof request.prompt === 'string' ? request.prompt : await engine.detokenize(request.prompt);
  for await (const event of engine.generate(generate, options)) {
    switch (event.type) {
      case 'start':
        yield { type: 'start', promptTokens: event.promptTokens, cachedTokens: event.cachedTokens };
        if (echo !== null && echo !== '') yield { type: 'text', text: echo };
        break;
      case 'text':
        if (event.text === '' && event.logprobs === undefined) break;
        yield { type: 'text', text: event.text, ...(event.logprobs === undefined ? {} : { logprobs: event.logprobs }) };
        break;
      case 'first-token-logprobs':
        break;
      case 'end':
        yield {
          type: 'end',
          reason: event.reason === 'length' ? 'length' : 'stop',
          usage: event.usage,
          timings: event.timings,
        };
        break;
      default:
        event satisfies never;
    }
  }
}
