import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser } from './sse-parser.js';

interface Parsed {
  readonly event: string;
  readonly data: string;
}

const parse = (pieces: readonly Uint8Array[], maxEventBytes?: number): Parsed[] => {
  const events: Parsed[] = [];
  const parser = createSseParser({
    maxEventBytes,
    onEvent: (event, data) => events.push({ event, data }),
    tooLarge: (limitBytes) => new RangeError(`larger than ${limitBytes}`),
  });
  for (const piece of pieces) parser.push(piece);
  return events;
};
const parseText = (text: string): Parsed[] => parse([Buffer.from(text)]);

/** Cuts `bytes` at these places. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
};

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replace(/[\r\n]/g, '').toWellFormed());
const dataLine = text.map((value) => ({ line: `data: ${value}`, data: value }));
const noise = fc.oneof(
  text.map((value) => `:${value}`),
  fc.constantFrom('id: 7', 'retry: 10', 'retry', 'unknown: x', 'datas: x', 'dat', ' data: x'),
);
const event = fc.record({
  name: fc.option(text, { nil: undefined }),
  data: fc.array(dataLine, { minLength: 1, maxLength: 3 }),
  noise: fc.array(noise, { maxLength: 2 }),
});

describe('createSseParser', () => {
  it('gives the same events whatever the pieces, line ends, comments and unknown fields', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat(4000), { maxLength: 30 }),
        fc.infiniteStream(fc.constantFrom('\n', '\r\n', '\r')),
        fc.boolean(),
        (events, places, ends, mark) => {
          let stream = mark ? '\ufeff' : '';
          const line = (value: string): void => {
            const end = ends.next().value;
            // After a CR the LF of an empty line would be read as the rest of a CRLF.
            stream += value + (value === '' && stream.endsWith('\r') && end === '\n' ? '\r' : end);
          };
          for (const { name, data, noise } of events) {
            noise.forEach(line);
            if (name !== undefined) line(`event: ${name}`);
            for (const entry of data) line(entry.line);
            line('');
          }
          const expected = events.map(({ name, data }) => ({
            event: name ?? '',
            data: data.map((entry) => entry.data).join('\n'),
          }));
          expect(parse(cut(Buffer.from(stream), places))).toEqual(expected);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('throws for no bytes at all and gives for all cuts what it gives for one piece', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 20 }), (bytes, places) => {
        const buffer = Buffer.from(bytes);
        expect(parse(cut(buffer, places))).toEqual(parse([buffer]));
      }),
      { numRuns: 400 },
    );
  });

  it('takes exactly one space off a value, and none from an empty one', () => {
    expect(parseText('data:  a \n\ndata:\n\ndata\n\ndata: \n\n')).toEqual([
      { event: '', data: ' a ' },
      { event: '', data: '' },
      { event: '', data: '' },
      { event: '', data: '' },
    ]);
  });

  it('forgets the name of an event without data', () => {
    expect(parseText('event: ping\n\ndata: x\n\n')).toEqual([{ event: '', data: 'x' }]);
  });

  it('gives nothing for an event whose blank line never comes', () => {
    expect(parseText('data: whole\n\ndata: [DONE]')).toEqual([{ event: '', data: 'whole' }]);
    expect(parseText('data: [DONE]\n')).toEqual([]);
  });

  it('keeps characters whole that are cut between pieces', () => {
    const bytes = Buffer.from('data: 日本🍣\n\n');
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual([{ event: '', data: '日本🍣' }]);
  });

  it('refuses an event over the limit, in one line, in many, or without an end, and takes one at the limit', () => {
    const line = `data: ${'x'.repeat(94)}\n`;
    expect(parse([Buffer.from(`${line}\n`)], 100)).toHaveLength(1);
    expect(() => parse([Buffer.from(`${line.replace('\n', 'y')}\n\n`)], 100)).toThrow(RangeError);
    expect(() => parse([Buffer.from(line + line)], 100)).toThrow('larger than 100');
    expect(() => parse(Array<Buffer>(11).fill(Buffer.from('data: aaaa')), 100)).toThrow(RangeError);
    expect(() => parse([Buffer.from(':'.repeat(101))], 100)).toThrow(RangeError);
  });

  it('starts to count anew with each event', () => {
    expect(parse(Array<Buffer>(50).fill(Buffer.from(`data: ${'x'.repeat(80)}\n\n`)), 100)).toHaveLength(50);
  });
});
