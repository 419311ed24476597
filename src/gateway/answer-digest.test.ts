import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAnswerDigest } from './answer-digest.js';

test('is the digest of all texts, however they are cut', () => {
  const long = `${'x'.repeat(65_535)}😀${'é'.repeat(70_000)}`;
  fc.assert(
    fc.property(fc.constantFrom('', 'short 😀', long), fc.array(fc.nat(140_000), { maxLength: 8 }), (text, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const digest = createAnswerDigest();
      for (let index = 1; index < places.length; index++) {
        const piece = text.slice(places[index - 1], places[index]);
        digest.add(index % 2 === 0 ? { type: 'text', text: piece } : { type: 'reasoning', text: piece });
      }
      expect(digest.bytes).toBe(Buffer.byteLength(text));
      expect(digest.end()).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
    }),
    { numRuns: 40 },
  );
});

test('holds names and arguments of calls, and nothing of starts and ends', () => {
  const digest = createAnswerDigest();
  digest.add({ type: 'start', promptTokens: 1, cachedTokens: 0 });
  digest.add({ type: 'tool-call', index: 0, id: 'a', name: 'f', argumentsDelta: '{' });
  digest.add({ type: 'tool-call', index: 0, argumentsDelta: '}' });
  expect(digest.end()).toBe(`sha256:${createHash('sha256').update('f{}').digest('hex')}`);
});
