import { describe, expect, it } from 'vitest';
import type { EngineModelInfo, GenerateRequest } from '../../engine/engine.js';
import { EngineError } from '../../engine/engine-error.js';
import { createFakeEngine, type FakeEngine, type FakeEngineOptions } from '../../engine/fake-engine.js';
import type { ChatEvent, ChatMessage, ChatRequest, ToolDefinition } from '../tier.js';
import { createDeviceTier } from './device-tier.js';
import { createGbnfMatcher } from './grammar/gbnf-matcher.test-support.js';
import {
  deepseekLike,
  gemmaLike,
  harmonyLike,
  llamaLike,
  mistralLike,
  qwenLike,
} from './template/sample-templates.test-support.js';

const weather: ToolDefinition = {
  name: 'get_weather',
  description: 'The weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const time: ToolDefinition = { name: 'get_time' };
const user = (content: string): ChatMessage => ({ role: 'user', content });

interface Setup {
  readonly engine: FakeEngine;
  /** Runs a chat to its end. */
  run(request: Partial<ChatRequest>): Promise<Answer>;
  readonly sent: () => GenerateRequest;
}

interface Answer {
  readonly events: readonly ChatEvent[];
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: string }[];
  readonly end: Extract<ChatEvent, { type: 'end' }>;
}

const read = async (stream: AsyncIterable<ChatEvent>): Promise<Answer> => {
  const events: ChatEvent[] = [];
  const calls: { id: string; name: string; args: string }[] = [];
  let text = '';
  let reasoning = '';
  for await (const event of stream) {
    events.push(event);
    if (event.type === 'text') text += event.text;
    if (event.type === 'reasoning') reasoning += event.text;
    if (event.type === 'tool-call') {
      if (event.name !== undefined) calls.push({ id: event.id ?? '', name: event.name, args: '' });
      calls[event.index]!.args += event.argumentsDelta;
    }
  }
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error('no end event');
  return { events, text, reasoning, calls, end };
};

const setup = (
  chatTemplate: string | null,
  respond: FakeEngineOptions['respond'],
  info: Partial<EngineModelInfo> = {},
): Setup => {
  const engine = createFakeEngine({ ...(respond === undefined ? {} : { respond }), info: { chatTemplate, ...info } });
  let digit = 0;
  const tier = createDeviceTier({
    engines: () => new Map([['fake', engine]]),
    now: () => new Date(2025, 0, 2),
    randomHex: (length) => `${++digit}`.padStart(length, '0'),
  });
  return {
    engine,
    run: (request) => read(tier.chat({ model: 'fake', messages: [user('Hi')], ...request })),
    sent: () => engine.requests.at(-1)!,
  };
};

describe('prompts', () => {
  it('come from the template of the file, without a second BOS', async () => {
    const { run, sent } = setup(llamaLike, () => 'Hello', { bosToken: '<|bos|>', addBos: true });
    const answer = await run({ messages: [{ role: 'system', content: 'Be brief' }, user('Hi')] });
    expect(sent().prompt).toBe(
      '<|start_header_id|>system<|end_header_id|>\n\nToday: 02 Jan 2025\nBe brief<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    );
    expect(answer.text).toBe('Hello');
    expect(answer.end.reason).toBe('stop');
  });

  it('keep the BOS of the template where the vocabulary adds none', async () => {
    const { run, sent } = setup(llamaLike, () => 'x', { bosToken: '<|bos|>', addBos: false });
    await run({});
    expect(sent().prompt).toMatch(/^<\|bos\|><\|start_header_id\|>/);
  });

  it('are ChatML, with its stops, where the file has no template', async () => {
    const { run, sent } = setup(null, () => 'Hello');
    await run({ stop: ['END'] });
    expect(sent().prompt).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    expect(sent().stop).toEqual(['END', '<|im_end|>', '<|im_start|>']);
  });

  it('fold the system message into the user message where the template has no system role', async () => {
    const { run, sent } = setup(gemmaLike, () => 'x', { bosToken: '' });
    await run({ messages: [{ role: 'system', content: 'S' }, user('U')] });
    expect(sent().prompt).toBe('<start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\n');
  });

  it('carry template variables, and refuse those that the server sets', async () => {
    const { run, sent } = setup(qwenLike, () => 'x');
    await run({ templateVariables: { enable_thinking: false } });
    expect(sent().prompt).toMatch(/<think>\n\n<\/think>\n\n$/);
    await expect(run({ templateVariables: { messages: [] } })).rejects.toMatchObject({
      code: 'unsupported',
      param: 'chat_template_kwargs',
    });
  });

  it('use the tool template of files that carry one', async () => {
    const { run, sent } = setup(gemmaLike, () => 'x', { metadata: { 'tokenizer.chat_template.tool_use': qwenLike } });
    await run({ tools: [weather] });
    expect(sent().prompt).toContain('<tools>\n{"type": "function", "function": {"name": "get_weather"');
    await run({});
    expect(sent().prompt).toContain('<start_of_turn>');
  });

  it('of ten thousand messages render', async () => {
    const { run } = setup(qwenLike, () => 'x', { contextLength: 1_000_000 });
    const messages = Array.from(
      { length: 10_000 },
      (_, index): ChatMessage => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: 'm' }),
    );
    expect((await run({ messages })).text).toBe('x');
  });

  it('pass on limits, sampling and who asks', async () => {
    const { run, sent } = setup(null, () => 'a b c');
    const answer = await run({
      maxTokens: 2,
      sampling: { temperature: 0 },
      client: 'c',
      cacheScope: 's',
      deadlineMs: 60_000,
    });
    expect(sent()).toMatchObject({
      maxTokens: 2,
      sampling: { temperature: 0 },
      client: 'c',
      cacheScope: 's',
      deadlineMs: 60_000,
    });
    expect(answer.end.reason).toBe('length');
  });
});

describe('tools', () => {
  const call = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>';

  it('auto: shown by the template, the grammar sleeps until a call begins', async () => {
    const { run, sent } = setup(qwenLike, () => `I look.\n${call}\n${call}`);
    const answer = await run({ tools: [weather, time] });
    expect(sent().grammar?.lazyTriggers).toEqual(['<tool_call>']);
    expect(sent().renderSpecial).toBe(true);
    const matcher = createGbnfMatcher(sent().grammar!.gbnf);
    expect(matcher.matches(`${call}\n${call}`)).toBe(true);
    expect(matcher.matches('words')).toBe(false);
    expect(answer.text).toBe('I look.');
    expect(answer.calls).toEqual([
      { id: 'call_000000000000000000000001', name: 'get_weather', args: '{"city": "Paris"}' },
      { id: 'call_000000000000000000000002', name: 'get_weather', args: '{"city": "Paris"}' },
    ]);
    expect(answer.end.reason).toBe('tool-calls');
  });

  it('auto without a call ends like any answer', async () => {
    const answer = await setup(qwenLike, () => 'No need.').run({ tools: [weather] });
    expect(answer).toMatchObject({ text: 'No need.', calls: [], end: { reason: 'stop' } });
  });

  it('required and named: the grammar holds from the start, for those tools only', async () => {
    const { run, sent } = setup(qwenLike, () => call);
    await run({ tools: [weather, time], toolChoice: 'required', parallelToolCalls: false });
    const required = createGbnfMatcher(sent().grammar!.gbnf);
    expect(sent().grammar?.lazyTriggers).toBeUndefined();
    expect(required.matches(call)).toBe(true);
    expect(required.matches('<tool_call>{"name": "get_time", "arguments": {}}</tool_call>')).toBe(true);
    expect(required.matches(`${call}\n${call}`)).toBe(false);
    const answer = await run({ tools: [weather, time], toolChoice: { name: 'get_weather' } });
    expect(
      createGbnfMatcher(sent().grammar!.gbnf).matches('<tool_call>{"name": "get_time", "arguments": {}}</tool_call>'),
    ).toBe(false);
    expect(answer.end.reason).toBe('tool-calls');
  });

  it('none: neither shown nor read', async () => {
    const { run, sent } = setup(qwenLike, () => call);
    const answer = await run({ tools: [weather], toolChoice: 'none' });
    expect(sent().prompt).not.toContain('get_weather');
    expect(sent().grammar).toBeUndefined();
    expect(answer).toMatchObject({ text: call, calls: [], end: { reason: 'stop' } });
  });

  it('templates that cannot show tools are told of them in the system message', async () => {
    const { run, sent } = setup(gemmaLike, () => call, { bosToken: '' });
    const answer = await run({ tools: [weather] });
    expect(sent().prompt).toContain('"name":"get_weather"');
    expect(sent().prompt).toContain('<tool_call>');
    expect(answer.calls).toMatchObject([{ name: 'get_weather' }]);
  });

  it('past calls and results go back into the prompt', async () => {
    const { run, sent } = setup(mistralLike, () => 'It is sunny', { bosToken: '<s>', eosToken: '</s>', addBos: true });
    await run({
      tools: [weather],
      messages: [
        user('Hi'),
        {
          role: 'assistant',
          content: null,
          toolCalls: [{ id: 'call_long_foreign_id', name: 'get_weather', arguments: '{"city": "Paris"}' }],
        },
        { role: 'tool', toolCallId: 'call_long_foreign_id', content: 'sunny' },
      ],
    });
    expect(sent().prompt).toMatch(
      /^\[AVAILABLE_TOOLS\].*\[INST\]Hi\[\/INST\]\[TOOL_CALLS\]\[\{"name": "get_weather", "arguments": \{"city": "Paris"\}, "id": "(\w{9})"\}\]<\/s>\[TOOL_RESULTS\]\{"content": sunny, "call_id": "\1"\}\[\/TOOL_RESULTS\]$/,
    );
  });

  it('call ids are as long as the template wants them', async () => {
    const { run } = setup(mistralLike, () => '[TOOL_CALLS][{"name": "get_time", "arguments": {}}]', {
      bosToken: '<s>',
    });
    expect((await run({ tools: [time] })).calls).toEqual([{ id: '000000001', name: 'get_time', args: '{}' }]);
  });

  it('an answer cut off inside a call ends with length', async () => {
    const answer = await setup(qwenLike, () => call).run({ tools: [weather], maxTokens: 4 });
    expect(answer.end.reason).toBe('length');
    expect(answer.calls[0]?.name).toBe('get_weather');
  });

  it.each([
    [{ tools: [{ name: 'a b' }] }, 'tools[0].function.name', /is not 1 to 128/],
    [{ tools: [time, time] }, 'tools[1].function.name', /Two tools/],
    [
      { tools: [{ name: 'x', parameters: { type: 'string' } }] },
      'tools[0].function.parameters',
      /must be a schema of type object/,
    ],
    [{ tools: [time], toolChoice: { name: 'other' } }, 'tool_choice', /not offered/],
    [{ toolChoice: 'required' as const }, 'tool_choice', /no tools are offered/],
    [{ tools: Array.from({ length: 1025 }, (_, index) => ({ name: `t${index}` })) }, 'tools', /limit is 1024/],
  ])('bad tools are refused: %j', async (request, param, message) => {
    await expect(setup(qwenLike, () => 'x').run(request)).rejects.toMatchObject({
      code: 'invalid-tools',
      param,
      message: expect.stringMatching(message),
    });
  });

  it('schemas that no grammar can hold leave the arguments to the model', async () => {
    const { run, sent } = setup(qwenLike, () => 'x');
    await run({
      tools: [
        {
          name: 'odd',
          parameters: { type: 'object', properties: { a: { not: { type: 'null' }, pattern: '(?=x)' } }, if: {} },
        },
      ],
    });
    expect(
      createGbnfMatcher(sent().grammar!.gbnf).matches(
        '<tool_call>\n{"name": "odd", "arguments": {"a": "y"}}\n</tool_call>',
      ),
    ).toBe(true);
  });
});

describe('reasoning', () => {
  it('is told from the answer', async () => {
    const answer = await setup(qwenLike, () => '<think>\nHm, hm.\n</think>\n\nYes.').run({});
    expect(answer).toMatchObject({ reasoning: 'Hm, hm.', text: 'Yes.' });
  });

  it('is counted, its marks too, so that a bill can tell it from the answer', async () => {
    const { end } = await setup(qwenLike, () => '<think> one two three </think> Yes.').run({});
    expect([end.usage.completionTokens, end.reasoningTokens]).toEqual([6, 4]);
    const cut = await setup(qwenLike, () => '<think> one two three').run({ maxTokens: 3 });
    expect(cut.end).toMatchObject({ reason: 'length', reasoningTokens: 3 });
    expect((await setup(qwenLike, () => 'Yes.').run({})).end.reasoningTokens).toBe(0);
  });

  it('that the prompt opens needs no mark', async () => {
    const answer = await setup(deepseekLike, () => 'Hm.\n</think>\n\nYes.', { bosToken: '' }).run({});
    expect(answer).toMatchObject({ reasoning: 'Hm.', text: 'Yes.' });
  });

  it('may come before calls and before JSON', async () => {
    const { run, sent } = setup(
      qwenLike,
      () => '<think>\nHm.\n</think>\n\n<tool_call>{"name": "get_time", "arguments": {}}</tool_call>',
    );
    const answer = await run({ tools: [time], toolChoice: 'required' });
    expect(answer).toMatchObject({ reasoning: 'Hm.', text: '', calls: [{ name: 'get_time' }] });
    const matcher = createGbnfMatcher(sent().grammar!.gbnf);
    expect(
      matcher.matches('<think>\nHm.\n</think>\n\n<tool_call>{"name": "get_time", "arguments": {}}</tool_call>'),
    ).toBe(true);
    await run({ responseFormat: { type: 'json-object' } });
    const json = createGbnfMatcher(sent().grammar!.gbnf);
    expect(json.matches('<think>a</think>\n\n{"a": 1}')).toBe(true);
    expect(json.matches('{"a": 1}')).toBe(true);
    expect(json.matches('words {"a": 1}')).toBe(false);
  });

  it('ends where a call begins, closed or not', async () => {
    const answer = await setup(
      qwenLike,
      () => '<think>\nHm. <tool_call>{"name": "get_time", "arguments": {}}</tool_call>',
    ).run({ tools: [time] });
    expect(answer).toMatchObject({ reasoning: 'Hm.', text: '', calls: [{ name: 'get_time' }] });
  });

  it('in channels (harmony) is told from content and calls, with or without tools', async () => {
    const output = '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.';
    expect(await setup(harmonyLike, () => output).run({})).toMatchObject({ reasoning: 'Hm.', text: 'Yes.' });
    expect(await setup(harmonyLike, () => output).run({ tools: [time] })).toMatchObject({
      reasoning: 'Hm.',
      text: 'Yes.',
    });
    const { run, sent } = setup(harmonyLike, () => output);
    await run({ responseFormat: { type: 'json-object' } });
    expect(
      createGbnfMatcher(sent().grammar!.gbnf).matches(
        '<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>{}',
      ),
    ).toBe(true);
  });
});

describe('response_format', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };

  it('json_schema is enforced', async () => {
    const { run, sent } = setup(qwenLike, (_, request) =>
      createGbnfMatcher(request.grammar!.gbnf).generate(() => 0.9, 1),
    );
    const answer = await run({ responseFormat: { type: 'json-schema', name: 'x', schema } });
    expect(JSON.parse(answer.text)).toHaveProperty('a');
    expect(createGbnfMatcher(sent().grammar!.gbnf).matches('{"b": 1}')).toBe(false);
  });

  it('with tools leaves the choice between both', async () => {
    const { run, sent } = setup(qwenLike, () => '{"a": 1}');
    const answer = await run({ tools: [time], responseFormat: { type: 'json-schema', name: 'x', schema } });
    const matcher = createGbnfMatcher(sent().grammar!.gbnf);
    expect(matcher.matches('{"a": 1}')).toBe(true);
    expect(matcher.matches('<tool_call>{"name": "get_time", "arguments": {}}</tool_call>')).toBe(true);
    expect(answer.text).toBe('{"a": 1}');
  });

  it('names the field of a schema that is refused', async () => {
    const { run } = setup(qwenLike, () => 'x');
    const refused = run({
      responseFormat: { type: 'json-schema', name: 'x', schema: { type: 'array', uniqueItems: true } },
    });
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-schema',
      param: 'response_format.json_schema.schema',
    });
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 100_000; level++) deep = { items: deep };
    await expect(run({ responseFormat: { type: 'json-schema', name: 'x', schema: deep } })).rejects.toMatchObject({
      code: 'invalid-schema',
    });
    await expect(run({ tools: [{ name: 'x', parameters: deep }] })).rejects.toMatchObject({ code: 'invalid-tools' });
  });
});

describe('refusals', () => {
  it.each([
    [{ messages: [] }, { code: 'invalid-messages', param: 'messages' }],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', url: 'x' }] }] },
      { code: 'unsupported-content', param: 'messages[0].content[0]' },
    ],
    [
      {
        messages: [
          user('x'),
          {
            role: 'user',
            content: [
              { type: 'text', text: '' },
              { type: 'audio', data: '', format: 'wav' },
            ],
          },
        ],
      },
      { code: 'unsupported-content', param: 'messages[1].content[1]' },
    ],
    [
      { messages: [{ role: 'tool', toolCallId: '', content: 'x' }] },
      { code: 'invalid-messages', param: 'messages[0].tool_call_id' },
    ],
    [{ model: 'none' }, { code: 'model-not-found', message: 'There is no model "none" here; running: fake' }],
  ] as readonly [Partial<ChatRequest>, object][])('%j', async (request, error) => {
    await expect(setup(qwenLike, () => 'x').run(request)).rejects.toMatchObject({ name: 'TierError', ...error });
  });

  it('of the template come as it says them', async () => {
    const { run } = setup(mistralLike, () => 'x');
    await expect(run({ messages: [user('a'), user('b')] })).rejects.toMatchObject({
      code: 'invalid-messages',
      message: expect.stringContaining('conversation roles must alternate'),
    });
    await expect(setup('{% if %}', () => 'x').run({})).rejects.toMatchObject({ code: 'template-failed' });
  });

  it('of the engine pass through', async () => {
    const error = new EngineError('host-crashed', 'gone');
    const { run } = setup(qwenLike, () => ({ text: 'a b', error, errorAfterTokens: 1 }));
    await expect(run({ tools: [time] })).rejects.toBe(error);
  });
});

describe('streams', () => {
  it('report log-probabilities of the content and of nothing else', async () => {
    const { run } = setup(
      qwenLike,
      () => '<think> a b </think> c <tool_call>{"name": "get_time", "arguments": {}}</tool_call>',
    );
    const answer = await run({ tools: [time], logprobs: 1 });
    const logprobs = answer.events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []));
    expect(answer.text).toBe('c');
    expect(logprobs.map((entry) => entry.text.trim())).toEqual(['c']);
    expect(logprobs[0]!.top).toHaveLength(1);
  });

  it('hand `ignoreEos` to the engine', async () => {
    const engine = createFakeEngine({ respond: () => 'a', info: { chatTemplate: qwenLike } });
    const tier = createDeviceTier({ engines: () => new Map([['m', engine]]) });
    await read(tier.chat({ model: 'm', messages: [user('x')], ignoreEos: true }));
    expect(engine.requests.at(-1)).toMatchObject({ ignoreEos: true });
  });

  it('that are left early cancel the request in the engine', async () => {
    const engine = createFakeEngine({ respond: () => 'a b c d e', info: { chatTemplate: qwenLike } });
    const tier = createDeviceTier({ engines: () => new Map([['m', engine]]) });
    for await (const event of tier.chat({ model: 'm', messages: [user('x')] })) if (event.type === 'text') break;
    expect(engine.cancelledCount).toBe(1);
    const abort = new AbortController();
    abort.abort();
    await expect(
      read(tier.chat({ model: 'm', messages: [user('x')] }, { signal: abort.signal })),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('completions, embeddings, models', () => {
  const tierOf = (engine: FakeEngine) =>
    createDeviceTier({ engines: () => new Map([['m', engine]]), createdSeconds: 7 });

  it('a completion goes on from its prompt, echoed or not', async () => {
    const engine = createFakeEngine({ respond: () => ' world' });
    const tier = tierOf(engine);
    expect((await read(tier.complete({ model: 'm', prompt: 'Hello' }))).text).toBe(' world');
    expect((await read(tier.complete({ model: 'm', prompt: 'Hello', echo: true }))).text).toBe('Hello world');
    const tokens = await engine.tokenize('Hello there');
    expect((await read(tier.complete({ model: 'm', prompt: tokens, echo: true, ignoreEos: true }))).text).toBe(
      'Hello there world',
    );
    expect(engine.requests.at(-1)).toMatchObject({ prompt: tokens, ignoreEos: true });
  });

  it('a completion takes a grammar or a schema, not both', async () => {
    const engine = createFakeEngine({ respond: () => '{}' });
    const tier = tierOf(engine);
    await read(tier.complete({ model: 'm', prompt: 'x', grammar: 'root ::= "a"' }));
    expect(engine.requests.at(-1)?.grammar).toEqual({ gbnf: 'root ::= "a"' });
    await read(
      tier.complete({
        model: 'm',
        prompt: 'x',
        responseFormat: { type: 'json-schema', name: 's', schema: { type: 'null' } },
      }),
    );
    expect(createGbnfMatcher(engine.requests.at(-1)!.grammar!.gbnf).matches('null')).toBe(true);
    const both = tier.complete({
      model: 'm',
      prompt: 'x',
      grammar: 'root ::= "a"',
      responseFormat: { type: 'json-object' },
    });
    await expect(read(both)).rejects.toMatchObject({ code: 'unsupported', param: 'grammar' });
  });

  it('embeddings go to the engine as they are', async () => {
    const engine = createFakeEngine({ info: { embeddingOnly: true } });
    const tier = tierOf(engine);
    const result = await tier.embed({ model: 'm', inputs: ['a', [0, 1]], client: 'c' });
    expect(result.vectors).toHaveLength(2);
    expect(engine.embedRequests).toEqual([{ inputs: ['a', [0, 1]], client: 'c' }]);
    await expect(read(tier.chat({ model: 'm', messages: [user('x')] }))).rejects.toMatchObject({
      code: 'unsupported',
      param: 'model',
    });
    await expect(tier.embed({ model: 'other', inputs: ['a'] })).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it('models are listed with what they can do', () => {
    expect(tierOf(createFakeEngine({ info: { contextLength: 123 } })).models()).toEqual([
      {
        id: 'm',
        tier: 'device',
        ownedBy: 'local',
        created: 7,
        contextLength: 123,
        capabilities: { chat: true, tools: true, embeddings: true },
      },
    ]);
  });
});
