/**
 * A checked chat body to the tier's ChatRequest, one for each of its `n` choices.
 * Says no to what OpenAI knows and this server does not offer; knows nothing of how answers go out.
 */
import type { ChatRequest } from '../tiers/tier.js';
import { type Caller, deadlineOf } from './caller.js';
import { chatMessagesOf } from './chat-messages.js';
import { type FlatToolChoice, responseFormatOf, toolSettingsOf } from './chat-tools.js';
import { compact } from './compact.js';
import { samplingOf } from './sampling.js';
import type { ChatBody } from './schemas/chat.js';
import { invalidParameter, ServerError } from './server-error.js';

const refusals: Readonly<Record<string, string>> = {
  functions: "the legacy 'functions' are not offered. Send them as 'tools': [{type: 'function', function: {...}}].",
  function_call: "the legacy 'function_call' is not offered. Use 'tool_choice' together with 'tools'.",
  audio: 'audio output is not offered.',
  web_search_options: 'web search is not offered.',
  grammar: "only /v1/completions takes one. Use 'response_format' with a JSON Schema here.",
};

/** Throws `unsupported-parameter` for fields whose silent neglect would change what the answer means. */
export const refuseUnsupported = (body: object, table: Readonly<Record<string, string>>): void => {
  for (const field in table)
    if ((body as Record<string, unknown>)[field] !== undefined)
      throw new ServerError('unsupported-parameter', `Unsupported parameter: '${field}': ${table[field]}`, {
        param: field,
      });
};

const toolChoiceOf = (choice: NonNullable<ChatBody['tool_choice']>): FlatToolChoice => {
  if (typeof choice === 'string') return choice;
  if (choice.type === 'function') return { name: choice.function.name };
  return { mode: choice.allowed_tools.mode, allowed: choice.allowed_tools.tools.map((tool) => tool.function.name) };
};

/** Thinking templates know one of these two words; which one a template reads is its own matter. */
export const templateVariablesOf = (
  variables: Readonly<Record<string, unknown>> | undefined,
  effort: string | null | undefined,
): Readonly<Record<string, unknown>> | undefined => {
  if (effort === undefined || effort === null) return variables;
  return { reasoning_effort: effort, ...(effort === 'none' ? { enable_thinking: false } : {}), ...variables };
};

export const stopsOf = (stop: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof stop === 'string' ? [stop] : stop;

/** The request of each choice. `model` is a model that exists. */
export const chatRequestsOf = (
  body: ChatBody,
  context: { readonly model: string; readonly caller: Caller; readonly deadlineMs: number },
): ChatRequest[] => {
  refuseUnsupported(body, refusals);
  if (body.modalities?.includes('audio') === true)
    throw new ServerError('unsupported-parameter', "Unsupported parameter: 'modalities': audio is not offered.", {
      param: 'modalities',
    });
  if (body.top_logprobs !== undefined && body.logprobs !== true)
    throw invalidParameter('top_logprobs', "Invalid 'top_logprobs': it needs 'logprobs' to be true.");
  if (body.stream_options !== undefined && body.stream !== true)
    throw invalidParameter('stream_options', "Invalid 'stream_options': it is only allowed when 'stream' is true.");

  const format = body.response_format;
  const wireTools = body.tools?.map((tool) => tool.function);
  const tools = toolSettingsOf(
    { tools: wireTools, choice: body.tool_choice === undefined ? undefined : toolChoiceOf(body.tool_choice) },
    (index) => `tools[${index}].function.name`,
  );

  const shared = compact({
    model: context.model,
    messages: chatMessagesOf(body.messages),
    ...tools,
    parallelToolCalls: body.parallel_tool_calls,
    responseFormat:
      format === undefined
        ? undefined
        : responseFormatOf(format.type === 'json_schema' ? { type: format.type, ...format.json_schema } : format),
    templateVariables: templateVariablesOf(body.chat_template_kwargs, body.reasoning_effort),
    ignoreEos: body.ignore_eos,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    stop: stopsOf(body.stop),
    logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
    deadlineMs: deadlineOf(body.deadline_ms, context.deadlineMs),
    client: context.caller.client,
    cacheScope: context.caller.cacheScope,
  });
  return Array.from({ length: body.n ?? 1 }, (_, choice) => ({ ...shared, sampling: samplingOf(body, choice) }));
};
