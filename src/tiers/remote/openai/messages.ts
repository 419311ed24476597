/** Messages as OpenAI's chat completions write them, with the differences of a dialect. */
import { createHash } from 'node:crypto';
import type { ChatMessage, ContentPart, ToolCall } from '../../tier.js';
import { textsOf, unsupported } from '../unsupported.js';
import type { OpenAiDialect } from './dialect.js';

/** The same id for the same text, in the form that Mistral asks for: nine letters and digits. */
export const shortCallId = (id: string): string => {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, 9);
};

const partOf = (part: ContentPart, where: { readonly dialect: OpenAiDialect; readonly param: string }): object => {
  const { dialect, param } = where;
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image_url', image_url: { url: part.url } };
    case 'audio':
      if (!dialect.audio) throw unsupported(dialect.kind, { what: 'audio', param });
      // Mistral takes the sound itself, or its address, where OpenAI has an object.
      return dialect.kind === 'mistral'
        ? { type: 'input_audio', input_audio: part.data }
        : { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    default:
      return part satisfies never;
  }
};

const callOf = (call: ToolCall, dialect: OpenAiDialect): object => ({
  id: dialect.shortCallIds ? shortCallId(call.id) : call.id,
  type: 'function',
  function: { name: call.name, arguments: call.arguments },
});

/** Content that may hold text only: a string stays one, parts stay parts. */
const textContentOf = (
  content: string | readonly ContentPart[] | null,
  where: { readonly provider: string; readonly param: string; readonly role: string },
): string | object[] | null =>
  content === null || typeof content === 'string'
    ? content
    : textsOf(content, where).map((text) => ({ type: 'text', text }));

const messageOf = (
  message: ChatMessage,
  where: { readonly dialect: OpenAiDialect; readonly param: string },
): object => {
  const { dialect, param } = where;
  const textOnly = { provider: dialect.kind, param, role: message.role };
  switch (message.role) {
    case 'system':
    case 'developer':
    case 'user': {
      const { role, content, name } = message;
      if (name !== undefined && !dialect.messageNames)
        throw unsupported(dialect.kind, { what: 'the name of a message', param: `${param}.name` });
      return {
        role: role === 'developer' && !dialect.developerRole ? 'system' : role,
        content:
          role === 'user' && typeof content !== 'string'
            ? content.map((part, index) => partOf(part, { dialect, param: `${param}.content[${index}]` }))
            : textContentOf(content, textOnly),
        ...(name === undefined ? {} : { name }),
      };
    }
    case 'assistant': {
      const { content, toolCalls, reasoning } = message;
      return {
        role: 'assistant',
        content: textContentOf(content, textOnly),
        ...(reasoning === undefined || dialect.reasoningField === null ? {} : { [dialect.reasoningField]: reasoning }),
        ...(toolCalls === undefined || toolCalls.length === 0
          ? {}
          : { tool_calls: toolCalls.map((call) => callOf(call, dialect)) }),
      };
    }
    case 'tool':
      return {
        role: 'tool',
        tool_call_id: dialect.shortCallIds ? shortCallId(message.toolCallId) : message.toolCallId,
        content: textContentOf(message.content, textOnly),
      };
    default:
      return message satisfies never;
  }
};

export const messagesOf = (messages: readonly ChatMessage[], dialect: OpenAiDialect): object[] =>
  messages.map((message, index) => messageOf(message, { dialect, param: `messages[${index}]` }));
