/** Messages of a chat body to the tier's ChatMessage. The body has passed its schema; roles it never lets in are unknown. */
import type { ChatMessage, ContentPart } from '../tiers/tier.js';
import { compact } from './compact.js';
import type { ChatBodyMessage } from './schemas/chat.js';
import { invalidParameter } from './server-error.js';

type UserContent = Extract<ChatBodyMessage, { role: 'user' }>['content'];
type AssistantMessage = Extract<ChatBodyMessage, { role: 'assistant' }>;

const contentOf = (content: UserContent): string | ContentPart[] =>
  typeof content === 'string'
    ? content
    : content.map((part): ContentPart => {
        switch (part.type) {
          case 'text':
            return { type: 'text', text: part.text };
          case 'image_url':
            return { type: 'image', url: part.image_url.url };
          case 'input_audio':
            return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
          default:
            return part satisfies never;
        }
      });

const assistantMessage = (message: AssistantMessage, param: string): ChatMessage => {
  const { content } = message;
  const toolCalls = (message.tool_calls ?? []).map((call) => ({
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
  }));
  if ((content ?? message.refusal ?? null) === null && toolCalls.length === 0)
    throw invalidParameter(
      `${param}.content`,
      `Invalid '${param}.content': an assistant message needs content, tool_calls or both.`,
    );
  const parts = Array.isArray(content)
    ? content.map((part) => ({ type: 'text' as const, text: part.type === 'text' ? part.text : part.refusal }))
    : (content ?? message.refusal ?? null);
  return {
    role: 'assistant',
    content: parts,
    ...compact({
      toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
      reasoning: message.reasoning_content ?? message.reasoning ?? undefined,
    }),
  };
};

/** Throws `invalid-parameter` for an assistant message without anything in it. */
export const chatMessagesOf = (messages: readonly ChatBodyMessage[]): ChatMessage[] =>
  messages.map((message, index): ChatMessage => {
    switch (message.role) {
      case 'system':
      case 'developer':
      case 'user':
        return {
          role: message.role,
          content: contentOf(message.content),
          ...compact({ name: message.name ?? undefined }),
        };
      case 'assistant':
        return assistantMessage(message, `messages[${index}]`);
      case 'tool':
        return { role: 'tool', content: contentOf(message.content), toolCallId: message.tool_call_id };
      default:
        return message satisfies never;
    }
  });
