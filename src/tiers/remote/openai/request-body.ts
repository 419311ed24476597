/**
 * Bodies of chat completions, completions and embeddings in a dialect of OpenAI's API. Everything that is asked for is in
 * the body or is refused; nothing is dropped in silence, except reasoning of earlier turns where an API takes none.
 */
import type { SamplingOptions } from '../../../engine/engine.js';
import type {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  GenerationOptions,
  JsonSchema,
  ResponseFormat,
  ToolChoice,
} from '../../tier.js';
import { readTemplateVariables, refuseFields, unsupported } from '../unsupported.js';
import type { EncodeOptions } from '../wire-codec.js';
import type { OpenAiDialect } from './dialect.js';
import { messagesOf } from './messages.js';

type Body = Record<string, unknown>;

/** OpenAI's least bias: a token that may not come. */
const leastBias = -100;

const samplingFields = (sampling: SamplingOptions, { kind, sampling: names }: OpenAiDialect): Body => {
  const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty, seed, logitBias } = sampling;
  refuseFields(kind, {
    top_k: names.topK === undefined ? topK : undefined,
    min_p: names.minP === undefined ? minP : undefined,
    repeat_penalty: names.repeatPenalty === undefined ? repeatPenalty : undefined,
    logit_bias: names.logitBias === undefined ? logitBias : undefined,
  });
  const body: Body = {};
  if (temperature !== undefined) body.temperature = temperature;
  if (topP !== undefined) body.top_p = topP;
  if (topK !== undefined && names.topK !== undefined) body[names.topK] = topK;
  if (minP !== undefined && names.minP !== undefined) body[names.minP] = minP;
  if (presencePenalty !== undefined) body.presence_penalty = presencePenalty;
  if (frequencyPenalty !== undefined) body.frequency_penalty = frequencyPenalty;
  if (repeatPenalty !== undefined) for (const name of names.repeatPenalty ?? []) body[name] = repeatPenalty;
  if (seed !== undefined) body[names.seed] = seed;
  if (logitBias !== undefined)
    body.logit_bias = Object.fromEntries(logitBias.map(([token, bias]) => [String(token), Math.max(bias, leastBias)]));
  return body;
};

/** What chats and completions share. */
const generationFields = (request: GenerationOptions, dialect: OpenAiDialect): Body => {
  const { sampling, stop } = request;
  if (stop !== undefined && stop.length > dialect.maxStops)
    throw unsupported(dialect.kind, { what: `more than ${dialect.maxStops} stop strings`, param: 'stop' });
  return {
    ...(sampling === undefined ? {} : samplingFields(sampling, dialect)),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
  };
};

const streamFields = ({ stream = true }: EncodeOptions, dialect: OpenAiDialect): Body => ({
  stream,
  ...(stream && dialect.streamOptions ? { stream_options: { include_usage: true } } : {}),
});

/** True where each object of the schema is closed and requires all its properties, as OpenAI's strict mode demands. */
const isClosed = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isClosed);
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as JsonSchema;
  if (type === 'object' || properties !== undefined) {
    if (additionalProperties !== false) return false;
    const names = Object.keys((properties ?? {}) as object);
    if (!names.every((name) => Array.isArray(required) && required.includes(name))) return false;
  }
  return Object.values(schema).every(isClosed);
};

const responseFormatOf = (format: ResponseFormat, { strictSchemas }: OpenAiDialect): object => {
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json-object':
      return { type: 'json_object' };
    case 'json-schema': {
      const { name, schema } = format;
      const isStrict = strictSchemas === 'always' || (strictSchemas === 'closed' && isClosed(schema));
      return { type: 'json_schema', json_schema: { name, schema, ...(isStrict ? { strict: true } : {}) } };
    }
    default:
      return format satisfies never;
  }
};

const toolChoiceOf = (choice: ToolChoice, { requireCall }: OpenAiDialect): unknown => {
  if (typeof choice === 'object') return { type: 'function', function: { name: choice.name } };
  return choice === 'required' ? requireCall : choice;
};

const toolFields = (request: ChatRequest, dialect: OpenAiDialect): Body => {
  const { tools, toolChoice, parallelToolCalls } = request;
  const hasTools = tools !== undefined && tools.length > 0;
  return {
    ...(hasTools
      ? {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: {
              name,
              ...(description === undefined ? {} : { description }),
              // Absent means an object without properties; some servers want to read it.
              parameters: parameters ?? { type: 'object', properties: {} },
            },
          })),
        }
      : {}),
    // OpenAI refuses both fields where no tools are.
    ...(toolChoice === undefined || !(hasTools || typeof toolChoice === 'object')
      ? {}
      : { tool_choice: toolChoiceOf(toolChoice, dialect) }),
    ...(parallelToolCalls === undefined || !hasTools ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
};

const thinkingFields = (request: ChatRequest, dialect: OpenAiDialect): Body => {
  if (dialect.templateVariables) {
    const { templateVariables } = request;
    if (templateVariables === undefined || Object.keys(templateVariables).length === 0) return {};
    const { effort } = readTemplateVariables(templateVariables);
    return { chat_template_kwargs: templateVariables, ...(effort === null ? {} : { reasoning_effort: effort }) };
  }
  const { effort, others } = readTemplateVariables(request.templateVariables);
  refuseFields(dialect.kind, { chat_template_kwargs: others ?? undefined });
  if (effort === null) return {};
  return dialect.effort === 'nested' ? { reasoning: { effort } } : { reasoning_effort: effort };
};

const continuationFields = (dialect: OpenAiDialect): Body =>
  dialect.continuation === 'continue-final-message'
    ? { continue_final_message: true, add_generation_prompt: false }
    : {};

const withPrefixMark = (messages: object[]): object[] =>
  messages.map((message, index) => (index === messages.length - 1 ? { ...message, prefix: true } : message));

export const chatBody = (
  request: ChatRequest,
  options: EncodeOptions & { readonly dialect: OpenAiDialect },
): object => {
  const { dialect, continueFinal = false } = options;
  if (continueFinal && (dialect.continuation === null || request.messages.at(-1)?.role !== 'assistant'))
    throw unsupported(dialect.kind, { what: 'the beginning of an answer', param: 'messages' });
  const { maxTokens, logprobs, responseFormat, ignoreEos } = request;
  refuseFields(dialect.kind, {
    logprobs: dialect.logprobs ? undefined : logprobs,
    ignore_eos: dialect.ignoreEos ? undefined : ignoreEos,
  });
  const messages = messagesOf(request.messages, dialect);
  return {
    model: request.model,
    messages: continueFinal && dialect.continuation === 'prefix' ? withPrefixMark(messages) : messages,
    ...streamFields(options, dialect),
    ...generationFields(request, dialect),
    ...(maxTokens === undefined ? {} : { [dialect.maxTokens]: maxTokens }),
    ...(logprobs === undefined ? {} : { logprobs: true, ...(logprobs === 0 ? {} : { top_logprobs: logprobs }) }),
    ...(responseFormat === undefined ? {} : { response_format: responseFormatOf(responseFormat, dialect) }),
    ...toolFields(request, dialect),
    ...thinkingFields(request, dialect),
    ...(ignoreEos === true ? { ignore_eos: true } : {}),
    ...(continueFinal ? continuationFields(dialect) : {}),
  };
};

export const completionBody = (
  request: CompletionRequest,
  options: EncodeOptions & { readonly dialect: OpenAiDialect },
): object => {
  const { dialect } = options;
  const { prompt, echo, maxTokens, logprobs, grammar, responseFormat, ignoreEos } = request;
  const isConstrained = responseFormat !== undefined && responseFormat.type !== 'text';
  refuseFields(dialect.kind, {
    grammar: dialect.completionConstraints ? undefined : grammar,
    response_format: dialect.completionConstraints || !isConstrained ? undefined : responseFormat,
    ignore_eos: dialect.ignoreEos ? undefined : ignoreEos,
  });
  return {
    model: request.model,
    prompt,
    ...streamFields(options, dialect),
    ...generationFields(request, dialect),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(logprobs === undefined ? {} : { logprobs }),
    ...(echo === true ? { echo } : {}),
    ...(grammar === undefined ? {} : { grammar }),
    ...(responseFormat === undefined || !isConstrained
      ? {}
      : { response_format: responseFormatOf(responseFormat, dialect) }),
    ...(ignoreEos === true ? { ignore_eos: true } : {}),
  };
};

export const embeddingBody = (request: EmbeddingRequest, dialect: OpenAiDialect): object => {
  if (dialect.kind === 'mistral' && request.inputs.some((input) => typeof input !== 'string'))
    throw unsupported(dialect.kind, { what: 'token ids', param: 'input' });
  return {
    model: request.model,
    input: request.inputs,
    ...(dialect.kind === 'mistral' ? {} : { encoding_format: dialect.embeddingFormat }),
  };
};
