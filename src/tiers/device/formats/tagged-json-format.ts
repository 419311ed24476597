/**
 * Formats that write the name between marks and the arguments as JSON behind it: `<function=NAME>{…}</function>`.
 *
 * Functionary 3.1, Mistral since 2025, DeepSeek, Kimi and others differ only in their marks, which are data here;
 * formats.ts lists them. Knows nothing of engines.
 */
import type { ToolCall, ToolDefinition } from '../../tier.js';
import { literal } from '../grammar/gbnf.js';
import { spaceRule } from '../grammar/json-values.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { copyJsonValue } from './json-input.js';
import { collectUntil, nextIn, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';

export interface TaggedJsonSpec {
  readonly name: string;
  readonly detect: (templateSource: string) => boolean;
  readonly specialTokens: ChatFormat['specialTokens'];
  /** Around all calls; may be empty. */
  readonly section: { readonly open: string; readonly close: string };
  /** Before the name of a call. */
  readonly open: string;
  /** Between name and arguments; the first is written, the others are read too. */
  readonly nameEnd: readonly [string, ...string[]];
  /** After the arguments; may be empty. */
  readonly close: string;
  /** The tool's name and the call's id, out of what stands in the name's place. */
  readonly readName?: (text: string) => { readonly name: string; readonly id?: string };
  /** What is written in the name's place for the call of this index. */
  readonly writeName?: (name: string, index: number) => string;
  /** GBNF of what a call's name is followed by, where that is more than `nameEnd`. */
  readonly nameEndGrammar?: string;
  readonly parallel?: boolean;
}

const maxNameCharacters = 256;

export const createTaggedJsonFormat = (spec: TaggedJsonSpec): ChatFormat => {
  const writeCall = (call: Pick<ToolCall, 'name' | 'arguments'>): string =>
    [
      spec.section.open,
      spec.open,
      spec.writeName?.(call.name, 0) ?? call.name,
      spec.nameEnd[0],
      call.arguments,
      spec.close,
      spec.section.close,
    ].join('');

  const callGrammar = (request: CallGrammarRequest): CallGrammar => {
    const { rules, tools } = request;
    const ws = spaceRule(rules);
    const nameEnd = spec.nameEndGrammar ?? literal(spec.nameEnd[0]);
    const bodies = tools.map((tool) => `${literal(tool.name)} ${nameEnd} ${ws} ${tool.argumentsRule()}`);
    const prefix = spec.writeName?.('\n', 0).split('\n')[0] ?? '';
    const body = rules.add('call-body', bodies.join(' | '));
    const close = spec.close === '' ? '' : ` ${ws} ${literal(spec.close)}`;
    const call = rules.add('call', `${literal(spec.open + prefix)} ${body}${close}`);
    const more = request.parallel ? ` ( ${ws} ${call} )*` : '';
    const { open, close: end } = spec.section;
    const calls = open === '' ? `${call}${more}` : `${literal(open)} ${ws} ${call}${more} ${ws} ${literal(end)}`;
    return { calls: rules.add('calls', calls), triggers: [open === '' ? spec.open : open] };
  };

  function* parse(input: TextInput, sink: AnswerSink): Parsing {
    const sectionMarks = [spec.section.open, spec.section.close].filter((mark) => mark !== '');
    let hasCalls = false;
    const emit = (text: string): void => {
      if (!hasCalls || text.trim() !== '') sink.text(text);
    };
    for (;;) {
      const marker = yield* textUntil(input, [spec.open, ...sectionMarks], { emit, trimEnd: true });
      if (marker === null) return;
      if (marker !== spec.open) continue;
      if (yield* readCall(input, sink)) hasCalls = true;
      else sink.text(input.takenSinceMark());
    }
  }

  function* readCall(input: TextInput, sink: AnswerSink): Parsing<boolean> {
    const named = yield* collectUntil(input, spec.nameEnd, { limit: maxNameCharacters });
    if (named === null) return false;
    const { name, id } = spec.readName?.(named.text.trim()) ?? { name: named.text.trim() };
    yield* skipSpace(input);
    if (name === '' || (nextIn(input) !== '{' && !input.ended)) return false;
    const call = sink.call(name, id);
    yield* copyJsonValue(input, (json) => call.append(json));
    if (spec.close !== '') {
      yield* skipSpace(input);
      yield* tryLiteral(input, spec.close.trimStart());
    }
    return true;
  }

  return {
    name: spec.name,
    detect: spec.detect,
    specialTokens: spec.specialTokens,
    parallel: spec.parallel ?? true,
    callGrammar,
    parse,
    instructions: (tools: readonly ToolDefinition[]) =>
      [
        '## Tools',
        `You have access to these tools:\n${toolLines(tools)}`,
        `To call a tool, answer in exactly this form:\n${writeCall({ name: 'TOOL_NAME', arguments: '{"ARGUMENT_NAME": "VALUE"}' })}`,
      ].join('\n\n'),
    writeCall,
  };
};
