/**
 * Finds out what a chat template can do by rendering small chats with it and looking for their words in the result.
 *
 * Rendered once per model. Knows nothing of requests; template-messages.ts makes up for what is missing.
 */
import type { ChatTemplate } from './chat-template.js';

export interface TemplateCapabilities {
  /** Renders a leading system message. */
  readonly systemRole: boolean;
  /** What message content must be: text, or a list of `{type: 'text', text}`. */
  readonly content: 'text' | 'parts';
  /** Renders the tools offered. */
  readonly tools: boolean;
  /** What `tools` must be where none are offered. */
  readonly noTools: null | readonly [];
  /** Renders the calls of an assistant message. */
  readonly toolCalls: boolean;
  /** What the arguments of a call must be: an object or JSON text. */
  readonly callArguments: 'object' | 'text';
  /** What the content of an assistant message with calls but no text must be. */
  readonly emptyContent: null | '';
  /** Renders several calls in one assistant message. */
  readonly parallelCalls: boolean;
  /** Renders messages of the role `tool`. */
  readonly toolResponses: boolean;
  /** Refuses call ids that are not 9 letters and digits (Mistral). */
  readonly shortCallIds: boolean;
  /** Keys of an assistant message under which the template looks for its reasoning. */
  readonly reasoningKeys: readonly string[];
}

const words = {
  system: 'NEEDLE_SYSTEM',
  user: 'NEEDLE_USER',
  tool: 'needle_tool',
  argument: 'needle_argument',
  value: 'NEEDLE_VALUE',
  second: 'NEEDLE_SECOND',
  response: 'NEEDLE_RESPONSE',
  final: 'NEEDLE_FINAL',
};

const probeTools = [
  {
    type: 'function',
    function: {
      name: words.tool,
      description: 'A tool',
      parameters: {
        type: 'object',
        properties: { [words.argument]: { type: 'string', description: 'An argument' } },
        required: [words.argument],
      },
    },
  },
];

type Message = Readonly<Record<string, unknown>>;
type Content = TemplateCapabilities['content'];

const contentAs = (content: Content, text: string): unknown => (content === 'text' ? text : [{ type: 'text', text }]);

interface CallStyle {
  readonly content: Content;
  readonly callArguments: TemplateCapabilities['callArguments'];
  readonly emptyContent: null | '';
}

const callChat = (style: CallStyle, callCount: number): Message[] => {
  const calls = [words.value, words.second].slice(0, callCount).map((value, index) => {
    const args = { [words.argument]: value };
    return {
      id: `call0000${index}`,
      type: 'function',
      function: { name: words.tool, arguments: style.callArguments === 'object' ? args : JSON.stringify(args) },
    };
  });
  return [
    { role: 'user', content: contentAs(style.content, words.user) },
    { role: 'assistant', content: style.emptyContent, tool_calls: calls },
    ...calls.map((call) => ({
      role: 'tool',
      tool_call_id: call.id,
      name: words.tool,
      content: contentAs(style.content, words.response),
    })),
    { role: 'assistant', content: contentAs(style.content, words.final) },
    { role: 'user', content: contentAs(style.content, words.user) },
  ];
};

/** Probes a template; a template that cannot render a plain user message gets the plainest capabilities. */
export const detectCapabilities = (template: ChatTemplate): TemplateCapabilities => {
  const now = new Date();
  const render = (messages: readonly Message[], tools: readonly unknown[] | null): string => {
    const variables = { messages, tools, bos_token: '', eos_token: '', add_generation_prompt: true };
    try {
      return template.render(variables, now);
    } catch {
      return '';
    }
  };
  const plain = (content: Content, noTools: null | readonly []): boolean =>
    render([{ role: 'user', content: contentAs(content, words.user) }], noTools).includes(words.user);
  const noTools: null | readonly [] =
    plain('text', null) || plain('parts', null) || !(plain('text', []) || plain('parts', [])) ? null : [];
  const content: Content = !plain('text', noTools) && plain('parts', noTools) ? 'parts' : 'text';
  const systemRole = render(
    [
      { role: 'system', content: contentAs(content, words.system) },
      { role: 'user', content: contentAs(content, words.user) },
    ],
    noTools,
  ).includes(words.system);

  const styles = (['object', 'text'] as const).flatMap((callArguments) =>
    ([null, ''] as const).map((emptyContent): CallStyle => ({ content, callArguments, emptyContent })),
  );
  const showsCall = (style: CallStyle): boolean => {
    const text = render(callChat(style, 1), probeTools);
    // A null that was printed is no sign of support.
    const isClean =
      style.emptyContent !== null ||
      !/None|null/.test(difference(text, render(callChat({ ...style, emptyContent: '' }, 1), probeTools)));
    return isClean && [words.tool, words.argument, words.value].every((word) => afterUser(text).includes(word));
  };
  const style = styles.find(showsCall) ?? { content, callArguments: 'object', emptyContent: '' };
  const called = render(callChat(style, 1), probeTools);
  const toolCalls = showsCall(style);
  const both = render(callChat(style, 2), probeTools);
  const { source } = template;
  return {
    systemRole,
    content,
    noTools,
    toolCalls,
    callArguments: style.callArguments,
    emptyContent: style.emptyContent,
    tools: render([{ role: 'user', content: contentAs(content, words.user) }], probeTools).includes(words.tool),
    parallelCalls: toolCalls && both.includes(words.value) && both.includes(words.second),
    toolResponses: called.includes(words.response),
    shortCallIds: /length\s*!=\s*9/.test(source),
    reasoningKeys: ['reasoning_content', 'thinking', 'reasoning'].filter((key) =>
      new RegExp(`\\.${key}\\b|['"]${key}['"]`).test(source),
    ),
  };
};

/** The part of `text` that `other` has not, at the place where they part. */
const difference = (text: string, other: string): string => {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return text.slice(at, Math.max(at, text.length - other.length + at) + 4);
};

/** Without the tool list, which stands before the first user message or inside it. */
const afterUser = (text: string): string => text.slice(text.indexOf(words.user) + words.user.length);
