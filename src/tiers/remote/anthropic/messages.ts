/**
 * Messages in the form of Anthropic's Messages API: turns of user and assistant only, tool results inside user turns,
 * calls with their arguments as objects. Earlier reasoning is left out: the API takes it only with its own signature.
 */
import type { ChatMessage, ContentPart } from '../../tier.js';
import { argumentsObject, parseDataUrl, textsOf, unsupported } from '../unsupported.js';

const provider = 'anthropic';

type Block = Readonly<Record<string, unknown>>;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}

const textBlocks = (texts: readonly string[]): Block[] =>
  // The API refuses empty text; it says nothing anyway.
  texts.filter((text) => text !== '').map((text) => ({ type: 'text', text }));

const userBlock = (part: ContentPart, param: string): Block[] => {
  switch (part.type) {
    case 'text':
      return textBlocks([part.text]);
    case 'image': {
      const inline = parseDataUrl(part.url);
      const source =
        inline === null
          ? { type: 'url', url: part.url }
          : { type: 'base64', media_type: inline.mimeType, data: inline.base64 };
      return [{ type: 'image', source }];
    }
    case 'audio':
      throw unsupported(provider, { what: 'audio', param });
    default:
      return part satisfies never;
  }
};

const turnOf = (message: ChatMessage, param: string): Turn => {
  const textOnly = { provider, param, role: message.role };
  switch (message.role) {
    case 'user': {
      if (message.name !== undefined)
        throw unsupported(provider, { what: 'the name of a message', param: `${param}.name` });
      const { content } = message;
      return {
        role: 'user',
        content:
          typeof content === 'string'
            ? textBlocks([content])
            : content.flatMap((part, index) => userBlock(part, `${param}.content[${index}]`)),
      };
    }
    case 'assistant': {
      const calls = (message.toolCalls ?? []).map((call, index) => ({
        type: 'tool_use',
        id: call.id,
        name: call.name,
        input: argumentsObject(call, `${param}.tool_calls[${index}].function.arguments`),
      }));
      return { role: 'assistant', content: [...textBlocks(textsOf(message.content, textOnly)), ...calls] };
    }
    case 'tool':
      return {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: message.toolCallId,
            content: textBlocks(textsOf(message.content, textOnly)),
          },
        ],
      };
    case 'system':
    case 'developer':
      throw unsupported(provider, { what: `a message of role ${message.role} here`, param: `${param}.role` });
    default:
      return message satisfies never;
  }
};

/** `offset`: the place of the first message in the request, for the names of fields in refusals. */
export const anthropicTurns = (messages: readonly ChatMessage[], offset: number): readonly Turn[] => {
  const turns: Turn[] = [];
  messages.forEach((message, index) => {
    const turn = turnOf(message, `messages[${offset + index}]`);
    const last = turns.at(-1);
    // Results of parallel calls belong into one turn, in front of what the user says.
    if (last?.role === turn.role) last.content.push(...turn.content);
    else turns.push(turn);
  });
  return turns;
};
