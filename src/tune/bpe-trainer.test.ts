/** The vocabulary that we train splits text as llama.cpp does, and any text comes back whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLlama } from '../llama/load-llama.js';
import { splitWords, trainBpe } from './bpe-trainer.js';
import { byteLevelAlphabet, fromByteLevel, toByteLevel } from './byte-level.js';
import { createTokenizer } from './tokenizer.js';

const sentences = [
  'set an alarm for 6:30',
  'set a timer',
  "what's the weather in new york",
  'set the volume to 40%',
  'call my mother',
];
const bpe = trainBpe(
  sentences.flatMap((sentence) => [sentence, ` ${sentence}`]),
  { size: 320 },
);
const vocabulary = {
  tokens: [...bpe.tokens, '<|begin:x|>'],
  special: new Set([bpe.tokens.length]),
  merges: bpe.merges,
  bos: bpe.tokens.length,
  eos: bpe.tokens.length,
};

describe('trainBpe', () => {
  it('splits words so that nothing is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(splitWords(text).join('')).toBe(text);
      }),
    );
  });

  it('does not depend on the order of the texts', () => {
    expect(trainBpe([...sentences].reverse(), { size: 300 })).toStrictEqual(trainBpe(sentences, { size: 300 }));
  });

  it('encodes through llama.cpp into tokens that spell the text', () => {
    const tokenizer = createTokenizer(loadLlama(), vocabulary);
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...sentences), fc.string({ unit: 'grapheme', minLength: 1 })), (text) => {
        // Strings with lone surrogates or NUL are no text.
        fc.pre(text.isWellFormed() && !text.includes('\0'));
        const ids = tokenizer.encode(text);
        expect(fromByteLevel(ids.map((id) => vocabulary.tokens[id]).join(''))).toBe(text);
      }),
    );
    expect(tokenizer.encode(' set').length).toBe(1);
    expect(tokenizer.encode('<|begin:x|>').length).toBeGreaterThan(1);
    tokenizer.free();
  });
});

describe('the byte-level alphabet', () => {
  it('has a character of its own for each byte', () => {
    expect(new Set(byteLevelAlphabet).size).toBe(256);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(text.isWellFormed());
        expect(fromByteLevel(toByteLevel(text))).toBe(text);
      }),
    );
  });
});
