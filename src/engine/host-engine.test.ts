/** What would break: answers of a real model through a real host process. The model is tiny and its weights random. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyShape, writeRandomModel } from '../tune/random-model.js';
import type { GenerateRequest, GrammarConstraint } from './engine.js';
import { createHostEngine, type HostEngine } from './host-engine.js';
import { answer, codeOf, until, words } from './host-engine.test-kit.js';

let folder: string;
let engine: HostEngine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-engine-'));
  const modelPath = join(folder, 'tiny.gguf');
  writeRandomModel(modelPath, tinyShape, { type: 'Q8_0', seed: 11 });
  engine = await createHostEngine({
    name: 'tiny',
    modelPath,
    parallel: 4,
    contextLength: 2048,
    threads: 1,
    queueLimit: 8,
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const exactly = (gbnf: string): GrammarConstraint => ({ gbnf: `root ::= ${gbnf}` });
const quoted = (text: string): string => JSON.stringify(text);

test('tells what it loaded', () => {
  expect(engine.info).toMatchObject({
    name: 'tiny',
    architecture: 'llama',
    contextLength: 2048,
    trainedContextLength: 2048,
    vocabularySize: 512,
    embeddingLength: 64,
    parallel: 4,
    embeddingOnly: false,
    eosToken: '<|im_end|>',
  });
  expect(engine.info.chatTemplate).toContain('im_start');
  expect(engine.info.metadata['llama.block_count']).toBe('2');
});

test('tokenizes and back, special tokens only when asked', async () => {
  const text = 'the "quick" 😀 fox';
  expect(await engine.detokenize(await engine.tokenize(text))).toBe(text);
  expect(await engine.tokenize('<|im_end|>', { parseSpecial: true })).toEqual([511]);
  expect((await engine.tokenize('<|im_end|>')).length).toBeGreaterThan(1);
});

test('refuses megabytes of prompt by their beginning', async () => {
  await expect(answer(engine, { prompt: 'never ending '.repeat(1_000_000) })).rejects.toMatchObject({
    code: 'context-overflow',
    message: expect.stringContaining('its first'),
  });
});

describe('an answer', () => {
  test('comes as start, text, end with its counts', async () => {
    const { events, end, tokens } = await answer(engine, {
      prompt: 'hello',
      maxTokens: 7,
      sampling: { temperature: 0 },
      ignoreEos: true,
    });
    expect(events[0]).toMatchObject({ type: 'start', promptTokens: 5 });
    expect(tokens).toHaveLength(7);
    expect(end).toMatchObject({ type: 'end', reason: 'length', usage: { promptTokens: 5, completionTokens: 7 } });
    expect(end.timings.queueMs).toBeGreaterThanOrEqual(0);
    expect(end.timings.ttftMs).toBeGreaterThanOrEqual(end.timings.queueMs);
    expect(end.timings.totalMs).toBeGreaterThanOrEqual(end.timings.ttftMs);
  });

  test('may be of no token at all', async () => {
    const { events, end } = await answer(engine, { prompt: 'hello', maxTokens: 0, firstTokenLogprobsOf: [1, 2] });
    expect(events.map(({ type }) => type)).toEqual(['start', 'first-token-logprobs', 'end']);
    expect(end.usage.completionTokens).toBe(0);
  });

  test('ends at the end of the context when nothing else ends it', async () => {
    const { end } = await answer(engine, { prompt: words(640), ignoreEos: true, sampling: { temperature: 0 } });
    expect(end.reason).toBe('length');
    expect(end.usage.promptTokens + end.usage.completionTokens).toBe(2048);
  });

  test('never splits a character, though each byte is a token here', async () => {
    const text = 'é😀漢字a😀';
    const { events, text: got, end } = await answer(engine, { prompt: 'x', grammar: exactly(quoted(text)) });
    expect(got).toBe(text);
    for (const event of events) if (event.type === 'text') expect(event.text).not.toContain('\ufffd');
    expect(end).toMatchObject({
      reason: 'stop',
      usage: { completionTokens: (await engine.tokenize(text)).length + 1 },
    });
  });

  test('stops before a stop string that spans tokens, and emits none of it', async () => {
    const { text, end } = await answer(engine, {
      prompt: 'x',
      grammar: exactly(quoted('one two three')),
      stop: ['wo th', 'never'],
    });
    expect(text).toBe('one t');
    expect(end).toMatchObject({ reason: 'stop-string', stop: 'wo th' });
  });

  test('lets out what only looked like a stop string', async () => {
    const { text, end } = await answer(engine, { prompt: 'x', grammar: exactly(quoted('one two')), stop: ['two!'] });
    expect(text).toBe('one two');
    expect(end.reason).toBe('stop');
  });

  test('hides special tokens unless asked to show them', async () => {
    const special = { prompt: 'x', grammar: exactly(quoted('a<|im_start|>b')), sampling: { temperature: 0 } };
    // The grammar is of characters: the model may spell the opener or use its token.
    const favoured = { ...special, sampling: { temperature: 0, logitBias: [[510, 50]] as const } };
    expect((await answer(engine, favoured)).text).toBe('ab');
    expect((await answer(engine, { ...favoured, renderSpecial: true })).text).toBe('a<|im_start|>b');
  });

  test('reports log-probabilities that belong to its tokens and add up', async () => {
    const { events, tokens } = await answer(engine, {
      prompt: 'x',
      maxTokens: 5,
      logprobs: 20,
      ignoreEos: true,
      sampling: { temperature: 1.5, seed: 1 },
    });
    const logprobs = events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []));
    expect(logprobs.map(({ token }) => token)).toEqual(tokens);
    for (const { top, logprob, bytes } of logprobs) {
      expect(top).toHaveLength(20);
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).sort((a, b) => b - a));
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1);
      expect(logprob).toBeLessThan(0);
      expect(bytes.length).toBeGreaterThan(0);
    }
  });

  test('tells the odds of given tokens at its first position', async () => {
    const all = Array.from({ length: 512 }, (_, token) => token);
    const { events } = await answer(engine, { prompt: 'x', maxTokens: 1, firstTokenLogprobsOf: all });
    const first = events.find((event) => event.type === 'first-token-logprobs');
    expect(first?.logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 4);
    expect(events.indexOf(first!)).toBe(1);
  });
});

describe('a grammar', () => {
  test('holds for every answer, at any temperature', async () => {
    const grammar = {
      gbnf: 'root ::= "{" pair ("," pair)* "}"\npair ::= "\\"" [a-z]+ "\\":" ("true" | "false" | [1-9] [0-9]?)',
    };
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((seed) =>
        answer(engine, { prompt: 'x', grammar, maxTokens: 200, sampling: { temperature: 2, topK: 0, seed } }),
      ),
    );
    for (const { text, end } of answers)
      if (end.reason === 'stop') expect(() => JSON.parse(text)).not.toThrow();
      else expect(text).toMatch(/^\{"[a-z]/);
  });

  test('sleeps until its trigger, also when the trigger starts inside a token', async () => {
    // " the" is one token; the trigger is its end.
    const the = (await engine.tokenize(' the'))[0]!;
    const grammar = { gbnf: 'root ::= "he=" [0-9] [0-9]', lazyTriggers: ['he'] };
    const { text, end } = await answer(engine, {
      prompt: 'x',
      grammar,
      sampling: { temperature: 0, logitBias: [[the, 100]] },
      maxTokens: 30,
    });
    expect(text).toMatch(/^ the=\d\d$/);
    expect(end.reason).toBe('stop');
  });

  test('keeps a token away that would wake it with a text that it forbids', async () => {
    const the = (await engine.tokenize(' the'))[0]!;
    const { text } = await answer(engine, {
      prompt: 'x',
      grammar: { gbnf: 'root ::= "hat"', lazyTriggers: ['h'] },
      sampling: { temperature: 0, logitBias: [[the, 100]] },
      maxTokens: 10,
      ignoreEos: true,
    });
    expect(text).not.toContain('the');
  });

  test('that cannot be read is an error of its own', async () => {
    expect(await codeOf(answer(engine, { prompt: 'x', grammar: { gbnf: 'root ::= (' } }))).toBe('invalid-grammar');
    expect(await codeOf(answer(engine, { prompt: 'x', grammar: { gbnf: 'other ::= "a"' } }))).toBe('invalid-grammar');
    expect(await codeOf(answer(engine, { prompt: 'x', grammar: { gbnf: 'root ::= root "a"' } }))).toBe(
      'invalid-grammar',
    );
    expect(await codeOf(answer(engine, { prompt: 'x', grammar: { gbnf: ' ' } }))).toBe('invalid-grammar');
  });
});

/** Does so many things at once beside what is asked about. */
const neighbours = (beside: HostEngine, count: number): Promise<unknown>[] =>
  Array.from({ length: count }, (_, index) =>
    answer(beside, { prompt: words(40 + 90 * index, `n${index}`), maxTokens: 60, ignoreEos: true }),
  );

/** The same seed gives the same tokens alone, with neighbours, and from the cache; another seed gives others. */
const expectSeededAnswersToRepeat = async (on: HostEngine): Promise<void> => {
  // 8-bit weights on the CPU: ggml computes a row the same whatever the batch. Prompts pass the lengths at which its
  // attention changes its order of summing (64 rows, 256 cells).
  for (const length of [3, 40, 250]) {
    const request: GenerateRequest = {
      prompt: words(length, `s${length}`),
      maxTokens: 40,
      ignoreEos: true,
      sampling: { temperature: 1.2, seed: 99 },
      cacheScope: `seeded-${length}`,
    };
    const alone = await answer(on, request);
    const beside = neighbours(on, 3);
    const crowded = await answer(on, { ...request, cacheScope: `other-${length}` });
    await Promise.all(beside);
    const cached = await answer(on, request);
    expect(crowded.tokens).toEqual(alone.tokens);
    expect(cached.tokens).toEqual(alone.tokens);
    if (length > 3) expect(cached.cachedTokens).toBeGreaterThan(length);
    expect((await answer(on, { ...request, sampling: { temperature: 1.2, seed: 100 } })).tokens).not.toEqual(
      alone.tokens,
    );
  }
};

describe('what runs beside it', () => {
  test('does not change a seeded answer: prompts short and long, alone, with neighbours, from the cache', async () => {
    await expectSeededAnswersToRepeat(engine);
  });

  test('does not change a seeded answer where many streams make the engine choose flash attention', async () => {
    const modelPath = join(folder, 'wide-heads.gguf');
    writeRandomModel(modelPath, { ...tinyShape, embeddingLength: 256 }, { type: 'Q8_0', seed: 12 });
    const wide = await createHostEngine({ name: 'wide', modelPath, parallel: 8, contextLength: 2048, threads: 1 });
    try {
      await expectSeededAnswersToRepeat(wide);
    } finally {
      await wide.close();
    }
  });

  test('does not change a greedy answer to a short prompt either', async () => {
    const request: GenerateRequest = {
      prompt: words(10, 'g'),
      maxTokens: 30,
      ignoreEos: true,
      sampling: { temperature: 0 },
    };
    const alone = await answer(engine, request);
    const beside = neighbours(engine, 3);
    expect((await answer(engine, { ...request, cacheScope: 'g2' })).tokens).toEqual(alone.tokens);
    await Promise.all(beside);
  });

  test('shares a prefix: computed once, taken over by later and by simultaneous requests', async () => {
    const prompt = words(120, 'p');
    const first = await answer(engine, { prompt, maxTokens: 2, ignoreEos: true });
    expect(first.cachedTokens).toBe(0);
    const longer = await answer(engine, { prompt: `${prompt} and more`, maxTokens: 2, ignoreEos: true });
    expect(longer.cachedTokens).toBeGreaterThanOrEqual(first.end.usage.promptTokens - 1);
    const forks = await Promise.all(
      [1, 2, 3].map((seed) => answer(engine, { prompt: words(150, 'f'), maxTokens: 4, sampling: { seed } })),
    );
    const { promptTokens } = forks[0]!.end.usage;
    expect(forks.map(({ cachedTokens }) => cachedTokens).sort((a, b) => a - b)).toEqual([
      0,
      promptTokens - 1,
      promptTokens - 1,
    ]);
    const elsewhere = await answer(engine, { prompt, maxTokens: 1, cacheScope: 'elsewhere' });
    expect(elsewhere.cachedTokens).toBe(0);
  });
});

describe('the end of a request', () => {
  const endless: GenerateRequest = { prompt: 'x', ignoreEos: true, maxTokens: 2000, sampling: { temperature: 0 } };
  const idle = (): boolean => engine.stats().sequencesRunning === 0 && engine.stats().sequencesQueued === 0;

  test('by its signal is at once, and frees its place', async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of engine.generate(endless, { signal: controller.signal })) {
        seen.push(event.type);
        if (seen.length === 5) controller.abort();
      }
    })();
    expect(await codeOf(reading)).toBe('cancelled');
    expect(seen).toHaveLength(5);
    await answer(engine, { prompt: 'y', maxTokens: 1 });
    await until(idle);
    const early = new AbortController();
    early.abort();
    expect(await codeOf(answer(engine, endless, early.signal))).toBe('cancelled');
  });

  test('by leaving the iterator frees its place', async () => {
    for await (const event of engine.generate(endless)) if (event.type === 'text') break;
    await answer(engine, { prompt: 'y', maxTokens: 1 });
    await until(idle);
  });

  test('by its deadline, running or waiting', async () => {
    const running = Array.from({ length: 4 }, () => codeOf(answer(engine, { ...endless, deadlineMs: 60 })));
    const waiting = codeOf(answer(engine, { ...endless, deadlineMs: 30 }));
    expect(await waiting).toBe('deadline');
    expect(await Promise.all(running)).toEqual(['deadline', 'deadline', 'deadline', 'deadline']);
    await answer(engine, { prompt: 'y', maxTokens: 1 });
    expect(idle()).toBe(true);
  });

  test('comes before it starts when the queue is full', async () => {
    const controller = new AbortController();
    const codes = Array.from({ length: 16 }, () => codeOf(answer(engine, endless, controller.signal)));
    expect(await Promise.race(codes)).toBe('queue-full');
    controller.abort();
    const ended = await Promise.all(codes);
    expect(ended.every((code) => code === 'queue-full' || code === 'cancelled')).toBe(true);
    await until(idle);
  });
});

test('refuses what cannot be run, saying why', async () => {
  const refused = async (request: Partial<GenerateRequest>): Promise<string> =>
    codeOf(answer(engine, { prompt: 'x', maxTokens: 1, ...request }));
  expect(await refused({ prompt: words(1500) })).toBe('context-overflow');
  expect(await refused({ prompt: '' })).toBe('invalid-request');
  expect(await refused({ prompt: [512] })).toBe('invalid-request');
  expect(await refused({ prompt: [-1] })).toBe('invalid-request');
  expect(await refused({ maxTokens: -1 })).toBe('invalid-request');
  expect(await refused({ logprobs: 21 })).toBe('invalid-request');
  expect(await refused({ deadlineMs: 0 })).toBe('invalid-request');
  expect(await refused({ sampling: { temperature: Number.NaN } })).toBe('invalid-request');
  expect(await refused({ sampling: { temperature: -1 } })).toBe('invalid-request');
  expect(await refused({ sampling: { topP: 1.5 } })).toBe('invalid-request');
  expect(await refused({ sampling: { seed: 0.5 } })).toBe('invalid-request');
  expect(await refused({ sampling: { logitBias: [[1, Number.NaN]] } })).toBe('invalid-request');
  // A bias for a token that does not exist changes nothing.
  expect(await refused({ sampling: { logitBias: [[9999, -Infinity]] } })).toBe('none');
});

describe('embeddings', () => {
  test('are unit vectors, the same for the same text, whatever its length', async () => {
    const { vectors, promptTokens } = await engine.embed({ inputs: ['cat', words(200), 'cat', [1, 2, 3]] });
    for (const vector of vectors) {
      expect(vector).toHaveLength(64);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    }
    expect(vectors[0]).toEqual(vectors[2]);
    expect(vectors[0]).not.toEqual(vectors[1]);
    expect(promptTokens).toBeGreaterThan(200);
  });

  test('come while answers run, and can be cancelled', async () => {
    const running = answer(engine, { prompt: 'x', maxTokens: 300, ignoreEos: true });
    const controller = new AbortController();
    const cancelled = codeOf(
      engine.embed(
        { inputs: Array.from({ length: 50 }, (_, index) => words(300, `${index}`)) },
        { signal: controller.signal },
      ),
    );
    controller.abort();
    expect(await cancelled).toBe('cancelled');
    expect((await engine.embed({ inputs: ['dog'] })).vectors).toHaveLength(1);
    expect((await running).tokens).toHaveLength(300);
  });

  test('refuse what cannot be embedded', async () => {
    expect(await codeOf(engine.embed({ inputs: ['fine', ''] }))).toBe('invalid-request');
    expect(await codeOf(engine.embed({ inputs: [words(1500)] }))).toBe('context-overflow');
    expect(await codeOf(engine.embed({ inputs: [[100_000]] }))).toBe('invalid-request');
  });
});
