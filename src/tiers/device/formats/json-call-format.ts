/**
 * Formats that write calls as JSON objects behind a marker: one object per marker, or a list of them behind one.
 *
 * Hermes, Qwen, Granite, Mistral (until 2024), Command-R, Nemotron, Phi and others differ only in their marks, which are
 * data here; formats.ts lists them. Knows nothing of engines.
 */
import type { ToolCall, ToolDefinition } from '../../tier.js';
import { literal } from '../grammar/gbnf.js';
import { spaceRule } from '../grammar/json-values.js';
import { type CallKeys, callObjectRule, readCallObject } from './call-object.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { nextIn, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';

export interface JsonCallSpec {
  readonly name: string;
  readonly detect: (templateSource: string) => boolean;
  readonly specialTokens: ChatFormat['specialTokens'];
  /** What a call begins with; the first is written, the others are read too. */
  readonly open: readonly [string, ...string[]];
  /** What ends it; may be empty. */
  readonly close: string;
  /** One marker holds a JSON list of calls, and not one call. */
  readonly list: boolean;
  readonly keys: CallKeys;
  /** The call is `{"<name>": {<arguments>}}`. */
  readonly nameIsKey?: boolean;
  /** GBNF of members before the name or after the arguments, with their commas. */
  readonly extraMembers?: { readonly before?: string; readonly after?: string };
  /** Marks around text that is said to the user. */
  readonly content?: { readonly open: string; readonly close: string };
  readonly parallel?: boolean;
}

export const createJsonCallFormat = (spec: JsonCallSpec): ChatFormat => {
  const callJson = (call: Pick<ToolCall, 'name' | 'arguments'>): string =>
    spec.nameIsKey === true
      ? `{${JSON.stringify(call.name)}: ${call.arguments}}`
      : `{${JSON.stringify(spec.keys.name)}: ${JSON.stringify(call.name)}, ${JSON.stringify(spec.keys.arguments)}: ${call.arguments}}`;
  const wrap = (calls: string): string => {
    const inner = spec.list ? `[${calls}]` : `\n${calls}\n`;
    return `${spec.open[0]}${inner}${spec.close}`;
  };

  const callGrammar = (request: CallGrammarRequest): CallGrammar => {
    const { rules } = request;
    const ws = spaceRule(rules);
    const call = spec.nameIsKey === true ? nameKeyRule(request) : callObjectRule(request, spec.keys, spec.extraMembers);
    const open = literal(spec.open[0]);
    const close = spec.close === '' ? '' : ` ${ws} ${literal(spec.close)}`;
    const next = rules.add('next-call', spec.list ? `${ws} "," ${ws} ${call}` : `${ws} ${open} ${ws} ${call}${close}`);
    const more = request.parallel ? ` ${next}*` : '';
    const calls = spec.list
      ? `${open} ${ws} "[" ${ws} ${call}${more} ${ws} "]"${close}`
      : `${open} ${ws} ${call}${close}${more}`;
    return { calls: rules.add('calls', calls), triggers: [spec.open[0]] };
  };

  function* parse(input: TextInput, sink: AnswerSink): Parsing {
    const contentMarks = spec.content === undefined ? [] : [spec.content.open, spec.content.close];
    let hasCalls = false;
    const emit = (text: string): void => {
      if (!hasCalls || text.trim() !== '') sink.text(text);
    };
    for (;;) {
      const marker = yield* textUntil(input, [...spec.open, ...contentMarks], { emit, trimEnd: true });
      if (marker === null) return;
      if (contentMarks.includes(marker)) continue;
      if (yield* readCalls(input, sink)) hasCalls = true;
      else sink.text(input.takenSinceMark());
    }
  }

  /** True where at least one call was read. */
  function* readCalls(input: TextInput, sink: AnswerSink): Parsing<boolean> {
    const options = { sink, accept: () => true, nameIsKey: spec.nameIsKey ?? false };
    yield* skipSpace(input);
    let found = false;
    if (nextIn(input) !== '[') found = yield* readCallObject(input, options);
    else {
      input.take(1);
      for (;;) {
        yield* skipSpace(input);
        if (nextIn(input) === '{') {
          if (!(yield* readCallObject(input, options))) return found;
          found = true;
          continue;
        }
        const isEnd = nextIn(input) !== ',';
        if (!isEnd || nextIn(input) === ']') input.take(1);
        if (isEnd) break;
      }
    }
    if (found && spec.close !== '') {
      yield* skipSpace(input);
      yield* tryLiteral(input, spec.close);
    }
    return found;
  }

  return {
    name: spec.name,
    detect: spec.detect,
    specialTokens: spec.specialTokens,
    parallel: spec.parallel ?? true,
    callGrammar,
    parse,
    ...(spec.content === undefined
      ? {}
      : {
          wrapContent: (_, content) => `${literal(spec.content!.open)} ${content} ${literal(spec.content!.close)}`,
          *parseContent(input, sink): Parsing {
            const marks = [spec.content!.open, spec.content!.close];
            const emit = (text: string): void => sink.text(text);
            while ((yield* textUntil(input, marks, { emit })) !== null);
          },
        }),
    instructions: (tools: readonly ToolDefinition[]) =>
      [
        '# Tools',
        'You may call one or more functions to assist with the user query.',
        `You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${toolLines(tools)}\n</tools>`,
        `To call a function, answer with a JSON object of its name and arguments in this form:\n${wrap('{"name": <function-name>, "arguments": <args-json-object>}')}`,
      ].join('\n\n'),
    writeCall: (call: ToolCall) => wrap(callJson(call)),
  };
};

const nameKeyRule = ({ rules, tools }: CallGrammarRequest): string => {
  const ws = spaceRule(rules);
  const members = tools.map((tool) => `${literal(JSON.stringify(tool.name))} ${ws} ":" ${ws} ${tool.argumentsRule()}`);
  return rules.add('call', `"{" ${ws} ( ${members.join(' | ')} ) ${ws} "}"`);
};
