/**
 * Llama 3's calls: a bare JSON object `{"name": …, "parameters": …}` as the whole answer, with `<|python_tag|>` before it
 * or not; behind that tag also `tool.call(argument="value")` for built-in tools, or plain code for a code tool.
 *
 * Without a mark of its own a call is told from other JSON by the names of the tools offered.
 */
import { literal } from '../grammar/gbnf.js';
import { callObjectRule, readCallObject } from './call-object.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat, ParseContext } from './chat-format.js';
import { createJsonCallFormat } from './json-call-format.js';
import { pythonArguments } from './python-values.js';
import { nextIn, type Parsing, skipSpace, type TextInput, textUntil } from './text-input.js';

const pythonTag = '<|python_tag|>';
const codeTools = new Set(['python', 'ipython', 'code_interpreter']);

/** How a call of one of these tools may begin. */
const openers = (names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const quoted = JSON.stringify(name);
    return [`{"name": ${quoted}`, `{"name":${quoted}`, `{"type": "function", "name": ${quoted}`];
  });

const callGrammar = (request: CallGrammarRequest): CallGrammar => {
  const { rules, tools } = request;
  const type = `( "\\"type\\": \\"function\\", " | "\\"type\\":\\"function\\"," )?`;
  const call = callObjectRule(request, { name: 'name', arguments: 'parameters' }, { before: type });
  const more = request.parallel ? ` ( "; " ${call} )*` : '';
  return {
    calls: rules.add('calls', `${literal(pythonTag)}? ${call}${more}`),
    triggers: openers(tools.map((tool) => tool.name)),
  };
};

function* parse(input: TextInput, sink: AnswerSink, context: ParseContext): Parsing {
  const names = new Set(context.tools.map((tool) => tool.name));
  const options = { sink, accept: (name: string): boolean => names.has(name), strict: true };
  const marks = [pythonTag, ...openers([...names])];
  let hasCalls = false;
  const emit = (text: string): void => {
    if (!hasCalls || text.trim() !== '') sink.text(text);
  };
  // A call stands at the start of the answer, behind another one or the tag, or where it begins like one.
  for (;;) {
    input.mark();
    yield* skipSpace(input);
    if (hasCalls && (nextIn(input) === ';' || nextIn(input) === ',')) {
      input.take(1);
      continue;
    }
    if (nextIn(input) === '{' && (yield* readCallObject(input, options))) {
      hasCalls = true;
      continue;
    }
    emit(input.takenSinceMark());
    const marker = yield* textUntil(input, marks, { emit, trimEnd: true });
    if (marker === null) return;
    if (marker !== pythonTag) {
      input.giveBack(marker);
      continue;
    }
    input.mark();
    yield* skipSpace(input);
    const isCall = nextIn(input) === '{' && (yield* readCallObject(input, options));
    hasCalls = isCall || (yield* readCode(input, sink, names)) || hasCalls;
  }
}

/** All the rest as a call of a built-in tool or of the code tool; as text where neither is offered. */
function* readCode(input: TextInput, sink: AnswerSink, names: ReadonlySet<string>): Parsing<boolean> {
  while (!input.ended) yield;
  input.take(input.rest.length);
  const code = input.takenSinceMark().trim();
  const call = /^([A-Za-z_]\w*)\.call\(([\s\S]*)\)$/.exec(code);
  const args = call !== null && names.has(call[1]!) ? pythonArguments(call[2]!) : null;
  if (args !== null) {
    sink.call(call![1]!).append(args);
    return true;
  }
  const tool = [...names].find((name) => codeTools.has(name));
  if (tool === undefined) {
    sink.text(code);
    return false;
  }
  sink.call(tool).append(JSON.stringify({ code }));
  return true;
}

const json = createJsonCallFormat({
  name: 'llama-json',
  detect: () => false,
  specialTokens: 'with-tools',
  open: [pythonTag],
  close: '',
  list: false,
  keys: { name: 'name', arguments: 'parameters' },
});

export const llamaJsonFormat: ChatFormat = {
  ...json,
  name: 'llama-json',
  detect: (source) =>
    source.includes('<|start_header_id|>') && (source.includes('<|python_tag|>') || source.includes('"parameters": ')),
  parallel: false,
  callGrammar,
  parse,
  writeCall: (call) => `{"name": ${JSON.stringify(call.name)}, "parameters": ${call.arguments}}`,
};
