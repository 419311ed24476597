/**
 * Formats that write every argument between marks of its own: `<parameter=city>Paris</parameter>`.
 *
 * Qwen3-Coder, GLM 4.5, MiniMax and DeepSeek 3.2 differ only in their marks, which are data here; formats.ts lists them.
 * Values are plain text where the schema says string and JSON otherwise.
 */
import type { JsonSchema, ToolCall, ToolDefinition } from '../../tier.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, CallSink, ChatFormat, ParseContext } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { parseJson } from './json-input.js';
import { taggedCallGrammar } from './tagged-arguments-grammar.js';
import type { TaggedArgumentsSpec } from './tagged-arguments-spec.js';
import { collectUntil, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';
import { parametersOf, takesText } from './tool-parameters.js';

const maxNameCharacters = 256;

export const createTaggedArgumentsFormat = (spec: TaggedArgumentsSpec): ChatFormat => {
  const { argument } = spec;
  const line = spec.lines ? '\n' : '';
  const callOpen = spec.call.open;
  const opener = callOpen !== '' ? callOpen : spec.function.open;

  function* parse(input: TextInput, sink: AnswerSink, context: ParseContext): Parsing {
    const sectionMarks = [spec.section.open, spec.section.close].filter((mark) => mark !== '');
    let hasCalls = false;
    const emit = (text: string): void => {
      if (!hasCalls || text.trim() !== '') sink.text(text);
    };
    for (;;) {
      const marker = yield* textUntil(input, [opener, ...sectionMarks], { emit, trimEnd: true });
      if (marker === null) return;
      if (marker !== opener) continue;
      if (yield* readCall(input, sink, context)) hasCalls = true;
      else sink.text(input.takenSinceMark());
    }
  }

  function* readCall(input: TextInput, sink: AnswerSink, context: ParseContext): Parsing<boolean> {
    if (callOpen !== '' && spec.function.open !== '') {
      yield* skipSpace(input);
      if (!(yield* tryLiteral(input, spec.function.open))) return false;
    }
    const ends = spec.function.end === '' ? [argument.open, spec.call.close] : [spec.function.end];
    const named = yield* collectUntil(input, ends, { limit: maxNameCharacters });
    const name = named?.text.trim() ?? '';
    if (named === null || !/^[^\s<>]+$/.test(name)) return false;
    if (spec.function.end === '') input.giveBack(named.marker);
    const call = sink.call(name);
    const parameters = parametersOf(context.tools.find((tool) => tool.name === name)?.parameters);
    call.append('{');
    for (let count = 0; ; count++) {
      yield* skipSpace(input);
      if (!(yield* tryLiteral(input, argument.open))) break;
      const key = yield* collectUntil(input, [argument.nameEnd], { limit: maxNameCharacters });
      if (key === null) return true;
      if (argument.valueOpen !== '') {
        yield* skipSpace(input);
        yield* tryLiteral(input, argument.valueOpen);
      }
      const keyName = spec.attribute === undefined ? key.text : key.text.replace(/".*$/, '');
      call.append(`${count === 0 ? '' : ', '}${JSON.stringify(keyName.trim())}: `);
      const isText = spec.attribute === undefined ? undefined : !key.text.includes('string="false');
      if (!(yield* readValue(input, call, { schema: parameters.get(keyName.trim()), isText }))) return true;
    }
    call.append('}');
    for (const close of [spec.function.close, spec.call.close]) {
      if (close === '') continue;
      yield* skipSpace(input);
      yield* tryLiteral(input, close);
    }
    return true;
  }

  /** False where the text ends inside the value. */
  function* readValue(
    input: TextInput,
    call: CallSink,
    { schema, isText }: { readonly schema: JsonSchema | undefined; readonly isText: boolean | undefined },
  ): Parsing<boolean> {
    const kind = isText === true ? 'only' : isText === false ? 'never' : takesText(schema);
    if (spec.lines) yield* tryLiteral(input, '\n');
    if (kind !== 'only') {
      let text = '';
      const emit = (piece: string): void => {
        text += piece;
      };
      const marker = yield* textUntil(input, [argument.close], { emit });
      const trimmed = text.trim();
      const value = parseJson(trimmed);
      const isJson = value !== undefined && !(kind === 'also' && typeof value === 'string');
      call.append(isJson ? trimmed : JSON.stringify(pythonWord(trimmed) ?? (kind === 'never' ? trimmed : text)));
      return marker !== null;
    }
    call.append('"');
    const ends = spec.lines ? [`\n${argument.close}`, argument.close] : [argument.close];
    const emit = (piece: string): void => call.append(JSON.stringify(piece).slice(1, -1));
    const marker = yield* textUntil(input, ends, { emit });
    if (marker !== null) call.append('"');
    return marker !== null;
  }

  const writeCall = (call: Pick<ToolCall, 'name' | 'arguments'>): string => {
    const values = parseJson(call.arguments);
    const entries = typeof values === 'object' && values !== null ? Object.entries(values) : [];
    const written = entries.map(([key, value]) => {
      const isText = typeof value === 'string';
      const text = isText ? value : JSON.stringify(value);
      const attribute = spec.attribute?.(isText) ?? '';
      return [
        argument.open,
        key,
        attribute,
        argument.nameEnd,
        argument.valueOpen,
        line,
        text,
        line,
        argument.close,
      ].join('');
    });
    const parts = [spec.function.open + call.name + spec.function.end, ...written, spec.function.close];
    const body = parts.filter((part) => part !== '').join('\n');
    return [
      spec.section.open,
      callOpen === '' || spec.function.open === '' ? callOpen + body : `${callOpen}\n${body}`,
      spec.call.close,
      spec.section.close,
    ]
      .filter((part) => part !== '')
      .join('\n');
  };

  return {
    name: spec.name,
    detect: spec.detect,
    specialTokens: spec.specialTokens,
    parallel: spec.parallel ?? true,
    callGrammar: (request: CallGrammarRequest): CallGrammar => taggedCallGrammar(spec, request),
    parse,
    instructions: (tools: readonly ToolDefinition[]) =>
      [
        '# Tools',
        `You have access to these functions:\n<tools>\n${toolLines(tools)}\n</tools>`,
        `To call a function, answer in exactly this form:\n${writeCall({ name: 'FUNCTION_NAME', arguments: '{"PARAMETER_NAME": "VALUE"}' })}`,
      ].join('\n\n'),
    writeCall,
  };
};

/** Models trained on Python write True where JSON has true. */
const pythonWord = (text: string): boolean | null | undefined =>
  text === 'True' ? true : text === 'False' ? false : text === 'None' ? null : undefined;
