/**
 * OpenAI's harmony (gpt-oss): an answer is a row of messages, each with a channel and maybe a recipient.
 *
 * `analysis` is reasoning, `final` (and commentary without recipient) is content, a message to `functions.NAME` is a call.
 */
import type { ToolCall, ToolDefinition } from '../../tier.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { untilRule } from '../grammar/until.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { collectUntil, type Parsing, type TextInput, textUntil } from './text-input.js';

const start = '<|start|>';
const channel = '<|channel|>';
const message = '<|message|>';
const ends = ['<|end|>', '<|call|>', '<|return|>'];
const maxHeaderCharacters = 512;

const callGrammar = ({ rules, tools }: CallGrammarRequest): CallGrammar => {
  const kind = rules.add('call-kind', '( " " ( "<|constrain|>" )? "json" )?');
  const calls = tools.flatMap((tool) => {
    const recipient = literal(`to=functions.${tool.name}`);
    const body = `${kind} ${literal(message)} ${tool.argumentsRule()}`;
    return [
      `${literal(`${channel}commentary `)} ${recipient} ${body}`,
      `" " ${recipient} ${literal(`${channel}commentary`)} ${body}`,
      `${literal(`${start}assistant `)} ${recipient} ${literal(`${channel}commentary`)} ${body}`,
    ];
  });
  return {
    calls: rules.add('calls', calls.join(' | ')),
    triggers: [
      `${channel}commentary to=functions.`,
      `${start}assistant to=functions.`,
      ...tools.map((tool) => ` to=functions.${tool.name}${channel}commentary`),
    ],
  };
};

function* parse(input: TextInput, sink: AnswerSink): Parsing {
  for (;;) {
    const header = yield* collectUntil(input, [message], { limit: maxHeaderCharacters });
    if (header === null) {
      // No header, or one that was cut off: what can be said of it is only that it is text.
      const plain = (text: string): void => sink.text(text.replace(/<\|[a-z]+\|>/g, ''));
      if (!input.ended || !/^\s*(<\||to=)/.test(input.rest)) yield* textUntil(input, [], { emit: plain });
      else input.take(input.rest.length);
      return;
    }
    const recipient = /to=(?:functions\.)?([^\s<]+)/.exec(header.text)?.[1];
    const isAnalysis = header.text.includes(`${channel}analysis`);
    let emit = (text: string): void => sink.text(text);
    if (recipient !== undefined && recipient !== 'user' && recipient !== 'assistant') {
      const call = sink.call(recipient);
      emit = (text) => call.append(text);
    } else if (isAnalysis) emit = (text) => sink.reasoning(text);
    const end = yield* textUntil(input, [...ends, start], { emit });
    if (end === null) return;
  }
}

/** Thinking first, and the head of the next message. */
const reasoningGrammar = (rules: GrammarRules): string =>
  `( ${literal(`${channel}analysis${message}`)} ${untilRule(rules, '<|end|>')} ${literal(`${start}assistant`)} )?`;

export const harmonyFormat: ChatFormat = {
  name: 'harmony',
  detect: (source) => source.includes(channel) && source.includes(start),
  specialTokens: 'always',
  parallel: false,
  callGrammar,
  wrapContent: (_, content) => `${literal(`${channel}final`)} ( " <|constrain|>json" )? ${literal(message)} ${content}`,
  reasoningGrammar,
  parse,
  parseContent: parse,
  instructions: (tools: readonly ToolDefinition[]) => `# Tools\n\n## functions\n\n${toolLines(tools)}`,
  writeCall: (call: ToolCall) =>
    `${channel}commentary to=functions.${call.name} <|constrain|>json${message}${call.arguments}<|call|>`,
};
