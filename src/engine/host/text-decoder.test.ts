/** What would break: a character split across chunks, text lost or changed by where the bytes were cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIncrementalDecoder } from './text-decoder.js';

const cut = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const at = [...new Set([0, ...cuts.map((one) => one % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index]!, end));
};

test('any cut of any text gives the text, and no piece holds half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.array(fc.nat(), { maxLength: 10 }), (text, cuts) => {
      const decoder = createIncrementalDecoder();
      const pieces = cut(Buffer.from(text), cuts).map((bytes) => decoder.push(bytes));
      for (const piece of pieces) expect(piece).not.toContain('\ufffd');
      expect(pieces.join('') + decoder.flush()).toBe(text);
    }),
  );
});

test('invalid bytes decode as they would all at once', () => {
  const bytes = fc.uint8Array({ maxLength: 12 }).map((array) => array.map((byte) => (byte < 100 ? byte : byte | 0x80)));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), (all, cuts) => {
      const decoder = createIncrementalDecoder();
      const text = cut(all, cuts)
        .map((part) => decoder.push(part))
        .join('');
      expect(text + decoder.flush()).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(all));
    }),
    { numRuns: 500 },
  );
});

test('holds an unfinished character and shows it as U+FFFD at the end', () => {
  const decoder = createIncrementalDecoder();
  expect(decoder.push(Uint8Array.of(0x61, 0xf0, 0x9f))).toBe('a');
  expect(decoder.pending).toBe(true);
  expect(decoder.flush()).toBe('\ufffd');
});
