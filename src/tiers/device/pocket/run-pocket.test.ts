import { describe, expect, it } from 'vitest';
import { createFakeEngine, type FakeEngine } from '../../../engine/fake-engine.js';
import type { ChatEvent, ChatRequest, ToolDefinition } from '../../tier.js';
import { createDeviceTier } from '../device-tier.js';

const text = { type: 'string' };
const tool = (name: string, args: readonly string[]): ToolDefinition => ({
  name,
  parameters: {
    type: 'object',
    properties: Object.fromEntries(args.map((arg) => [arg, text])),
    additionalProperties: false,
  },
});
const ownTools = [
  tool('set_alarm', ['time', 'day', 'label']),
  tool('set_volume', ['level']),
  tool('update_list', ['item', 'list', 'op']),
  tool('flip_coin', []),
];
const kinds = [
  ['alarm', 'set_alarm'],
  ['change_volume', 'set_volume'],
  ['shopping_list_update', 'update_list'],
  ['todo_list_update', 'update_list'],
  ['flip_coin', 'flip_coin'],
  ['news', null],
  ['email', null],
] as const;
const argumentNames = ['time', 'day', 'label', 'level', 'item', 'list', 'op'];

interface Script {
  /** Probability of each kind; the rest is shared by the others. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What the model decodes after the kind. */
  readonly arguments?: string;
}

const setup = async (
  script: Script,
  options: { calibration?: object; metadata?: Record<string, string>; contextLength?: number } = {},
) => {
  const metadata: Record<string, string> = {};
  const engine: FakeEngine = createFakeEngine({
    name: 'pocket',
    info: { metadata, contextLength: options.contextLength ?? 512 },
    respond: (_, request) => {
      if (request.firstTokenLogprobsOf === undefined) return script.arguments ?? '';
      const given = Object.values(script.kinds).reduce((a, b) => a + b, 0);
      const rest = (1 - given) / Math.max(1, kinds.length - Object.keys(script.kinds).length);
      return {
        text: '<|kind|>',
        firstTokenLogprobs: kinds.map(([name]) => Math.log(script.kinds[name] ?? Math.max(rest, 1e-9))),
      };
    },
  });
  const id = async (piece: string): Promise<number> => (await engine.tokenize(piece))[0]!;
  const ids = async (pieces: readonly string[]): Promise<number[]> => {
    const found: number[] = [];
    for (const piece of pieces) found.push(await id(piece));
    return found;
  };
  const kindTokens = await ids(kinds.map(([name]) => `<|${name}|>`));
  const argumentTokens = await ids(argumentNames.map((name) => `<|${name}=|>`));
  Object.assign(metadata, {
    'spillway.pocket.version': '1',
    'spillway.pocket.tools': JSON.stringify(ownTools),
    'spillway.pocket.kinds': JSON.stringify(
      kinds.map(([name, toolName], index) => [name, toolName, kindTokens[index]]),
    ),
    'spillway.pocket.arguments': JSON.stringify(
      Object.fromEntries(argumentNames.map((name, index) => [name, argumentTokens[index]])),
    ),
    'spillway.pocket.end': JSON.stringify(await id('<|end|>')),
    'spillway.pocket.prompt': JSON.stringify({
      before: [await id('<|start|>')],
      prefix: ' ',
      after: [await id('<|call|>')],
    }),
    ...(options.calibration === undefined
      ? {}
      : { 'spillway.pocket.calibration': JSON.stringify(options.calibration) }),
    ...options.metadata,
  });
  const tier = createDeviceTier({
    engines: () => new Map([['pocket', engine]]),
    randomHex: (length) => '0'.repeat(length),
  });
  const run = async (request: Partial<ChatRequest> & { say?: string }) => {
    const { say = 'x', ...rest } = request;
    const events: ChatEvent[] = [];
    for await (const event of tier.chat({ model: 'pocket', messages: [{ role: 'user', content: say }], ...rest }))
      events.push(event);
    const end = events.at(-1) as Extract<ChatEvent, { type: 'end' }>;
    const call = events.find((event) => event.type === 'tool-call');
    const args = events.flatMap((event) => (event.type === 'tool-call' ? [event.argumentsDelta] : [])).join('');
    return {
      events,
      end,
      name: call?.type === 'tool-call' ? call.name : undefined,
      args: args === '' ? undefined : (JSON.parse(args) as unknown),
    };
  };
  return { engine, tier, run, id, argumentTokens, kindTokens };
};

describe('the embedded model', () => {
  it('turns words into a call of its own tools, in two steps', async () => {
    const { run, engine, id, kindTokens, argumentTokens } = await setup({
      kinds: { alarm: 0.9 },
      arguments: '<|time=|> 06:30<|day=|> tomorrow<|end|>',
    });
    const { name, args, end, events } = await run({ say: 'Wake me at 6:30 Tomorrow!' });
    expect([name, args]).toEqual(['set_alarm', { time: '06:30', day: 'Tomorrow' }]);
    expect(end).toMatchObject({ reason: 'tool-calls', overflow: false });
    expect(end.confidence).toBeCloseTo(0.9, 6);
    expect(events[0]).toMatchObject({ type: 'start' });
    expect(events[1]).toMatchObject({ type: 'tool-call', id: `call_${'0'.repeat(24)}`, argumentsDelta: '' });
    const [first, second] = engine.requests;
    const words = await engine.tokenize(' wake me at 6:30 tomorrow');
    const prompt = [await id('<|start|>'), ...words, await id('<|call|>')];
    expect(first).toMatchObject({
      prompt,
      maxTokens: 1,
      firstTokenLogprobsOf: kindTokens,
      sampling: { temperature: 0 },
    });
    expect(second).toMatchObject({ prompt: [...prompt, kindTokens[0]], renderSpecial: true });
    const forbidden = new Map(second!.sampling!.logitBias);
    expect(forbidden.get(argumentTokens[3]!)).toBe(Number.NEGATIVE_INFINITY);
    expect(forbidden.get(kindTokens[1]!)).toBe(Number.NEGATIVE_INFINITY);
    expect(forbidden.has(argumentTokens[0]!)).toBe(false);
    expect(forbidden.has(await id('<|end|>'))).toBe(false);
  });

  it('adds up the kinds of one tool and goes on with the likelier', async () => {
    const { run, engine, kindTokens } = await setup({
      kinds: { shopping_list_update: 0.3, todo_list_update: 0.35, news: 0.35 },
      arguments: '<|item=|> milk<|end|>',
    });
    const { name, end } = await run({ say: 'milk' });
    expect(name).toBe('update_list');
    expect(end.confidence).toBeCloseTo(0.65, 6);
    expect((engine.requests[1]!.prompt as number[]).at(-1)).toBe(kindTokens[3]);
  });

  it('hands over what is not for the device, and what is not sure enough', async () => {
    const news = await (await setup({ kinds: { news: 0.5, email: 0.4 } })).run({});
    expect(news.events.map((event) => event.type)).toEqual(['start', 'end']);
    expect(news.end).toMatchObject({ reason: 'stop', overflow: true });
    expect(news.end.confidence).toBeCloseTo(0.9, 6);
    const calibration = { temperature: 1, threshold: 0.7 };
    const unsure = await (await setup({ kinds: { alarm: 0.6 } }, { calibration })).run({});
    expect(unsure.end.overflow).toBe(true);
    const hot = await (
      await setup({ kinds: { alarm: 0.6 } }, { calibration: { temperature: 0.5, threshold: 0.7 } })
    ).run({});
    expect(hot.name).toBe('set_alarm');
  });

  it('calls only tools that are offered, unless it must', async () => {
    const script = { kinds: { alarm: 0.7, change_volume: 0.2 }, arguments: '<|level=|> up' };
    const volume = tool('set_volume', ['level']);
    expect((await (await setup(script)).run({ tools: [volume] })).end).toMatchObject({ overflow: true });
    const forced = await (await setup(script)).run({ tools: [volume], toolChoice: 'required' });
    expect([forced.name, forced.args]).toEqual(['set_volume', { level: 'up' }]);
    expect((await (await setup(script)).run({ toolChoice: { name: 'set_volume' } })).name).toBe('set_volume');
    expect((await (await setup(script)).run({ toolChoice: 'none' })).end).toMatchObject({ overflow: true });
    expect((await (await setup(script)).run({ tools: [{ name: 'unknown' }] })).end).toMatchObject({ overflow: true });
    await expect(
      (await setup(script)).run({ tools: [{ name: 'unknown' }], toolChoice: 'required' }),
    ).rejects.toMatchObject({ code: 'invalid-tools' });
  });

  it('needs no second step for a tool without arguments', async () => {
    const { run, engine } = await setup({ kinds: { flip_coin: 0.99 } });
    expect(await run({})).toMatchObject({ name: 'flip_coin', args: {}, end: { reason: 'tool-calls' } });
    expect(engine.requests).toHaveLength(1);
  });

  it('gives values in the spelling of the person, except the words of the tools', async () => {
    const say = 'Put  “Crème Fraîche” and AND on the Shopping List ＡＤＤ';
    const { run } = await setup({
      kinds: { todo_list_update: 1 },
      arguments: '<|item=|> crème fraîche<|list=|> shopping<|op=|> add<|end|>',
    });
    expect((await run({ say })).args).toEqual({ item: 'Crème Fraîche', list: 'shopping', op: 'add' });
  });

  it('converts values to the schema offered and drops what does not fit', async () => {
    const script = { kinds: { alarm: 1 }, arguments: '<|time=|> 7<|day=|> Monday<|label=|> x<|time=|> 8<|end|>' };
    const offered = {
      name: 'set_alarm',
      parameters: { type: 'object', properties: { time: { type: 'integer' }, day: { enum: ['monday', 'friday'] } } },
    };
    expect((await (await setup(script)).run({ tools: [offered] })).args).toEqual({ time: 7, day: 'monday' });
    const bare = await (await setup(script)).run({ tools: [{ name: 'set_alarm' }] });
    expect(bare.args).toEqual({});
  });

  it('reads the last user message only, and hands over where the last message is no user', async () => {
    const { run, engine } = await setup({ kinds: { flip_coin: 1 } });
    await run({
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: [{ type: 'text', text: 'Toss' }] },
      ],
    });
    expect(await engine.detokenize(engine.requests[0]!.prompt as number[])).toBe(' toss');
    const after = await run({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'tool', toolCallId: '1', content: 'heads' },
      ],
    });
    expect(after.end).toMatchObject({ overflow: true, reason: 'stop' });
    expect((await run({ say: ' ?! ' })).end).toMatchObject({ overflow: true });
    expect(engine.requests).toHaveLength(1);
  });

  it('hands over texts that do not fit its context', async () => {
    const { run, engine } = await setup({ kinds: { alarm: 1 } }, { contextLength: 128 });
    expect((await run({ say: 'word '.repeat(100) })).end).toMatchObject({
      overflow: true,
      usage: { promptTokens: 102 },
    });
    expect((await run({ say: 'word '.repeat(100_000) })).end).toMatchObject({ overflow: true });
    expect(engine.requests).toHaveLength(0);
  });

  it('hands over requests for JSON, which it cannot write', async () => {
    const { run } = await setup({ kinds: { alarm: 1 } });
    expect((await run({ responseFormat: { type: 'json-object' } })).end.overflow).toBe(true);
  });

  it.each([
    [{ 'spillway.pocket.version': '9' }, /version 9, supported is 1/],
    [{ 'spillway.pocket.kinds': '[["a", null]]' }, /spillway.pocket.kinds are missing or broken/],
    [{ 'spillway.pocket.tools': '{' }, /spillway.pocket.tools/],
    [{ 'spillway.pocket.calibration': '{"temperature": 0}' }, /spillway.pocket.calibration/],
  ])('refuses a file whose metadata are broken: %j', async (metadata, message) => {
    const { run } = await setup({ kinds: {} }, { metadata });
    await expect(run({})).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(message) });
  });

  it('is listed as a model of its own, without embeddings', async () => {
    const { tier } = await setup({ kinds: {} });
    expect(tier.models()).toMatchObject([
      { id: 'pocket', ownedBy: 'spillway', capabilities: { chat: true, tools: true, embeddings: false } },
    ]);
  });
});
