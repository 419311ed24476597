/**
 * Refusals of what a provider's API cannot say, before anything is sent; and the readings of messages that several
 * APIs need. Knows no wire format.
 */
import type { ChatMessage, ContentPart, ToolCall } from '../tier.js';
import { TierError } from '../tier-error.js';
import { asObject, type JsonObject } from './wire-json.js';

export const unsupported = (provider: string, refusal: { readonly what: string; readonly param: string }): TierError =>
  new TierError('unsupported', `Cannot send ${refusal.what} to ${provider}: its API has no way to say it`, {
    param: refusal.param,
  });

/** Throws for each given field that the API lacks; `fields` holds values by the name they have in OpenAI's terms. */
export const refuseFields = (provider: string, fields: Readonly<Record<string, unknown>>): void => {
  for (const [param, value] of Object.entries(fields))
    if (value !== undefined && value !== false) throw unsupported(provider, { what: param, param });
};

/** `data:image/png;base64,...` in its parts; null for any other address. */
export const parseDataUrl = (url: string): { readonly mimeType: string; readonly base64: string } | null => {
  const match = /^data:([^;,]+);base64,/.exec(url);
  return match === null ? null : { mimeType: match[1]!, base64: url.slice(match[0].length) };
};

/** The texts of a content of text parts only; throws for others, naming the part. */
export const textsOf = (
  content: string | readonly ContentPart[] | null,
  where: { readonly provider: string; readonly param: string; readonly role: string },
): readonly string[] => {
  if (content === null) return [];
  if (typeof content === 'string') return [content];
  return content.map((part, index) => {
    if (part.type === 'text') return part.text;
    const { provider, param, role } = where;
    throw unsupported(provider, {
      what: `${part.type} content in a message of role ${role}`,
      param: `${param}.content[${index}]`,
    });
  });
};

/** A call's arguments as the object that some APIs want; none means an empty one. */
export const argumentsObject = (call: ToolCall, param: string): JsonObject => {
  if (call.arguments.trim() === '') return {};
  let value: unknown = null;
  try {
    value = JSON.parse(call.arguments);
  } catch {
    // Refused below: what JSON.parse says would quote the arguments.
  }
  const object = asObject(value);
  if (object === null)
    throw new TierError('invalid-messages', 'The arguments of a tool call in the messages are no JSON object', {
      param,
    });
  return object;
};

/** System and developer messages at the front, and the messages after them, which may hold no further ones. */
export const splitSystem = (
  provider: string,
  messages: readonly ChatMessage[],
): { readonly system: readonly string[]; readonly rest: readonly ChatMessage[]; readonly offset: number } => {
  const system: string[] = [];
  let offset = 0;
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'system' && message.role !== 'developer') break;
    system.push(...textsOf(message.content, { provider, param: `messages[${index}]`, role: message.role }));
    offset = index + 1;
  }
  for (const [index, message] of messages.entries())
    if (index >= offset && (message.role === 'system' || message.role === 'developer'))
      throw unsupported(provider, {
        what: `a message of role ${message.role} after the conversation began`,
        param: `messages[${index}].role`,
      });
  return { system, rest: messages.slice(offset), offset };
};

/** What the server made of `reasoning_effort`, and the other template variables. */
export const readTemplateVariables = (
  variables: Readonly<Record<string, unknown>> | undefined,
): { readonly effort: string | null; readonly others: Readonly<Record<string, unknown>> | null } => {
  if (variables === undefined) return { effort: null, others: null };
  const { reasoning_effort: given, ...rest } = variables;
  const effort = typeof given === 'string' ? given : null;
  // `reasoning_effort: none` brings enable_thinking along, which says the same thing.
  const others = Object.entries(rest).filter(
    ([name, value]) => !(effort === 'none' && name === 'enable_thinking' && value === false),
  );
  return { effort, others: others.length === 0 ? null : Object.fromEntries(others) };
};
