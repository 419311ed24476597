import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextChunkTemplate, type TextChunkTemplate } from './text-chunk-template.js';

const chunkOf = (content: string, fields: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { role: 'assistant', content }, logprobs: null, finish_reason: null }],
  ...fields,
});
/** As often as it takes until it listens. */
const teach = (template: TextChunkTemplate, data: string): void => {
  for (let count = 0; count < 4; count++) template.learn(data, JSON.parse(data));
};
const learnt = (chunk: object) => {
  const template = createTextChunkTemplate('chat');
  teach(template, JSON.stringify(chunk));
  return template;
};
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('"', '\\', '","content":"x', '\n', '\ud83c'),
);

describe('createTextChunkTemplate', () => {
  it('reads from every chunk that it matches what JSON.parse reads from it', () => {
    fc.assert(
      fc.property(anyText, anyText, (first, second) => {
        const template = learnt(chunkOf(first));
        expect(template.match(JSON.stringify(chunkOf(second)))).toBe(JSON.parse(JSON.stringify(second)));
      }),
      { numRuns: 500 },
    );
  });

  it('matches no data that JSON.parse reads otherwise, however the text between is chosen', () => {
    const template = learnt(chunkOf('@@'));
    const [before, after] = JSON.stringify(chunkOf('@@')).split('@@') as [string, string];
    const piece = fc.constantFrom(
      '"',
      '\\',
      '\\"',
      ',',
      ':',
      '{',
      '}',
      '"content":"',
      'x',
      '\\u00e9',
      '\\u',
      '\t',
      '日',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const data = before + pieces.join('') + after;
        const text = template.match(data);
        if (text === null) return;
        expect(JSON.parse(data)).toEqual(chunkOf(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not match a chunk that differs in anything else', () => {
    const template = learnt(chunkOf('x'));
    expect(template.match(JSON.stringify(chunkOf('x', { id: 'chatcmpl-2' })))).toBeNull();
    expect(template.match(JSON.stringify(chunkOf('x', { usage: {} })))).toBeNull();
    expect(template.match('{}')).toBeNull();
    expect(template.match('')).toBeNull();
  });

  it('finds the text among others of its name, and learns nothing where it is not', () => {
    const decoy = chunkOf('x', { note: { content: 'x' }, first: '"content":"x"' });
    expect(
      learnt(decoy).match(JSON.stringify(decoy).replace('"assistant","content":"x"', '"assistant","content":"y"')),
    ).toBe('y');
    const template = createTextChunkTemplate('chat');
    teach(template, '{"choices":[{"text":"x"}]}');
    expect(template.match('{"choices":[{"text":"x"}]}')).toBeNull();
  });

  it('stops to learn where each chunk is another', () => {
    const template = createTextChunkTemplate('chat');
    const padded = (padding: number): string => JSON.stringify(chunkOf('x', { obfuscation: 'y'.repeat(padding) }));
    for (let count = 0; count < 100; count++) template.learn(padded(count), JSON.parse(padded(count)));
    expect(template.match(padded(99))).toBeNull();
  });

  it('reads both spellings of JSON, and the text of completions', () => {
    const spaced = '{"choices": [{"index": 0, "text": "a"}]}';
    const template = createTextChunkTemplate('completion');
    teach(template, spaced);
    expect(template.match(spaced.replace('"a"', '"b\\n"'))).toBe('b\n');
  });
});
