/**
 * Chat messages as a template wants them: OpenAI's form, adapted to what the template can render.
 *
 * A missing system role goes into the first user message; tools, calls and results that a template cannot show become
 * text; several calls at once become one after the other. Knows capabilities, not templates.
 */
import type { ChatMessage, ContentPart, ToolCall, ToolDefinition } from '../../tier.js';
import type { TemplateCapabilities } from './template-capabilities.js';

export type TemplateMessage = Readonly<Record<string, unknown>> & { readonly role: string };

export interface MessagePolyfills {
  /** Put into the system message where the template cannot show tools; absent: nothing to say. */
  readonly toolInstructions?: string;
  /** A call as the model would have written it. */
  writeCall(call: ToolCall): string;
}

/** Text of a message content; parts are joined by line breaks. */
export const textOf = (content: string | readonly ContentPart[] | null): string =>
  content === null
    ? ''
    : typeof content === 'string'
      ? content
      : content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');

/** Tools in OpenAI's form, as templates read them. */
export const templateTools = (tools: readonly ToolDefinition[]): readonly Record<string, unknown>[] =>
  tools.map((tool) => ({
    type: 'function',
    function: {
      name: tool.name,
      description: tool.description ?? '',
      parameters: tool.parameters ?? { type: 'object', properties: {} },
    },
  }));

/** The messages that a template with these capabilities renders. */
export const templateMessages = (
  messages: readonly ChatMessage[],
  options: { readonly capabilities: TemplateCapabilities; readonly polyfills: MessagePolyfills },
): TemplateMessage[] => {
  const { capabilities, polyfills } = options;
  const adapted = addInstructions(messages, polyfills.toolInstructions);
  const ordered = capabilities.parallelCalls ? adapted : splitParallelCalls(adapted);
  const steps = capabilities.systemRole ? ordered : foldSystem(ordered);
  const content = (text: string): unknown => (capabilities.content === 'text' ? text : [{ type: 'text', text }]);
  const names = new Map<string, string>();
  const result: TemplateMessage[] = [];
  /** Whether the last message stands for tool results, so that the next one belongs to it. */
  let isResultText = false;

  for (const message of steps) {
    const continues = isResultText;
    isResultText = false;
    if (message.role === 'assistant') {
      for (const call of message.toolCalls ?? []) names.set(call.id, call.name);
      result.push(assistantMessage(message, { capabilities, polyfills, content }));
    } else if (message.role === 'tool') {
      const name = names.get(message.toolCallId) ?? '';
      if (capabilities.toolResponses && capabilities.toolCalls) {
        result.push({
          role: 'tool',
          tool_call_id: callId(message.toolCallId, capabilities),
          name,
          content: content(textOf(message.content)),
        });
        continue;
      }
      const text = `<tool_response>\n${JSON.stringify({ name, content: textOf(message.content) })}\n</tool_response>`;
      appendUser(result, { text, content, merge: continues });
      isResultText = true;
    } else {
      const text = textOf(message.content);
      if (message.role === 'user' && continues) appendUser(result, { text, content, merge: true });
      else {
        const role = message.role === 'developer' ? 'system' : message.role;
        result.push({ role, content: content(text), ...(message.name === undefined ? {} : { name: message.name }) });
      }
    }
  }
  return result;
};

const appendUser = (
  result: TemplateMessage[],
  options: { readonly text: string; readonly content: (text: string) => unknown; readonly merge: boolean },
): void => {
  const last = options.merge ? result.pop() : undefined;
  const before = last === undefined ? '' : `${last.plainText as string}\n`;
  const text = before + options.text;
  result.push({ role: 'user', content: options.content(text), plainText: text });
};

interface AssistantOptions {
  readonly capabilities: TemplateCapabilities;
  readonly polyfills: MessagePolyfills;
  readonly content: (text: string) => unknown;
}

const assistantMessage = (
  message: Extract<ChatMessage, { role: 'assistant' }>,
  { capabilities, polyfills, content }: AssistantOptions,
): TemplateMessage => {
  const calls = message.toolCalls ?? [];
  const text = textOf(message.content);
  const reasoning =
    message.reasoning === undefined || message.reasoning === ''
      ? {}
      : Object.fromEntries(capabilities.reasoningKeys.map((key) => [key, message.reasoning]));
  if (calls.length === 0) return { role: 'assistant', content: content(text), ...reasoning };
  if (!capabilities.toolCalls) {
    const written = calls.map((call) => polyfills.writeCall(call)).join('\n');
    return { role: 'assistant', content: content(text === '' ? written : `${text}\n${written}`), ...reasoning };
  }
  return {
    role: 'assistant',
    content: text === '' ? capabilities.emptyContent : content(text),
    ...reasoning,
    tool_calls: calls.map((call) => ({
      id: callId(call.id, capabilities),
      type: 'function',
      function: { name: call.name, arguments: callArguments(call.arguments, capabilities) },
    })),
  };
};

const callArguments = (json: string, capabilities: TemplateCapabilities): unknown => {
  if (capabilities.callArguments === 'text') return json;
  try {
    const value: unknown = JSON.parse(json === '' ? '{}' : json);
    return typeof value === 'object' && value !== null ? value : json;
  } catch {
    return json;
  }
};

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The id as it is, or nine letters and digits made from it where the template insists. */
const callId = (id: string, capabilities: TemplateCapabilities): string => {
  if (!capabilities.shortCallIds || /^[A-Za-z0-9]{9}$/.test(id)) return id;
  let state = 2166136261;
  let short = '';
  for (let round = 0; round < 9; round++) {
    for (let index = 0; index < id.length; index++) state = Math.imul(state ^ id.charCodeAt(index), 16777619) >>> 0;
    state = Math.imul(state ^ (round + 1), 2246822519) >>> 0;
    short += alphabet[(state >>> 8) % alphabet.length];
  }
  return short;
};

const addInstructions = (
  messages: readonly ChatMessage[],
  instructions: string | undefined,
): readonly ChatMessage[] => {
  if (instructions === undefined) return messages;
  const [first, ...rest] = messages;
  if (first?.role !== 'system' && first?.role !== 'developer')
    return [{ role: 'system', content: instructions }, ...messages];
  return [{ ...first, content: `${textOf(first.content)}\n\n${instructions}` }, ...rest];
};

/** System texts move to the front of the user message that follows them. */
const foldSystem = (messages: readonly ChatMessage[]): ChatMessage[] => {
  const result: ChatMessage[] = [];
  let pending: string[] = [];
  const flush = (): void => {
    if (pending.length > 0) result.push({ role: 'user', content: pending.join('\n\n') });
    pending = [];
  };
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') pending.push(textOf(message.content));
    else if (message.role === 'user' && pending.length > 0) {
      result.push({ ...message, content: [...pending, textOf(message.content)].join('\n\n') });
      pending = [];
    } else {
      flush();
      result.push(message);
    }
  }
  flush();
  return result;
};

/** One assistant message with several calls becomes several with one call, each followed by its result. */
const splitParallelCalls = (messages: readonly ChatMessage[]): ChatMessage[] => {
  const result: ChatMessage[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!;
    if (message.role !== 'assistant' || (message.toolCalls?.length ?? 0) < 2) {
      result.push(message);
      continue;
    }
    const responses: Extract<ChatMessage, { role: 'tool' }>[] = [];
    for (let next = messages[index + 1]; next?.role === 'tool'; next = messages[index + 1]) {
      responses.push(next);
      index++;
    }
    message.toolCalls!.forEach((call, position) => {
      result.push({ ...message, content: position === 0 ? message.content : null, toolCalls: [call] });
      const at = responses.findIndex((response) => response.toolCallId === call.id);
      if (at >= 0) result.push(...responses.splice(at, 1));
    });
    result.push(...responses);
  }
  return result;
};
