import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolDefinition } from '../../tier.js';
import { createGrammarRules } from '../grammar/gbnf.js';
import { createGbnfMatcher, type GbnfMatcher } from '../grammar/gbnf-matcher.test-support.js';
import { schemaRule } from '../grammar/json-schema-grammar.js';
import { type AnswerDelta, createAnswerParser } from './answer-parser.js';
import type { ChatFormat } from './chat-format.js';
import { chatFormats, detectFormat, genericFormat } from './formats.js';

const tools: readonly ToolDefinition[] = [
  {
    name: 'get_weather',
    description: 'The weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        days: { type: 'integer' },
        unit: { enum: ['celsius', 'kelvin'] },
        exact: { type: 'boolean' },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['city'],
    },
  },
  { name: 'get_time' },
  { name: 'python', parameters: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] } },
];

const formatOf = (name: string): ChatFormat => {
  const found = [...chatFormats, genericFormat].find((format) => format.name === name);
  if (found === undefined) throw new Error(`no format ${name}`);
  return found;
};

interface Answer {
  text: string;
  reasoning: string;
  calls: { name: string; args: string }[];
}

const read = (format: ChatFormat, pieces: readonly string[]): Answer => {
  const parser = createAnswerParser((input, sink) => format.parse(input, sink, { tools }), { newCallId: () => 'id' });
  const deltas: AnswerDelta[] = [...pieces.flatMap((piece) => [...parser.push(piece)]), ...parser.end()];
  const answer: Answer = { text: '', reasoning: '', calls: [] };
  for (const delta of deltas) {
    if (delta.type === 'text') answer.text += delta.text;
    else if (delta.type === 'reasoning') answer.reasoning += delta.text;
    else {
      if (delta.name !== undefined) answer.calls.push({ name: delta.name, args: '' });
      answer.calls.at(-1)!.args += delta.argumentsDelta;
      expect(delta.index).toBe(answer.calls.length - 1);
      expect(delta.id !== undefined).toBe(delta.name !== undefined);
    }
  }
  return answer;
};

const grammarOf = (format: ChatFormat, parallel = true): { matcher: GbnfMatcher; triggers: readonly string[] } => {
  const rules = createGrammarRules();
  const formatTools = tools.map((tool) => {
    const parameters = tool.parameters ?? { type: 'object', properties: {}, additionalProperties: false };
    return { name: tool.name, parameters, argumentsRule: () => schemaRule(rules, parameters, { name: tool.name }) };
  });
  const { calls, triggers } = format.callGrammar({ rules, tools: formatTools, parallel });
  return { matcher: createGbnfMatcher(rules.toGbnf(calls)), triggers };
};

const paris = { name: 'get_weather', args: '{"city": "Paris"}' };
const accented = { name: 'get_weather', args: '{"city": "Saint-\\u00c9tienne \\"x\\"", "days": 3}' };
const time = { name: 'get_time', args: '{}' };

interface Case {
  readonly format: string;
  /** Where `grammar` is set, this is also a text of the format's grammar, after any text before the call. */
  readonly grammar?: boolean;
  readonly output: string;
  readonly expected: Partial<Answer>;
}

// biome-ignore format: one case per line reads best
const cases: readonly Case[] = [
  { format: 'hermes', grammar: true, output: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>', expected: { calls: [paris] } },
  { format: 'hermes', output: 'I will look.\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>\n<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>\n', expected: { text: 'I will look.', calls: [paris, time] } },
  { format: 'hermes', grammar: true, output: '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call><tool_call>{"name":"get_time","arguments":{}}</tool_call>', expected: { calls: [{ name: 'get_weather', args: '{"city":"Paris"}' }, time] } },
  { format: 'hermes', output: '<tool_call>\n{"arguments": {"city": "Paris"}, "name": "get_weather"}\n</tool_call>', expected: { calls: [paris] } },
  { format: 'hermes', output: '<tool_call>\n{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}\n</tool_call>', expected: { calls: [paris] } },
  { format: 'hermes', output: '<tool_call>\n{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}\n</tool_call>', expected: { calls: [paris] } },
  { format: 'hermes', output: '<tool_call>\n{"name": "get_time"}\n</tool_call>', expected: { calls: [time] } },
  { format: 'hermes', output: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Pa', expected: { calls: [{ name: 'get_weather', args: '{"city": "Pa' }] } },
  { format: 'hermes', output: 'a < b, <tool> and <tool_call>no json</tool_call>!', expected: { text: 'a < b, <tool> and <tool_call>no json</tool_call>!', calls: [] } },
  { format: 'hermes', output: 'just text with a tail  \n', expected: { text: 'just text with a tail  \n', calls: [] } },
  { format: 'hermes', grammar: true, output: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Saint-\\u00c9tienne \\"x\\"", "days": 3}}\n</tool_call>', expected: { calls: [accented] } },
  { format: 'hermes', grammar: true, output: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "}]</tool_call>{", "tags": ["[", "}"]}}\n</tool_call>', expected: { calls: [{ name: 'get_weather', args: '{"city": "}]</tool_call>{", "tags": ["[", "}"]}' }] } },
  { format: 'generic', output: 'Hm.\n<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>', expected: { text: 'Hm.', calls: [time] } },

  { format: 'llama-json', grammar: true, output: '{"name": "get_weather", "parameters": {"city": "Paris"}}', expected: { calls: [paris] } },
  { format: 'llama-json', grammar: true, output: '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}', expected: { calls: [paris] } },
  { format: 'llama-json', grammar: true, output: '{"type": "function", "name": "get_time", "parameters": {}}', expected: { calls: [time] } },
  { format: 'llama-json', output: '{"name": "get_weather", "parameters": {"city": "Paris"}}; {"name": "get_time", "parameters": {}}', expected: { calls: [paris, time] } },
  { format: 'llama-json', output: 'Sure: {"name": "get_weather", "parameters": {"city": "Paris"}}', expected: { text: 'Sure:', calls: [paris] } },
  { format: 'llama-json', output: '{"name": "Bob", "age": 3}', expected: { text: '{"name": "Bob", "age": 3}', calls: [] } },
  { format: 'llama-json', output: '{"answer": "text", "name": "get_time"}', expected: { text: '{"answer": "text", "name": "get_time"}', calls: [] } },
  { format: 'llama-json', output: '<|python_tag|>get_weather.call(city="Paris", days=2, exact=True)', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 2, "exact": true}' }] } },
  { format: 'llama-json', output: '<|python_tag|>print("hi")\nx = 1', expected: { calls: [{ name: 'python', args: '{"code":"print(\\"hi\\")\\nx = 1"}' }] } },

  { format: 'mistral-list', grammar: true, output: '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}, {"name": "get_time", "arguments": {}}]', expected: { calls: [paris, time] } },
  { format: 'mistral-list', output: 'Let me see.[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris"}}]', expected: { text: 'Let me see.', calls: [paris] } },
  { format: 'mistral-args', grammar: true, output: '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}', expected: { calls: [paris] } },
  { format: 'mistral-args', grammar: true, output: '[TOOL_CALLS]get_weather[CALL_ID]123456789[ARGS]{"city": "Paris"}[TOOL_CALLS]get_time[ARGS]{}', expected: { calls: [paris, time] } },
  { format: 'mistral-args', output: 'text [TOOL_', expected: { text: 'text [TOOL_', calls: [] } },

  { format: 'functionary-3.1', grammar: true, output: '<function=get_weather>{"city": "Paris"}</function>', expected: { calls: [paris] } },
  { format: 'functionary-3.1', output: 'Ok <function=get_weather>{"city": "Paris"}</function><function=get_time>{}</function>', expected: { text: 'Ok', calls: [paris, time] } },
  { format: 'functionary-3.2', output: 'all\nLet me see.\n>>>get_weather\n{"city": "Paris"}', expected: { text: 'Let me see.', calls: [paris] } },
  { format: 'functionary-3.2', grammar: true, output: 'get_weather\n{"city": "Paris"}>>>get_time\n{}', expected: { calls: [paris, time] } },
  { format: 'functionary-3.2', output: 'python\nprint("1")\n', expected: { calls: [{ name: 'python', args: '{"code": "print(\\"1\\")\\n"}' }] } },
  { format: 'functionary-3.2', output: 'all\nOnly words >> here', expected: { text: 'Only words >> here', calls: [] } },

  { format: 'granite-3', grammar: true, output: '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]', expected: { calls: [paris] } },
  { format: 'phi-4', grammar: true, output: '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]<|/tool_call|>', expected: { calls: [paris] } },
  { format: 'nemotron', grammar: true, output: '<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Paris"}}, {"name": "get_time", "arguments": {}}]</TOOLCALL>', expected: { calls: [paris, time] } },
  { format: 'apertus', grammar: true, output: '<|tools_prefix|>[{"get_weather": {"city": "Paris"}}, {"get_time": {}}]<|tools_suffix|>', expected: { calls: [paris, time] } },
  { format: 'gigachat', grammar: true, output: '<|function_call|>{"name": "get_weather", "arguments": {"city": "Paris"}}', expected: { calls: [paris] } },
  { format: 'apriel', grammar: true, output: '<tool_calls>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</tool_calls>', expected: { calls: [paris] } },
  { format: 'firefunction', grammar: true, output: ' functools[{"name": "get_weather", "arguments": {"city": "Paris"}}]', expected: { calls: [paris] } },
  { format: 'command-r7b', grammar: true, output: '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}\n]<|END_ACTION|>', expected: { calls: [paris] } },
  { format: 'command-r7b', output: '<|START_RESPONSE|>It is sunny.<|END_RESPONSE|>', expected: { text: 'It is sunny.', calls: [] } },
  { format: 'command-r', grammar: true, output: 'Action:\n```json\n[\n    {\n        "tool_name": "get_weather",\n        "parameters": {"city": "Paris"}\n    }\n]```', expected: { calls: [paris] } },

  { format: 'deepseek-3', grammar: true, output: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>', expected: { calls: [paris, time] } },
  { format: 'deepseek-3.1', grammar: true, output: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', expected: { calls: [paris, time] } },
  { format: 'deepseek-3.2', grammar: true, output: '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 2}' }] } },
  { format: 'kimi', grammar: true, output: '<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city": "Paris"}<|tool_call_end|><|tool_calls_section_end|>', expected: { calls: [paris] } },

  { format: 'qwen3-coder', grammar: true, output: '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 3}' }] } },
  { format: 'qwen3-coder', grammar: true, output: '<tool_call>\n<function=python>\n<parameter=code>\nif a < 1:\n  print("<parameter>")\n\n</parameter>\n</function>\n</tool_call>', expected: { calls: [{ name: 'python', args: '{"code": "if a < 1:\\n  print(\\"<parameter>\\")\\n"}' }] } },
  { format: 'qwen3-coder', output: 'Now:\n<tool_call>\n<function=get_weather>\n<parameter=city>\n123\n</parameter>\n<parameter=exact>\nTrue\n</parameter>\n<parameter=tags>\n["a", "b"]\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=get_time>\n</function>\n</tool_call>', expected: { text: 'Now:', calls: [{ name: 'get_weather', args: '{"city": "123", "exact": true, "tags": ["a", "b"]}' }, time] } },
  { format: 'glm', grammar: true, output: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 3}' }] } },
  { format: 'glm', grammar: true, output: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call><tool_call>get_time</tool_call>', expected: { calls: [paris, time] } },
  { format: 'seed', grammar: true, output: '<seed:tool_call>\n<function=get_weather>\n<parameter=city>Paris</parameter>\n</function>\n</seed:tool_call>', expected: { calls: [paris] } },
  { format: 'minimax', grammar: true, output: '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n<invoke name="get_time">\n</invoke>\n</minimax:tool_call>', expected: { calls: [paris, time] } },

  { format: 'function-gemma', grammar: true, output: '<start_function_call>call:get_weather{city:<escape>Paris<escape>,days:3,exact:true,tags:[<escape>a, b<escape>,<escape>c<escape>]}<end_function_call>', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 3, "exact": true, "tags": ["a, b", "c"]}' }] } },
  { format: 'gemma-4', grammar: true, output: '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>}<tool_call|><|tool_call>call:get_time{}<tool_call|>', expected: { calls: [paris, time] } },
  { format: 'lfm2', grammar: true, output: '<|tool_call_start|>[get_weather(city="Paris", days=3, exact=True), get_time()]<|tool_call_end|>', expected: { calls: [{ name: 'get_weather', args: '{"city": "Paris", "days": 3, "exact": true}' }, time] } },
  { format: 'lfm2', output: "Ok.<|tool_call_start|>[get_weather(city='it\\'s (x]', tags=['a', \"b\"])]<|tool_call_end|>Done.", expected: { text: 'Ok.Done.', calls: [{ name: 'get_weather', args: '{"city": "it\'s (x]", "tags": ["a", "b"]}' }] } },

  { format: 'harmony', output: '<|channel|>analysis<|message|>Hm, Paris.<|end|><|start|>assistant<|channel|>final<|message|>It is sunny.<|return|>', expected: { reasoning: 'Hm, Paris.', text: 'It is sunny.', calls: [] } },
  { format: 'harmony', grammar: true, output: '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}', expected: { calls: [paris] } },
  { format: 'harmony', grammar: true, output: ' to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Paris"}', expected: { calls: [paris] } },
  { format: 'harmony', output: '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Paris"}<|call|>', expected: { reasoning: 'Hm.', text: 'I will look.', calls: [paris] } },
  { format: 'harmony', output: 'No header at all', expected: { text: 'No header at all', calls: [] } },
];

describe('telling the format by the template', () => {
  it.each([
    ['{{ "<tool_call>" }}', 'hermes'],
    ["'<tool_call>\n<function=' + n + '>' '<parameter='", 'qwen3-coder'],
    ["'<tool_call>' + n '<arg_key>' '<arg_value>'", 'glm'],
    ["'[TOOL_CALLS]' + tool_calls | tojson", 'mistral-list'],
    ["'[TOOL_CALLS]' + name + '[ARGS]'", 'mistral-args'],
    ['<|start_header_id|> {"name": function name, "parameters": dictionary} <|python_tag|>', 'llama-json'],
    ["<|start_header_id|> '<function=' + name + '>' '</function>'", 'functionary-3.1'],
    ['>>>all', 'functionary-3.2'],
    ['<｜tool▁calls▁begin｜> ```json', 'deepseek-3'],
    ['<｜tool▁calls▁begin｜><｜tool▁sep｜>', 'deepseek-3.1'],
    ['<|start|>assistant<|channel|>', 'harmony'],
    ['<|start_of_role|> <|tool_call|>', 'granite-3'],
    ['<|START_ACTION|><|END_ACTION|>', 'command-r7b'],
    ['<start_function_call>', 'function-gemma'],
    ['<|im_start|> without any tools', 'generic'],
  ])('%s', (source, name) => {
    expect(detectFormat(source).name).toBe(name);
  });
});

describe('reading answers', () => {
  it.each(cases.map((entry, index) => [entry.format, index, entry] as const))('%s, case %i', (name, _, entry) => {
    const { output } = entry;
    const format = formatOf(name);
    const expected = { text: '', reasoning: '', calls: [], ...entry.expected };
    expect(read(format, [output])).toEqual(expected);
    expect(read(format, [...output])).toEqual(expected);
    for (let at = 1; at < output.length; at++)
      expect(read(format, [output.slice(0, at), output.slice(at)])).toEqual(expected);
  });

  it('passes arguments on as they come', () => {
    const parser = createAnswerParser((input, sink) => formatOf('hermes').parse(input, sink, { tools }), {
      newCallId: () => 'call_1',
    });
    expect(parser.push('Hi <tool')).toEqual([{ type: 'text', text: 'Hi', from: 0, to: 2 }]);
    expect(parser.push('_call>\n{"name": "get_weather", "argu')).toEqual([
      { type: 'tool-call', index: 0, id: 'call_1', name: 'get_weather', argumentsDelta: '' },
    ]);
    expect(parser.push('ments": {"ci')).toEqual([{ type: 'tool-call', index: 0, argumentsDelta: '{"ci' }]);
    expect(parser.push('ty": "Paris"')).toEqual([{ type: 'tool-call', index: 0, argumentsDelta: 'ty": "Paris"' }]);
    expect(parser.push('}}\n</tool_call>')).toEqual([{ type: 'tool-call', index: 0, argumentsDelta: '}' }]);
    expect(parser.end()).toEqual([]);
  });
});

describe('grammars', () => {
  it.each(
    cases.flatMap((entry, index) => (entry.grammar === true ? [[entry.format, index, entry.output] as const] : [])),
  )('%s takes case %i', (name, _, output) => {
    const { matcher, triggers } = grammarOf(formatOf(name));
    expect(output.slice(0, matcher.accepts(output))).toBe(output);
    expect(matcher.matches(output)).toBe(true);
    // Whatever wakes the grammar must be a beginning that it accepts, or the engine could not go on.
    for (const trigger of triggers) expect(trigger.slice(0, matcher.accepts(trigger))).toBe(trigger);
  });

  const random = (seed: number) => {
    let state = seed >>> 0;
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
  };

  it.each([...chatFormats, genericFormat].map((format) => [format.name, format] as const))(
    '%s: what the grammar yields reads back as calls with sound arguments',
    (_, format) => {
      const { matcher } = grammarOf(format);
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const output = matcher.generate(random(seed), 150);
          const answer = read(format, [output]);
          expect([output, answer.text]).toEqual([output, '']);
          expect(answer.calls.length).toBeGreaterThan(0);
          for (const call of answer.calls) {
            const args = JSON.parse(call.args) as Record<string, unknown>;
            const known = tools.find((tool) => tool.name === call.name)?.parameters?.properties ?? {};
            for (const [key, value] of Object.entries(args)) {
              const schema = (known as Record<string, { type?: string; enum?: unknown[] }>)[key];
              expect([output, schema]).not.toEqual([output, undefined]);
              if (schema?.enum !== undefined) expect(schema.enum).toContain(value);
              else if (schema?.type === 'integer') expect(Number.isInteger(value)).toBe(true);
              else if (schema?.type === 'array') expect(Array.isArray(value)).toBe(true);
              else expect([output, typeof value]).toEqual([output, schema?.type]);
            }
          }
        }),
        { numRuns: 25 },
      );
    },
  );

  it.each([...chatFormats, genericFormat].map((format) => [format.name, format] as const))(
    '%s: a call as it would be written reads back the same',
    (_, format) => {
      const text = fc.string({
        unit: fc.constantFrom('a', 'é', ' b', '{', ']', "'", '1', ',', ':'),
        minLength: 1,
        maxLength: 8,
      });
      fc.assert(
        fc.property(text, fc.integer(), fc.array(text, { maxLength: 2 }), (city, days, tags) => {
          const args = { city: city.trim() === '' ? 'x' : `c${city.trim()}`, days, tags };
          const output = format.writeCall({ id: 'x', name: 'get_weather', arguments: JSON.stringify(args) });
          const answer = read(format, [output]);
          expect([output, answer.calls.map((call) => [call.name, JSON.parse(call.args) as unknown])]).toEqual([
            output,
            [['get_weather', args]],
          ]);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('allows one call where parallel calls are off', () => {
    const { matcher } = grammarOf(formatOf('hermes'), false);
    const call = '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>';
    expect(matcher.matches(call)).toBe(true);
    expect(matcher.matches(`${call}\n${call}`)).toBe(false);
  });
});
