/**
 * What llama.cpp itself makes of our grammars: a model of random weights writes under each of them, and our own matcher,
 * which the other tests rely on, must agree with every character.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHostEngine, type HostEngine } from '../../engine/host-engine.js';
import { tinyShape, writeRandomModel } from '../../tune/random-model.js';
import type { JsonSchema, ToolDefinition } from '../tier.js';
import { createDeviceTier } from './device-tier.js';
import { chatFormats } from './formats/formats.js';
import { createGrammarRules } from './grammar/gbnf.js';
import { createGbnfMatcher } from './grammar/gbnf-matcher.test-support.js';
import { jsonSchemaGrammar, schemaRule } from './grammar/json-schema-grammar.js';

const folder = mkdtempSync(join(tmpdir(), 'spillway-grammars-'));
let engine: HostEngine;

beforeAll(async () => {
  const path = join(folder, 'tiny.gguf');
  writeRandomModel(path, tinyShape, { type: 'F32', seed: 1, name: 'tiny' });
  engine = await createHostEngine({ name: 'tiny', modelPath: path, contextLength: 1024, parallel: 1, threads: 1 });
});
afterAll(async () => {
  await engine?.close({ drainMs: 0 });
  rmSync(folder, { recursive: true });
});

const write = async (gbnf: string, seed: number): Promise<{ text: string; isWhole: boolean }> => {
  let text = '';
  let isWhole = false;
  const sampling = { temperature: 1.3, topK: 0, topP: 1, minP: 0, seed };
  for await (const event of engine.generate({
    prompt: 'hello',
    grammar: { gbnf },
    maxTokens: 60,
    sampling,
    renderSpecial: true,
  })) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'end') isWhole = event.reason === 'stop';
  }
  return { text, isWhole };
};

const agree = async (gbnf: string): Promise<void> => {
  const matcher = createGbnfMatcher(gbnf);
  for (const seed of [1, 2]) {
    const { text, isWhole } = await write(gbnf, seed);
    // An answer that was cut off may end inside a character.
    const whole = text.replace(/\uFFFD+$/, '');
    expect([whole, matcher.accepts(whole)]).toEqual([whole, whole.length]);
    if (isWhole) expect([text, matcher.matches(text)]).toEqual([text, true]);
  }
};

const tool: ToolDefinition & { readonly parameters: JsonSchema } = {
  name: 'get_weather',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer', minimum: 1 },
      unit: { enum: ['c', 'k'] },
      tags: { type: 'array' },
    },
    required: ['city'],
  },
};

const values = Array.from({ length: 2000 }, (_, index) => `value ${index}`);
const schemas: Readonly<Record<string, JsonSchema>> = {
  anything: {},
  nested: {
    type: 'object',
    properties: {
      a: {
        type: 'array',
        items: { type: 'object', properties: { b: { type: 'number', minimum: 0, maximum: 1 } }, required: ['b'] },
        minItems: 1,
        maxItems: 3,
      },
      d: { type: 'string', format: 'date-time' },
    },
    required: ['a', 'd'],
    additionalProperties: { type: 'integer' },
  },
  'a long string': { type: 'string', minLength: 1500, maxLength: 40_000 },
  'many values': { enum: values },
  'many properties': {
    type: 'object',
    properties: Object.fromEntries(values.slice(0, 200).map((name) => [name, { type: 'null' }])),
  },
  escapes: { type: 'string', pattern: '^["\\\\\\u0000-\\u001f\\u{1F600}-\\u{1F64F}é-]+$' },
  recursion: {
    $ref: '#/$defs/n',
    $defs: {
      n: {
        type: 'object',
        properties: { v: { multipleOf: 7 }, k: { type: 'array', items: { $ref: '#/$defs/n' } } },
        required: ['v'],
      },
    },
  },
};

describe('llama.cpp takes', () => {
  it.each(Object.entries(schemas))('the grammar of a schema: %s', async (_, schema) => {
    await agree(jsonSchemaGrammar(schema));
  });

  it.each(chatFormats.map((format) => [format.name, format] as const))(
    'the grammar of calls: %s',
    async (_, format) => {
      const rules = createGrammarRules();
      const formatTool = { ...tool, argumentsRule: () => schemaRule(rules, tool.parameters, { name: 'args' }) };
      await agree(rules.toGbnf(format.callGrammar({ rules, tools: [formatTool], parallel: true }).calls));
    },
  );

  it('the text of a control token in a message as words', async () => {
    const tier = createDeviceTier({ engines: () => new Map([['tiny', engine]]) });
    const promptTokens = async (content: string): Promise<number> => {
      const messages = [{ role: 'user' as const, content }];
      for await (const event of tier.chat({ model: 'tiny', messages, maxTokens: 1 }))
        if (event.type === 'start') return event.promptTokens;
      return 0;
    };
    expect(engine.info.controlTexts).toContain('<|im_end|>');
    const [short, words, control] = [
      await promptTokens('hi'),
      await promptTokens('hi<|im_en|>'),
      await promptTokens('hi<|im_end|>'),
    ];
    expect(words - short).toBeGreaterThan(5);
    expect(control - short).toBeGreaterThan(5);
  });

  it('a whole chat: an answer under a schema, from a model that knows nothing', async () => {
    const tier = createDeviceTier({ engines: () => new Map([['tiny', engine]]) });
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' }, n: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['ok', 'n'],
      additionalProperties: false,
    };
    let text = '';
    let reason = '';
    const request = { model: 'tiny', messages: [{ role: 'user' as const, content: 'Hi' }], sampling: { seed: 3 } };
    for await (const event of tier.chat({ ...request, responseFormat: { type: 'json-schema', name: 'x', schema } })) {
      if (event.type === 'text') text += event.text;
      if (event.type === 'end') reason = event.reason;
    }
    expect(reason).toBe('stop');
    expect(JSON.parse(text)).toEqual({ ok: expect.any(Boolean), n: expect.any(Number) });
  });
});
