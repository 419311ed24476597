/** What would break: a message cut by the stream, or two that arrive as one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameReader, encodeFrame } from './frames.js';

test('messages come out whole and in order however the stream cuts them', () => {
  const message = fc.record({ text: fc.string({ unit: 'binary' }), binary: fc.uint8Array({ maxLength: 20 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), (messages, size) => {
      const wire = Buffer.concat(messages.map(({ text, binary }) => encodeFrame({ text }, binary)));
      const got: unknown[] = [];
      const read = createFrameReader((json, binary) => got.push({ ...(json as object), binary: [...binary] }));
      for (let at = 0; at < wire.length; at += size) read(wire.subarray(at, at + size));
      // Lone surrogates do not survive UTF-8; decoded text has none.
      const sent = messages.map(({ text, binary }) => ({
        text: JSON.parse(JSON.stringify(text)),
        binary: [...binary],
      }));
      expect(got).toEqual(sent);
    }),
  );
});

test('floats can be read from the binary part wherever it lay', () => {
  const got: Float32Array[] = [];
  const read = createFrameReader((_, binary) => got.push(new Float32Array(binary.buffer as ArrayBuffer)));
  read(encodeFrame({ a: 1 }, new Uint8Array(Float32Array.of(1.5, -2).buffer)));
  expect([...got[0]!]).toEqual([1.5, -2]);
});

test('a stream that is out of step is noticed', () => {
  const read = createFrameReader(() => undefined);
  expect(() => read(Buffer.alloc(16, 0xff))).toThrow(/out of step/);
});
