/** What would break: other rooms' tests, which trust the fake to keep the Engine contract. */
import { expect, test } from 'vitest';
import type { Engine, GenerateEvent, GenerateRequest } from './engine.js';
import { EngineError } from './engine-error.js';
import { createFakeEngine } from './fake-engine.js';

const collect = async (engine: Engine, request: GenerateRequest, signal?: AbortSignal): Promise<GenerateEvent[]> => {
  const events: GenerateEvent[] = [];
  for await (const event of engine.generate(request, signal === undefined ? {} : { signal })) events.push(event);
  return events;
};
const textOf = (events: readonly GenerateEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => (error instanceof EngineError ? error.code : String(error)),
  );

test('streams the scripted answer word by word between start and end', async () => {
  const engine = createFakeEngine({ respond: (prompt) => `you said: ${prompt}` });
  const events = await collect(engine, { prompt: 'hello big world' });
  expect(textOf(events)).toBe('you said: hello big world');
  expect(events[0]).toEqual({ type: 'start', promptTokens: 3, cachedTokens: 0 });
  expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'stop', usage: { completionTokens: 5 } });
});

test('stops before a stop string that spans tokens, and at maxTokens', async () => {
  const engine = createFakeEngine({ respond: () => 'one two three four' });
  const stopped = await collect(engine, { prompt: 'p', stop: ['wo th'] });
  expect(textOf(stopped)).toBe('one t');
  expect(stopped.at(-1)).toMatchObject({ reason: 'stop-string', stop: 'wo th' });
  const short = await collect(engine, { prompt: 'p', maxTokens: 2 });
  expect(textOf(short)).toBe('one two');
  expect(short.at(-1)).toMatchObject({ reason: 'length', usage: { completionTokens: 2 } });
});

test('hides special tokens unless asked for', async () => {
  const engine = createFakeEngine({ respond: () => '<|tool|>go' });
  expect(textOf(await collect(engine, { prompt: 'p' }))).toBe('go');
  expect(textOf(await collect(engine, { prompt: 'p', renderSpecial: true }))).toBe('<|tool|>go');
});

test('counts shared prefixes inside a scope only', async () => {
  const engine = createFakeEngine();
  await collect(engine, { prompt: 'a b c d', cacheScope: 'x' });
  expect((await collect(engine, { prompt: 'a b c e', cacheScope: 'x' }))[0]).toMatchObject({ cachedTokens: 3 });
  expect((await collect(engine, { prompt: 'a b c e', cacheScope: 'y' }))[0]).toMatchObject({ cachedTokens: 0 });
});

test('queues beyond its places, refuses beyond its queue, and gives places back', async () => {
  const engine = createFakeEngine({ respond: () => 'x', firstTokenDelayMs: 20, info: { parallel: 1 }, queueLimit: 1 });
  const both = [collect(engine, { prompt: 'a' }), collect(engine, { prompt: 'b' })];
  expect(await codeOf(collect(engine, { prompt: 'c' }))).toBe('queue-full');
  await Promise.all(both);
  expect(engine.stats()).toMatchObject({ sequencesRunning: 0, sequencesQueued: 0 });
  expect(textOf(await collect(engine, { prompt: 'd' }))).toBe('x');
});

test('ends requests by signal, deadline, crash, fault and an early break', async () => {
  const engine = createFakeEngine({ respond: () => 'one two three', tokenDelayMs: 1000 });
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 5);
  expect(await codeOf(collect(engine, { prompt: 'a' }, abort.signal))).toBe('cancelled');
  expect(await codeOf(collect(engine, { prompt: 'a', deadlineMs: 5 }))).toBe('deadline');
  setTimeout(() => engine.crash(), 5);
  expect(await codeOf(collect(engine, { prompt: 'a' }))).toBe('host-crashed');
  expect(engine.stats().hostRestarts).toBe(1);
  const faulty = createFakeEngine({
    respond: () => ({ text: 'one two', error: new EngineError('decode-failed', 'broken'), errorAfterTokens: 1 }),
  });
  expect(await codeOf(collect(faulty, { prompt: 'a' }))).toBe('decode-failed');
  for await (const event of createFakeEngine().generate({ prompt: 'a' })) if (event.type === 'start') break;
  expect(engine.stats().sequencesRunning).toBe(0);
});

test('close drains, then fails what is left and what comes later', async () => {
  const engine = createFakeEngine({ respond: () => 'one two', tokenDelayMs: 20 });
  const running = collect(engine, { prompt: 'a' });
  await engine.close({ drainMs: 5000 });
  expect(textOf(await running)).toBe('one two');
  expect(await codeOf(collect(engine, { prompt: 'a' }))).toBe('shutting-down');
  const slow = createFakeEngine({ respond: () => 'one', tokenDelayMs: 60_000 });
  const stuck = codeOf(collect(slow, { prompt: 'a' }));
  await slow.close({ drainMs: 5 });
  expect(await stuck).toBe('shutting-down');
});

test('refuses prompts that do not fit and grammars that are none', async () => {
  const engine = createFakeEngine({ info: { contextLength: 3 } });
  expect(await codeOf(collect(engine, { prompt: 'a b c' }))).toBe('context-overflow');
  expect(await codeOf(collect(engine, { prompt: 'a', grammar: { gbnf: 'nonsense' } }))).toBe('invalid-grammar');
});

test('embeds each text to its own unit vector', async () => {
  const engine = createFakeEngine();
  const { vectors } = await engine.embed({ inputs: ['cat', 'dog', 'cat'] });
  expect(vectors[0]).toEqual(vectors[2]);
  expect(vectors[0]).not.toEqual(vectors[1]);
  expect(Math.hypot(...vectors[0]!)).toBeCloseTo(1, 5);
});
