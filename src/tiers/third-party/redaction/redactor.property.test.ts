/** For any request: nothing of a value goes out, and the answer that echoes the request comes back as it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, ChatRequest } from '../../tier.js';
import { cut, listedNames, madeValue, noise, textWithValues } from '../redaction-values.test-support.js';
import type { AnswerForm, Redaction } from './redaction.js';
import { createRedactor } from './redactor.js';

const redactor = createRedactor({ terms: [{ kind: 'name', words: listedNames }] });

const request = (...messages: ChatMessage[]): ChatRequest => ({ model: 'm', messages });
const user = (content: string): ChatMessage => ({ role: 'user', content });
const withArguments = (text: string): ChatRequest =>
  request({ role: 'assistant', content: null, toolCalls: [{ id: 'call_1', name: 'f', arguments: text }] });
const argumentsOf = ({ messages: [message] }: ChatRequest): string =>
  (message?.role === 'assistant' && message.toolCalls?.[0]?.arguments) || '';

const squeezed = (text: string): string => text.toLowerCase().replaceAll(/[\s().\-/+_]/g, '');

const restored = (redaction: Redaction, pieces: readonly string[], form?: AnswerForm): string => {
  const restorer = redaction.restorer(form);
  return pieces.map((piece) => restorer.push(piece)).join('') + restorer.flush();
};

const cuts = fc.array(fc.nat(), { maxLength: 30 });

describe('redaction of any request', () => {
  it('lets nothing of a value into the outgoing JSON, in whichever message it stands', () => {
    fc.assert(
      fc.property(fc.array(textWithValues, { minLength: 1, maxLength: 3 }), (texts) => {
        const { request: outgoing } = redactor.redact(
          request(
            ...texts.map(({ text }, index): ChatMessage => {
              if (index % 3 === 0) return user(text);
              if (index % 3 === 1) return { role: 'tool', toolCallId: 'c', content: [{ type: 'text', text }] };
              return { role: 'assistant', content: null, reasoning: text };
            }),
          ),
        );
        const body = JSON.stringify(outgoing);
        for (const secret of texts.flatMap(({ secrets }) => secrets)) {
          expect(body).not.toContain(secret);
          expect(body.toLowerCase()).not.toContain(secret.toLowerCase());
          if (/\d{4}/.test(secret)) expect(squeezed(body)).not.toContain(squeezed(secret));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('gives back an echoed text byte for byte, however it is cut', () => {
    fc.assert(
      fc.property(textWithValues, cuts, ({ text }, places) => {
        const redaction = redactor.redact(request(user(text)));
        const outgoing = redaction.request.messages[0]!.content as string;
        expect(restored(redaction, cut(outgoing, places))).toBe(text);
        expect(restored(redaction, [...outgoing])).toBe(text);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps the JSON of arguments valid and gives the same values back, however it is cut', () => {
    const leaf = fc.oneof(
      madeValue.map(({ text }) => text),
      textWithValues.map(({ text }) => text),
      noise,
      fc.boolean(),
      fc.integer(),
      fc.constantFrom(4111111111111111, 5555555555554444, null),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('any'), { maxLength: 3 }), tie('object')),
      object: fc.dictionary(
        fc.oneof(
          fc.constantFrom('to', 'password', 'phone', 'note'),
          madeValue.map(({ text }) => text),
        ),
        tie('any'),
        {
          maxKeys: 4,
          noNullPrototype: true,
        },
      ),
    })).object;
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), cuts, (object, indent, places) => {
        const text = JSON.stringify(object, null, indent);
        const redaction = redactor.redact(withArguments(text));
        const outgoing = argumentsOf(redaction.request);
        expect(() => JSON.parse(outgoing)).not.toThrow();
        const back = restored(redaction, cut(outgoing, places), 'arguments');
        expect(JSON.parse(back)).toEqual(JSON.parse(text));
        // The same JSON as a message's text is put back as text.
        const asText = redactor.redact(request(user(text)));
        expect(restored(asText, cut(asText.request.messages[0]!.content as string, places))).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  it('finds nothing in what it made', () => {
    fc.assert(
      fc.property(textWithValues, ({ text }) => {
        const { request: once } = redactor.redact(request(user(text)));
        const twice = redactor.redact(once);
        expect(twice.found).toEqual([]);
        expect(JSON.stringify(twice.request)).toBe(JSON.stringify(once));
      }),
      { numRuns: 100 },
    );
  });

  it('leaves a request in which it finds nothing as it is, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(noise), (pieces) => {
        const before = request(user(pieces.join(' ')));
        const { request: after, found } = redactor.redact(before);
        expect(found).toEqual([]);
        expect(JSON.stringify(after)).toBe(JSON.stringify(before));
      }),
    );
  });

  it('keeps the placeholders of a conversation when it grows', () => {
    const turn = fc
      .array(madeValue, { minLength: 1, maxLength: 3 })
      .map((values) => user(values.map(({ text }) => text).join(' ; ')));
    fc.assert(
      fc.property(fc.array(turn, { minLength: 2, maxLength: 4 }), (turns) => {
        const whole = redactor.redact(request(...turns)).request.messages;
        const before = redactor.redact(request(...turns.slice(0, -1))).request.messages;
        expect(whole.slice(0, -1)).toEqual(before);
      }),
    );
  });
});

describe('redaction of values in disguise', () => {
  const zeroWidth = (text: string): string => [...text].join('\u200b');
  const fullWidth = (text: string): string =>
    text.replaceAll(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0));
  const jsonEscapes = (text: string): string =>
    text.replaceAll(/[^ ]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const percent = (text: string): string =>
    [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const entities = (text: string): string => text.replaceAll(/[^ ]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const arabicDigits = (text: string): string =>
    text.replaceAll(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit)));
  const disguises: [string, (text: string) => string][] = [
    ['zero-width spaces', zeroWidth],
    ['full width', fullWidth],
    ['JSON escapes', jsonEscapes],
    ['percent-encoding', percent],
    ['percent-encoding twice', (text) => percent(percent(text))],
    ['character references', entities],
    ['digits of another script', arabicDigits],
    ['JSON escapes of full width', (text) => jsonEscapes(fullWidth(text))],
    ['a JSON string in a JSON string', (text) => JSON.stringify(JSON.stringify({ text }))],
  ];
  it.each(disguises)('finds them in %s, and puts them back so', (_, disguise) => {
    fc.assert(
      fc.property(madeValue, ({ text }) => {
        const hidden = `see ${disguise(text)} here`;
        const redaction = redactor.redact(request(user(hidden)));
        const outgoing = redaction.request.messages[0]!.content as string;
        expect(redaction.found).not.toEqual([]);
        expect(outgoing).not.toContain(disguise(text).slice(1, -1));
        expect(restored(redaction, [outgoing])).toBe(hidden);
      }),
      { numRuns: 100 },
    );
  });

  it('finds a value again that only one place gives away', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...disguises),
        fc.constantFrom('hunter-two', 'Tr0ub4dor&3', 'x9Kq'),
        ([, disguise], secret) => {
          const { request: outgoing } = redactor.redact(
            request(
              user(`I said ${disguise(secret)} again, ${secret.toUpperCase()} and`),
              user(`password="${secret}"`),
            ),
          );
          const body = JSON.stringify(outgoing);
          expect(body).not.toContain(disguise(secret).slice(1, -1));
          expect(body.toLowerCase()).not.toContain(secret.toLowerCase());
        },
      ),
    );
  });
});
