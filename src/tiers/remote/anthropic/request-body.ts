/**
 * The body of Anthropic's Messages API. Sources: platform.claude.com/docs/en/api/messages, .../build-with-claude/
 * structured-outputs (output_config.format), .../effort (output_config.effort).
 */
import type { ChatRequest, ResponseFormat, ToolChoice } from '../../tier.js';
import { readTemplateVariables, refuseFields, splitSystem, unsupported } from '../unsupported.js';
import type { EncodeOptions } from '../wire-codec.js';
import { anthropicTurns } from './messages.js';

const provider = 'anthropic';

/** The API demands a limit. Every model that is served takes this one. */
const defaultMaxTokens = 8192;

const efforts: readonly string[] = ['low', 'medium', 'high', 'max'];

const toolChoiceOf = (choice: ToolChoice, parallel: boolean | undefined): object => {
  const once = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...once };
  switch (choice) {
    case 'auto':
      return { type: 'auto', ...once };
    case 'required':
      return { type: 'any', ...once };
    case 'none':
      return { type: 'none' };
    default:
      return choice satisfies never;
  }
};

const toolFields = ({ tools, toolChoice, parallelToolCalls }: ChatRequest): object => {
  if (tools === undefined || tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      input_schema: parameters ?? { type: 'object', properties: {} },
    })),
    ...(toolChoice === undefined && parallelToolCalls !== false
      ? {}
      : { tool_choice: toolChoiceOf(toolChoice ?? 'auto', parallelToolCalls) }),
  };
};

const formatOf = (format: ResponseFormat | undefined): object | null => {
  if (format === undefined || format.type === 'text') return null;
  if (format.type === 'json-object')
    throw unsupported(provider, { what: 'a response_format of JSON without a schema', param: 'response_format' });
  return { type: 'json_schema', schema: format.schema };
};

const outputFields = (request: ChatRequest): object => {
  const { effort, others } = readTemplateVariables(request.templateVariables);
  refuseFields(provider, { chat_template_kwargs: others ?? undefined });
  if (effort !== null && effort !== 'none' && !efforts.includes(effort))
    throw unsupported(provider, { what: 'this reasoning_effort', param: 'reasoning_effort' });
  const config = {
    ...(effort === null || effort === 'none' ? {} : { effort }),
    ...(formatOf(request.responseFormat) === null ? {} : { format: formatOf(request.responseFormat) }),
  };
  return {
    ...(effort === 'none' ? { thinking: { type: 'disabled' } } : {}),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
  };
};

export const anthropicBody = (request: ChatRequest, options: EncodeOptions): object => {
  const { sampling = {}, stop } = request;
  const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty, seed, logitBias } = sampling;
  refuseFields(provider, {
    min_p: minP,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    repeat_penalty: repeatPenalty,
    seed,
    logit_bias: logitBias,
    logprobs: request.logprobs,
    ignore_eos: request.ignoreEos,
  });
  if (temperature !== undefined && temperature > 1)
    throw unsupported(provider, { what: 'a temperature above 1', param: 'temperature' });
  const { system, rest, offset } = splitSystem(provider, request.messages);
  const endsWithAnswer = rest.at(-1)?.role === 'assistant';
  // There the API goes on inside the last message, which nobody asked for.
  if (endsWithAnswer !== (options.continueFinal === true))
    throw unsupported(provider, {
      what: endsWithAnswer ? 'an assistant message at the end' : 'the beginning of an answer',
      param: `messages[${request.messages.length - 1}].role`,
    });
  return {
    model: request.model,
    max_tokens: request.maxTokens ?? defaultMaxTokens,
    ...(system.length === 0 ? {} : { system: system.map((text) => ({ type: 'text', text })) }),
    messages: anthropicTurns(rest, offset),
    stream: options.stream ?? true,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined || topK === 0 ? {} : { top_k: topK }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop_sequences: stop }),
    ...toolFields(request),
    ...outputFields(request),
  };
};
