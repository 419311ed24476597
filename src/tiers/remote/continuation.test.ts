import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatRequest } from '../tier.js';
import { continuationOf } from './continuation.js';

const request: ChatRequest = { model: 'm', messages: [{ role: 'user', content: 'Tell.' }], maxTokens: 100 };
const start: ChatEvent = { type: 'start', promptTokens: 3, cachedTokens: 0 };
const text = (words: string): ChatEvent => ({ type: 'text', text: words });
const next = (events: readonly ChatEvent[], fields: Partial<ChatRequest> = {}, canContinue = true) =>
  continuationOf({ ...request, ...fields }, { events, canContinue });

describe('continuationOf', () => {
  it('puts the text so far at the end, and leaves the tokens that are left', () => {
    expect(next([start, text('Once'), text(' upon')])).toEqual({
      ...request,
      messages: [...request.messages, { role: 'assistant', content: 'Once upon' }],
      maxTokens: 98,
    });
  });

  it('gives null where the endpoint cannot, where nothing came yet, and where the answer ended', () => {
    const end: ChatEvent = {
      type: 'end',
      reason: 'stop',
      usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
      timings: { queueMs: 0, ttftMs: 0, totalMs: 0 },
    };
    expect(next([start, text('Once')], {}, false)).toBeNull();
    expect(next([])).toBeNull();
    expect(next([start])).toBeNull();
    expect(next([start, text('Once'), end])).toBeNull();
  });

  it('gives null where more than text came, or the two halves would not fit', () => {
    expect(next([{ type: 'reasoning', text: 'Hm.' }, text('Once')])).toBeNull();
    expect(next([text('Once'), { type: 'tool-call', index: 0, id: 'a', name: 'f', argumentsDelta: '' }])).toBeNull();
    expect(next([text('Once ')])).toBeNull();
    expect(next([text('{')], { responseFormat: { type: 'json-object' } })).toBeNull();
    expect(next([text('Once')], { responseFormat: { type: 'text' } })).not.toBeNull();
    expect(next([text('Once')], { toolChoice: 'required' })).toBeNull();
    expect(next([text('Once')], { messages: [...request.messages, { role: 'assistant', content: 'So' }] })).toBeNull();
    expect(next([text('Once')], { maxTokens: 1 })).toBeNull();
  });

  it('changes nothing but the end and the limit, for any pieces of text', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 10 }), (pieces) => {
        const result = next(pieces.map(text));
        const whole = pieces.join('');
        if (whole === '' || /\s$/.test(whole)) expect(result).toBeNull();
        else {
          expect(result?.messages.slice(0, -1)).toEqual(request.messages);
          expect(result?.messages.at(-1)).toEqual({ role: 'assistant', content: whole });
          expect(result?.maxTokens).toBe(100 - pieces.filter((piece) => piece !== '').length);
        }
      }),
    );
  });
});
