/** Collects the events of one choice into the message of a whole chat completion. Knows one choice and no others. */
import type { TokenLogprobs } from '../engine/engine.js';
import type { ChatFinishReason } from '../tiers/tier.js';
import { chatLogprobs } from './logprobs.js';
import type { ContentEvent } from './run-choices.js';

const finishReasons = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
} as const satisfies Record<ChatFinishReason, string>;

/** A tier's finish reason in OpenAI's words. */
export const finishReasonOf = (reason: ChatFinishReason): (typeof finishReasons)[ChatFinishReason] =>
  finishReasons[reason];

export interface ChatMessageCollector {
  add(event: ContentEvent): void;
  /** The choice as it stands in `choices`. */
  choice(index: number, reason: ChatFinishReason): object;
}

export const createChatMessageCollector = (withLogprobs: boolean): ChatMessageCollector => {
  let text = '';
  let reasoning = '';
  const logprobs: TokenLogprobs[] = [];
  const calls: { id: string; name: string; arguments: string }[] = [];

  const add = (event: ContentEvent): void => {
    switch (event.type) {
      case 'start':
        break;
      case 'text':
        text += event.text;
        if (event.logprobs !== undefined) logprobs.push(...event.logprobs);
        break;
      case 'reasoning':
        reasoning += event.text;
        break;
      case 'tool-call':
        calls[event.index] ??= { id: event.id ?? '', name: event.name ?? '', arguments: '' };
        calls[event.index]!.arguments += event.argumentsDelta;
        break;
      default:
        event satisfies never;
    }
  };

  const choice = (index: number, reason: ChatFinishReason) => ({
    index,
    message: {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      refusal: null,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map((call) => ({
              id: call.id,
              type: 'function',
              function: { name: call.name, arguments: call.arguments },
            })),
          }),
    },
    logprobs: withLogprobs ? { content: chatLogprobs(logprobs), refusal: null } : null,
    finish_reason: finishReasonOf(reason),
  });
  return { add, choice };
};
