/**
 * Calls written as Python: `[get_weather(city="Paris"), get_time()]` between marks (LFM2).
 *
 * Arguments come as one piece when their call is closed, since a Python literal is only known to be whole then.
 */
import type { JsonSchema, ToolCall, ToolDefinition } from '../../tier.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { schemaRule } from '../grammar/json-schema-grammar.js';
import { nullRule, numberRule, spaceRule, stringRule, textsRule } from '../grammar/json-values.js';
import type { AnswerSink, CallGrammar, CallGrammarRequest, ChatFormat } from './chat-format.js';
import { toolLines } from './chat-format.js';
import { parseJson } from './json-input.js';
import { orderedMembers } from './ordered-members.js';
import { pythonArguments } from './python-values.js';
import { nextIn, type Parsing, skipSpace, type TextInput, textUntil, tryLiteral } from './text-input.js';
import { parametersOf } from './tool-parameters.js';

export interface PythonicSpec {
  readonly name: string;
  readonly detect: (templateSource: string) => boolean;
  readonly open: string;
  readonly close: string;
}

export const createPythonicFormat = (spec: PythonicSpec): ChatFormat => {
  function* parse(input: TextInput, sink: AnswerSink): Parsing {
    let hasCalls = false;
    const emit = (text: string): void => {
      if (!hasCalls || text.trim() !== '') sink.text(text);
    };
    while ((yield* textUntil(input, [spec.open], { emit, trimEnd: true })) !== null) {
      if (yield* readCalls(input, sink)) hasCalls = true;
      else sink.text(input.takenSinceMark());
    }
  }

  /** True where at least one call was read. */
  function* readCalls(input: TextInput, sink: AnswerSink): Parsing<boolean> {
    let found = false;
    yield* skipSpace(input);
    yield* tryLiteral(input, '[');
    for (;;) {
      yield* skipSpace(input);
      if (nextIn(input) === ',') {
        input.take(1);
        continue;
      }
      if (nextIn(input) === ']' || nextIn(input) === undefined) break;
      const text = yield* readCallText(input);
      const call = text === null ? null : /^([A-Za-z_][\w.-]*)\s*\(([\s\S]*)\)$/.exec(text);
      const args = call === null ? null : pythonArguments(call[2]!);
      if (args === null) return found;
      sink.call(call![1]!).append(args);
      found = true;
      input.mark();
    }
    input.take(1);
    yield* skipSpace(input);
    yield* tryLiteral(input, spec.close);
    return found;
  }

  const callGrammar = (request: CallGrammarRequest): CallGrammar => {
    const { rules, tools } = request;
    const bodies = tools.map((tool) => {
      const required = new Set(Array.isArray(tool.parameters.required) ? tool.parameters.required : []);
      const members = [...parametersOf(tool.parameters)].map(([name, schema]) => ({
        text: rules.add(`${tool.name}-${name}`, `${literal(`${name}=`)} ${valueText(rules, schema)}`),
        required: required.has(name),
      }));
      const args = orderedMembers(rules, members, { separator: '", "', close: '")"', name: `${tool.name}-arguments` });
      return `${literal(`${tool.name}(`)} ${args}`;
    });
    const call = rules.add('call', bodies.join(' | '));
    const more = request.parallel ? ` ( ", " ${call} )*` : '';
    const calls = `${literal(`${spec.open}[`)} ${call}${more} ${literal(`]${spec.close}`)}`;
    return { calls: rules.add('calls', calls), triggers: [spec.open] };
  };

  const writeCall = (call: Pick<ToolCall, 'name' | 'arguments'>): string => {
    const args = Object.entries((parseJson(call.arguments) as Record<string, unknown> | undefined) ?? {});
    return `${spec.open}[${call.name}(${args.map(([key, value]) => `${key}=${write(value)}`).join(', ')})]${spec.close}`;
  };

  return {
    name: spec.name,
    detect: spec.detect,
    specialTokens: 'with-tools',
    parallel: true,
    callGrammar,
    parse,
    instructions: (tools: readonly ToolDefinition[]) =>
      `List of tools: [${toolLines(tools).replaceAll('\n', ', ')}]\nCall a tool like this: ${writeCall({ name: 'tool_name', arguments: '{"argument": "value"}' })}`,
    writeCall,
  };
};

/** One `name(…)` with balanced brackets; null where the text ends before. */
function* readCallText(input: TextInput): Parsing<string | null> {
  let depth = 0;
  let quote: string | null = null;
  let at = 0;
  for (;;) {
    for (; at < input.rest.length; at++) {
      const character = input.rest[at]!;
      if (quote !== null) {
        if (character === '\\') at++;
        else if (character === quote) quote = null;
      } else if (character === '"' || character === "'") quote = character;
      else if ('([{'.includes(character)) depth++;
      else if (')]}'.includes(character) && --depth <= 0) return input.take(at + 1);
    }
    if (input.ended) {
      input.take(input.rest.length);
      return null;
    }
    yield;
  }
}

const valueText = (rules: GrammarRules, schema: JsonSchema): string => {
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? null : [schema.const];
  if (values !== null) return textsRule(rules, values.map(write), 'py-values');
  if (schema.type === 'boolean') return rules.add('py-boolean', '"True" | "False"');
  const isScalar = ['string', 'integer', 'number'].includes(String(schema.type));
  if (isScalar) return schemaRule(rules, schema, { unsupported: 'ignore', name: 'scalar' });
  if (schema.type !== 'array') return anyValue(rules);
  const isTyped = typeof schema.items === 'object' && schema.items !== null && !Array.isArray(schema.items);
  const item = isTyped ? rules.add('py-item', valueText(rules, schema.items as JsonSchema)) : anyValue(rules);
  return rules.add('py-list', `"[" ( ${item} ( ", " ${item} )* )? "]"`);
};

const anyNames = new WeakMap<GrammarRules, string>();

const anyValue = (rules: GrammarRules): string => {
  const known = anyNames.get(rules);
  if (known !== undefined) return known;
  const name = rules.reserve('py-value');
  anyNames.set(rules, name);
  const ws = spaceRule(rules);
  const pair = rules.add('py-pair', `${stringRule(rules)} ":" ${ws} ${name}`);
  rules.define(
    name,
    [
      stringRule(rules),
      numberRule(rules),
      '"True" | "False" | "None"',
      nullRule(rules),
      `"{" ( ${pair} ( "," ${ws} ${pair} )* )? "}"`,
      `"[" ( ${name} ( "," ${ws} ${name} )* )? "]"`,
    ].join(' | '),
  );
  return name;
};

const write = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${write(item)}`)
      .join(', ')}}`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : JSON.stringify(value);
};
