/**
 * Gemma's calls: `call:name{city:<escape>Paris<escape>,days:[1,2]}` between marks, with bare keys and a quote that is a
 * token of its own.
 *
 * FunctionGemma and Gemma 4 differ only in their marks. The parser turns what it reads into JSON as it comes.
 */
import type { JsonSchema, ToolCall, ToolDefinition } from '../../tier.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { schemaRule } from '../grammar/json-schema-grammar.js';
import { booleanRule, nullRule, numberRule, spaceRule, textsRule } from '../grammar/json-values.js';
import { untilRule } from '../grammar/until.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { parseJson } from './json-input.js';
import { orderedMembers } from './ordered-members.js';
import { collectUntil, nextIn, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';
import { parametersOf, takesText } from './tool-parameters.js';

export interface GemmaCallSpec {
  readonly name: string;
  readonly detect: (templateSource: string) => boolean;
  readonly open: string;
  readonly close: string;
  readonly quote: string;
}

const maxNameCharacters = 256;
const maxDepth = 32;

export const createGemmaCallFormat = (spec: GemmaCallSpec): ChatFormat => {
  const { quote } = spec;

  function* parse(input: TextInput, sink: AnswerSink): Parsing {
    let hasCalls = false;
    const emit = (text: string): void => {
      if (!hasCalls || text.trim() !== '') sink.text(text);
    };
    while ((yield* textUntil(input, [spec.open], { emit, trimEnd: true })) !== null) {
      if (yield* readCall(input, sink)) hasCalls = true;
      else sink.text(input.takenSinceMark());
    }
  }

  function* readCall(input: TextInput, sink: AnswerSink): Parsing<boolean> {
    yield* skipSpace(input);
    yield* tryLiteral(input, 'call:');
    const named = yield* collectUntil(input, ['{'], { limit: maxNameCharacters });
    if (named === null || !/^[^\s{}<>]+$/.test(named.text.trim())) return false;
    const call = sink.call(named.text.trim());
    input.giveBack('{');
    if (yield* readValue(input, (json) => call.append(json), 0)) {
      yield* skipSpace(input);
      yield* tryLiteral(input, spec.close);
    }
    return true;
  }

  /** Passes a value on as JSON; false where the text ends inside it. */
  function* readValue(input: TextInput, emit: (json: string) => void, depth: number): Parsing<boolean> {
    yield* skipSpace(input);
    if (depth > maxDepth) return false;
    if (yield* tryLiteral(input, quote)) {
      emit('"');
      const end = yield* textUntil(input, [quote], { emit: (text) => emit(JSON.stringify(text).slice(1, -1)) });
      if (end !== null) emit('"');
      return end !== null;
    }
    const first = nextIn(input);
    if (first !== '{' && first !== '[') return yield* readScalar(input, emit);
    const close = first === '{' ? '}' : ']';
    emit(input.take(1));
    for (let count = 0; ; ) {
      yield* skipSpace(input);
      const next = nextIn(input);
      if (next === undefined) return false;
      if (next === close || next === ',') {
        input.take(1);
        if (next === ',') continue;
        emit(close);
        return true;
      }
      if (count++ > 0) emit(', ');
      if (first === '{') {
        const key = yield* collectUntil(input, [':'], { limit: maxNameCharacters });
        if (key === null) return false;
        emit(
          `${JSON.stringify(
            key.text
              .trim()
              .replaceAll(quote, '')
              .replace(/^"(.*)"$/, '$1'),
          )}: `,
        );
      }
      if (!(yield* readValue(input, emit, depth + 1))) return false;
    }
  }

  function* readScalar(input: TextInput, emit: (json: string) => void): Parsing<boolean> {
    const ends = [',', '}', ']'];
    const read = yield* collectUntil(input, ends, { limit: Number.POSITIVE_INFINITY });
    if (read === null) return false;
    input.giveBack(read.marker);
    const text = read.text.trim();
    emit(parseJson(text) === undefined ? JSON.stringify(text) : text);
    return true;
  }

  const callGrammar = (request: CallGrammarRequest): CallGrammar => {
    const { rules, tools } = request;
    const ws = spaceRule(rules);
    const bodies = tools.map((tool) => `${literal(tool.name)} ${objectText(rules, tool.parameters, 0)}`);
    const body = rules.add('call-body', bodies.join(' | '));
    const call = rules.add('call', `${literal(`${spec.open}call:`)} ${body} ${literal(spec.close)}`);
    const calls = request.parallel ? `${call} ( ${ws} ${call} )*` : call;
    return { calls: rules.add('calls', calls), triggers: [spec.open] };
  };

  const objectText = (rules: GrammarRules, schema: JsonSchema, depth: number): string => {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    const members = [...parametersOf(schema)].map(([name, property]) => ({
      text: rules.add(`member-${name}`, `${literal(`${name}:`)} ${valueText(rules, property, depth + 1)}`),
      required: required.has(name),
    }));
    return `"{" ${orderedMembers(rules, members, { separator: '","', close: '"}"', name: 'members' })}`;
  };

  const valueText = (rules: GrammarRules, schema: JsonSchema, depth: number): string => {
    const texts = Array.isArray(schema.enum) ? schema.enum.filter((value) => typeof value === 'string') : [];
    const kind = takesText(schema);
    if (kind === 'only' && texts.length > 0)
      return `${literal(quote)} ${textsRule(rules, texts, 'text')} ${literal(quote)}`;
    if (kind === 'only') return `${literal(quote)} ${untilRule(rules, quote)}`;
    if (depth > maxDepth || kind === 'also') return anyValue(rules);
    if (schema.type === 'object' && parametersOf(schema).size > 0) return objectText(rules, schema, depth);
    if (schema.type === 'array') {
      const items = typeof schema.items === 'object' && schema.items !== null ? (schema.items as JsonSchema) : {};
      const item = rules.add('item', valueText(rules, items, depth + 1));
      return `"[" ( ${item} ( "," ${item} )* )? "]"`;
    }
    const isScalar = ['integer', 'number', 'boolean', 'null'].includes(String(schema.type));
    return isScalar ? schemaRule(rules, schema, { unsupported: 'ignore', name: 'scalar' }) : anyValue(rules);
  };

  const anyNames = new WeakMap<GrammarRules, string>();
  const anyValue = (rules: GrammarRules): string => {
    const known = anyNames.get(rules);
    if (known !== undefined) return known;
    const name = rules.reserve('any');
    anyNames.set(rules, name);
    const pair = rules.add('any-pair', `[A-Za-z_] [A-Za-z0-9_-]{0,63} ":" ${name}`);
    rules.define(
      name,
      [
        `${literal(quote)} ${untilRule(rules, quote)}`,
        numberRule(rules),
        booleanRule(rules),
        nullRule(rules),
        `"{" ( ${pair} ( "," ${pair} )* )? "}"`,
        `"[" ( ${name} ( "," ${name} )* )? "]"`,
      ].join(' | '),
    );
    return name;
  };

  const write = (value: unknown): string => {
    if (typeof value === 'string') return `${quote}${value}${quote}`;
    if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}:${write(item)}`)
      .join(',')}}`;
  };
  const writeCall = (call: Pick<ToolCall, 'name' | 'arguments'>): string =>
    `${spec.open}call:${call.name}${write(parseJson(call.arguments) ?? {})}${spec.close}`;

  return {
    name: spec.name,
    detect: spec.detect,
    specialTokens: 'with-tools',
    parallel: true,
    callGrammar,
    parse,
    instructions: (tools: readonly ToolDefinition[]) =>
      `You can call these functions:\n${toolLines(tools)}\n\nTo call one, answer in this form:\n${writeCall({ name: 'FUNCTION_NAME', arguments: '{"parameter_name": "VALUE"}' })}`,
    writeCall,
  };
};
