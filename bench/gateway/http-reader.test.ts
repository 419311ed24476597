/** A load generator that loses or makes up answers measures nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnswerEnd, createHttpReader } from './http-reader.js';

const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\nc\r\n\r\nlonger one\r\n0\r\n\r\n',
  'HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n',
].map((text) => Buffer.from(text));

test('answers are told apart at any cuts', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9 })), (order, cuts) => {
      const bytes = Buffer.concat(order.map((index) => answers[index]!));
      const seen: AnswerEnd[] = [];
      const read = createHttpReader((answer) => seen.push(answer));
      let at = 0;
      for (let turn = 0; at < bytes.length; turn++) {
        const size = cuts.length === 0 ? bytes.length : cuts[turn % cuts.length]!;
        read(bytes.subarray(at, at + size));
        at += size;
      }
      expect(seen.map(({ status, bodyBytes, failure }) => [status, bodyBytes, failure])).toEqual(
        order.map(
          (index) =>
            [
              [200, 5, ''],
              [200, 16, ''],
              [429, 0, ''],
              [500, 3, 'bad'],
            ][index],
        ),
      );
    }),
  );
});
