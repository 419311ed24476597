/**
 * Messages as the contents of Gemini's API: turns of user and model, calls and their results as parts, results named
 * after the function whose call they answer. Source: ai.google.dev/api/caching#Content.
 */
import type { ChatMessage, ContentPart } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import { argumentsObject, parseDataUrl, textsOf, unsupported } from '../unsupported.js';
import { parseObject } from '../wire-json.js';

const provider = 'gemini';

/**
 * Gemini 3 refuses calls in the history without the signature it gave them; a ChatMessage has no place for that. The
 * documented stand-in: ai.google.dev/gemini-api/docs/thought-signatures.
 */
const anySignature = 'skip_thought_signature_validator';

type Part = Readonly<Record<string, unknown>>;

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Part[];
}

const textParts = (texts: readonly string[]): Part[] => texts.map((text) => ({ text }));

const userPart = (part: ContentPart, param: string): Part => {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'image': {
      const inline = parseDataUrl(part.url);
      if (inline === null) throw unsupported(provider, { what: 'the address of an image instead of its bytes', param });
      return { inlineData: { mimeType: inline.mimeType, data: inline.base64 } };
    }
    case 'audio':
      return { inlineData: { mimeType: `audio/${part.format}`, data: part.data } };
    default:
      return part satisfies never;
  }
};

/** `offset`: the place of the first message in the request, for the names of fields in refusals. */
export const geminiContents = (
  messages: readonly ChatMessage[],
  options: { readonly offset: number; readonly signCalls: boolean },
): readonly Content[] => {
  const contents: Content[] = [];
  const namesOfCalls = new Map<string, string>();

  const contentOf = (message: ChatMessage, param: string): Content => {
    const textOnly = { provider, param, role: message.role };
    switch (message.role) {
      case 'user': {
        if (message.name !== undefined)
          throw unsupported(provider, { what: 'the name of a message', param: `${param}.name` });
        const { content } = message;
        return {
          role: 'user',
          parts:
            typeof content === 'string'
              ? textParts([content])
              : content.map((part, index) => userPart(part, `${param}.content[${index}]`)),
        };
      }
      case 'assistant': {
        const texts = textsOf(message.content, textOnly).filter((text) => text !== '');
        const calls = (message.toolCalls ?? []).map((call, index): Part => {
          namesOfCalls.set(call.id, call.name);
          const args = argumentsObject(call, `${param}.tool_calls[${index}].function.arguments`);
          return {
            functionCall: { id: call.id, name: call.name, args },
            // Of parallel calls the first one is signed.
            ...(options.signCalls && index === 0 ? { thoughtSignature: anySignature } : {}),
          };
        });
        return { role: 'model', parts: [...textParts(texts), ...calls] };
      }
      case 'tool': {
        const name = namesOfCalls.get(message.toolCallId);
        if (name === undefined)
          throw new TierError('invalid-messages', 'A tool message answers a call that no message before it makes', {
            param: `${param}.tool_call_id`,
          });
        const text = textsOf(message.content, textOnly).join('');
        const response = parseObject(text) ?? { output: text };
        return { role: 'user', parts: [{ functionResponse: { id: message.toolCallId, name, response } }] };
      }
      case 'system':
      case 'developer':
        throw unsupported(provider, { what: `a message of role ${message.role} here`, param: `${param}.role` });
      default:
        return message satisfies never;
    }
  };

  messages.forEach((message, index) => {
    const content = contentOf(message, `messages[${options.offset + index}]`);
    const last = contents.at(-1);
    if (last?.role === content.role) last.parts.push(...content.parts);
    else contents.push(content);
  });
  return contents;
};
