/**
 * Functionary 3.2: an answer is a row of parts, each begun by `>>>` and a recipient on a line of its own; `all` is the
 * user, any other name a tool that gets JSON (or plain code, for `python`).
 *
 * The template itself writes the first `>>>`.
 */
import type { ToolCall, ToolDefinition } from '../../tier.js';
import { literal } from '../grammar/gbnf.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat, ParseContext } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { copyJsonValue } from './json-input.js';
import { collectUntil, nextIn, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';

const part = '>>>';
const toUser = 'all';
const maxNameCharacters = 256;

const callGrammar = ({ rules, tools, parallel }: CallGrammarRequest): CallGrammar => {
  const bodies = tools.map((tool) => `${literal(`${tool.name}\n`)} ${tool.argumentsRule()}`);
  const call = rules.add('call', bodies.join(' | '));
  return {
    calls: rules.add('calls', `${literal(part)}? ${call}${parallel ? ` ( ${literal(part)} ${call} )*` : ''}`),
    triggers: tools.flatMap((tool) => [`${part}${tool.name}\n{`, `${tool.name}\n{`]),
  };
};

function* parse(input: TextInput, sink: AnswerSink, context: ParseContext): Parsing {
  const names = new Set(context.tools.map((tool) => tool.name));
  yield* tryLiteral(input, part);
  for (;;) {
    input.mark();
    const recipient = yield* collectUntil(input, ['\n'], { limit: maxNameCharacters });
    const name = recipient?.text.trim() ?? '';
    if (names.has(name)) yield* readArguments(input, sink, name);
    else if (name !== toUser) sink.text(input.takenSinceMark());
    const emit = (text: string): void => sink.text(text);
    const isCall = names.has(name);
    const next = yield* textUntil(input, [part], { emit: isCall ? () => undefined : emit, trimEnd: true });
    if (next === null) return;
  }
}

function* readArguments(input: TextInput, sink: AnswerSink, name: string): Parsing {
  yield* skipSpace(input);
  const call = sink.call(name);
  if (nextIn(input) === '{') {
    yield* copyJsonValue(input, (json) => call.append(json));
    return;
  }
  call.append('{"code": "');
  const emit = (text: string): void => call.append(JSON.stringify(text).slice(1, -1));
  const next = yield* textUntil(input, [part], { emit, trimEnd: true });
  call.append('"}');
  if (next !== null) input.giveBack(part);
}

function* parseContent(input: TextInput, sink: AnswerSink): Parsing {
  yield* parse(input, sink, { tools: [] });
}

export const functionaryFormat: ChatFormat = {
  name: 'functionary-3.2',
  detect: (source) => source.includes('>>>all') || source.includes('>>>$' + '{recipient}'),
  specialTokens: 'never',
  parallel: true,
  callGrammar,
  wrapContent: (_, content) => `${literal(`${toUser}\n`)} ${content}`,
  parse,
  parseContent,
  instructions: (tools: readonly ToolDefinition[]) =>
    `You can call these functions:\n${toolLines(tools)}\nRespond in this format:\n>>>{recipient}\n{content}`,
  writeCall: (call: ToolCall) => `${part}${call.name}\n${call.arguments}`,
};
