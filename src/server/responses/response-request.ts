/** A checked responses body to the tier's ChatRequest, with the items of the conversation before it. */
import type { ChatMessage, ChatRequest } from '../../tiers/tier.js';
import { type Caller, deadlineOf } from '../caller.js';
import { refuseUnsupported, stopsOf, templateVariablesOf } from '../chat-request.js';
import { type FlatToolChoice, responseFormatOf, toolSettingsOf } from '../chat-tools.js';
import { compact } from '../compact.js';
import { samplingOf } from '../sampling.js';
import type { ResponsesBody } from '../schemas/responses.js';
import { invalidParameter } from '../server-error.js';
import { requestLimits } from '../server-options.js';
import { type Item, messagesOf } from './items.js';

const refusals: Readonly<Record<string, string>> = {
  conversation: 'conversations are not kept here. Continue a response with previous_response_id.',
  grammar: "only /v1/completions takes one. Use 'text.format' with a JSON Schema here.",
  prompt: 'prompt templates are not kept here. Send the text as instructions and input.',
};

const toolChoiceOf = (choice: NonNullable<ResponsesBody['tool_choice']>): FlatToolChoice => {
  if (typeof choice === 'string') return choice;
  if (choice.type === 'function') return { name: choice.name };
  return { mode: choice.mode, allowed: choice.tools.map((tool) => tool.name) };
};

/** True when the answer's log-probabilities go out. */
export const wantsLogprobs = (body: ResponsesBody): boolean =>
  body.top_logprobs !== undefined || body.include?.includes('message.output_text.logprobs') === true;

/** `items` is the whole conversation, this request's input last. */
export const responseRequestOf = (
  body: ResponsesBody,
  context: {
    readonly model: string;
    readonly caller: Caller;
    readonly deadlineMs: number;
    readonly items: readonly Item[];
  },
): ChatRequest => {
  refuseUnsupported(body, refusals);
  if ((body as { background?: unknown }).background === true)
    refuseUnsupported({ background: true }, { background: 'responses run while their request is open.' });
  const messages: ChatMessage[] = messagesOf(context.items);
  if (body.instructions !== undefined && body.instructions !== '')
    messages.unshift({ role: 'system', content: body.instructions });
  if (messages.length === 0) throw invalidParameter('input', "Invalid 'input': it holds no message.", 'empty_array');
  if (messages.length > requestLimits.messages)
    throw invalidParameter(
      'input',
      `Invalid 'input': the conversation has ${messages.length} messages, the limit is ${requestLimits.messages}.`,
      'array_above_max_length',
    );
  const format = body.text?.format ?? undefined;
  const tools = toolSettingsOf(
    { tools: body.tools, choice: body.tool_choice === undefined ? undefined : toolChoiceOf(body.tool_choice) },
    (index) => `tools[${index}].name`,
  );
  return compact({
    model: context.model,
    messages,
    ...tools,
    parallelToolCalls: body.parallel_tool_calls,
    responseFormat: format === undefined ? undefined : responseFormatOf(format),
    templateVariables: templateVariablesOf(body.chat_template_kwargs, body.reasoning?.effort),
    ignoreEos: body.ignore_eos,
    sampling: samplingOf(body, 0),
    maxTokens: body.max_output_tokens,
    stop: stopsOf(body.stop),
    logprobs: wantsLogprobs(body) ? (body.top_logprobs ?? 0) : undefined,
    deadlineMs: deadlineOf(body.deadline_ms, context.deadlineMs),
    client: context.caller.client,
    cacheScope: context.caller.cacheScope,
  });
};
