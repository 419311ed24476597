/**
 * The items that a conversation of the Responses API is made of: checked on their way in, kept with an id, and turned
 * into the tier's messages. Knows no request and no store.
 */
import type { ChatMessage, ContentPart, ToolCall } from '../../tiers/tier.js';
import { createSchemaCheck } from '../check-schema.js';
import { compact } from '../compact.js';
import { MessageItem, type MessageItemBody, TypedItem, type TypedItemBody } from '../schemas/responses.js';
import { newId } from '../server-context.js';

type WirePart = Exclude<MessageItemBody['content'], string>[number];

/** An item with its id, as it is stored and listed; output items have the same shapes. */
export type Item =
  | {
      readonly id: string;
      readonly type: 'message';
      readonly role: MessageItemBody['role'];
      readonly status: string;
      readonly content: readonly WirePart[];
    }
  | {
      readonly id: string;
      readonly type: 'function_call';
      readonly status: string;
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly id: string;
      readonly type: 'function_call_output';
      readonly status: string;
      readonly call_id: string;
      readonly output: string | readonly WirePart[];
    }
  | {
      readonly id: string;
      readonly type: 'reasoning';
      readonly status: string;
      readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
      readonly content?: readonly { readonly type: 'reasoning_text'; readonly text: string }[];
    };

const checkMessageItem = createSchemaCheck(MessageItem);
const checkTypedItem = createSchemaCheck(TypedItem);

const messageItem = (item: MessageItemBody): Item => ({
  id: item.id ?? newId('msg_'),
  type: 'message',
  role: item.role,
  status: item.status ?? 'completed',
  content:
    typeof item.content === 'string'
      ? [{ type: item.role === 'assistant' ? 'output_text' : 'input_text', text: item.content }]
      : item.content,
});

const typedItem = (item: TypedItemBody): Item => {
  switch (item.type) {
    case 'message':
      return messageItem(item);
    case 'function_call':
      return {
        id: item.id ?? newId('fc_'),
        type: 'function_call',
        status: item.status ?? 'completed',
        call_id: item.call_id,
        name: item.name,
        arguments: item.arguments,
      };
    case 'function_call_output':
      return {
        id: item.id ?? newId('fco_'),
        type: 'function_call_output',
        status: item.status ?? 'completed',
        call_id: item.call_id,
        output: item.output,
      };
    case 'reasoning':
      return {
        id: item.id ?? newId('rs_'),
        type: 'reasoning',
        status: item.status ?? 'completed',
        summary: item.summary ?? [],
        ...compact({ content: item.content ?? undefined }),
      };
    default:
      return item satisfies never;
  }
};

/** `input` of a request as items; throws `invalid-parameter` naming the item at fault. */
export const itemsOf = (input: string | readonly Readonly<Record<string, unknown>>[]): Item[] =>
  typeof input === 'string'
    ? [messageItem({ role: 'user', content: input })]
    : input.map((item, index) => {
        const at = `input[${index}]`;
        return (item.type ?? null) === null
          ? messageItem(checkMessageItem(item, at))
          : typedItem(checkTypedItem(item, at));
      });

const partOf = (part: WirePart): ContentPart => {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'text', text: part.refusal };
    case 'input_image':
      return { type: 'image', url: part.image_url };
    case 'input_audio':
      return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
    default:
      return part satisfies never;
  }
};

/** A lone text stays a plain string, which every chat template takes. */
const contentOf = (content: string | readonly WirePart[]): string | ContentPart[] => {
  if (typeof content === 'string') return content;
  const parts = content.map(partOf);
  const [first] = parts;
  if (first === undefined) return '';
  return parts.length === 1 && first.type === 'text' ? first.text : parts;
};

/** Items as chat messages: an assistant's reasoning, text and calls that follow each other are one message. */
export const messagesOf = (items: readonly Item[]): ChatMessage[] => {
  const messages: ChatMessage[] = [];
  let content: string | ContentPart[] | null = null;
  let toolCalls: ToolCall[] = [];
  let reasoning = '';

  /** Ends the assistant's message if it said anything; reasoning alone is no message. */
  const flush = (): void => {
    if (content !== null || toolCalls.length > 0)
      messages.push({
        role: 'assistant',
        content,
        ...compact({
          toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
          reasoning: reasoning === '' ? undefined : reasoning,
        }),
      });
    content = null;
    toolCalls = [];
    reasoning = '';
  };
  const startNextTurn = (): void => {
    if (content !== null || toolCalls.length > 0) flush();
  };

  for (const item of items) {
    switch (item.type) {
      case 'reasoning':
        startNextTurn();
        reasoning += (item.content ?? item.summary).map((part) => part.text).join('');
        break;
      case 'function_call':
        toolCalls.push({ id: item.call_id, name: item.name, arguments: item.arguments });
        break;
      case 'function_call_output':
        flush();
        messages.push({ role: 'tool', content: contentOf(item.output), toolCallId: item.call_id });
        break;
      case 'message':
        if (item.role === 'assistant') {
          startNextTurn();
          content = contentOf(item.content);
        } else {
          flush();
          messages.push({ role: item.role, content: contentOf(item.content) });
        }
        break;
      default:
        item satisfies never;
    }
  }
  flush();
  return messages;
};
