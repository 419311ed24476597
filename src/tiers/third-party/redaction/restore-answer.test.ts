/** Answers come back right: across chunks, with a model's small changes, in JSON; and nothing else is touched. */
import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatRequest } from '../../tier.js';
import type { AnswerForm } from './redaction.js';
import { createRedactor } from './redactor.js';

const mail = 'ada@example.com';
const redaction = createRedactor({ terms: [{ kind: 'name', words: ['say "hi"', 'get_ada'] }] }).redact({
  model: 'm',
  messages: [{ role: 'user', content: `${mail} bob@example.com say "hi"` }],
  tools: [{ name: 'get_ada' }],
} satisfies ChatRequest);
const [tool] = redaction.request.tools!;
const quoted = redaction.found.at(-1)!.placeholder;

const restored = (text: string, form?: AnswerForm): string => {
  const whole = redaction.restorer(form);
  const result = whole.push(text) + whole.flush();
  const single = redaction.restorer(form);
  expect([...text].map((character) => single.push(character)).join('') + single.flush()).toBe(result);
  return result;
};

describe('restoring a text', () => {
  it.each([
    ['write to [EMAIL_1].', `write to ${mail}.`],
    ['[EMAIL_1][EMAIL_2]', `${mail}bob@example.com`],
    ['[[EMAIL_1]]', `[${mail}]`],
    ['[Email_1] [email_1]', `${mail} ${mail}`],
    ['[EMAIL\\_1] and \\[EMAIL\\_1\\]', `${mail} and ${mail}`],
    ['C:\\[EMAIL_1]', `C:\\${mail}`],
    ['EMAIL_1, (EMAIL_2)', `${mail}, (bob@example.com)`],
    ['[EMAIL_1, EMAIL_2]', `[${mail}, bob@example.com]`],
    ['<EMAIL_1>: EMAIL_1', `<${mail}>: ${mail}`],
    ['mailto:%5BEMAIL_1%5D?x', 'mailto:ada%40example.com?x'],
  ])('%s', (text, expected) => expect(restored(text)).toBe(expected));

  it.each(
    [
      'email_1 = 5',
      'MY_EMAIL_1',
      'EMAIL_12',
      'EMAIL_1_2',
      '[EMAIL_3]',
      '[EMAIL_1',
      '[EMAIL 1]',
      '[EMAIL-1]',
      'EMAIL',
      '[',
      'an array[1]',
      '\\',
      '%5B',
    ].filter((text) => text !== '[EMAIL_1'),
  )('leaves %s', (text) => expect(restored(text)).toBe(text));

  it('takes a placeholder whose bracket never comes, as it takes one without brackets', () => {
    expect(restored('to [EMAIL_1')).toBe(`to [${mail}`);
  });

  it('holds back only what may become a placeholder', () => {
    const restorer = redaction.restorer();
    expect(restorer.push('Dear all, [EM')).toBe('Dear all, ');
    expect(restorer.push('AIL_')).toBe('');
    expect(restorer.push('1] and [this]')).toBe(`${mail} and [this]`);
    expect(restorer.push('[EMAIL_9')).toBe('[EMAIL_9');
    expect(restorer.flush()).toBe('');
  });

  it('passes everything on at once where nothing was redacted', () => {
    const restorer = createRedactor()
      .redact({ model: 'm', messages: [] } satisfies ChatRequest)
      .restorer();
    expect(restorer.push('[EMAIL_')).toBe('[EMAIL_');
  });
});

describe('restoring JSON', () => {
  it('escapes values inside strings', () => {
    expect(JSON.parse(restored(`{"to":"[EMAIL_1]","say":"so ${quoted}!"}`, 'arguments'))).toEqual({
      to: mail,
      say: 'so say "hi"!',
    });
  });

  it('reads through escapes, and leaves other strings as they are written', () => {
    const text = '{"a":"\\u005bEMAIL_1\\u005d","b":"\\u00e9\\n\\\\"}';
    expect(restored(text, 'arguments')).toBe(`{"a":"${mail}","b":"\\u00e9\\n\\\\"}`);
  });

  it('makes a string of a placeholder that stands without quotes', () => {
    expect(JSON.parse(restored('{"to":[EMAIL_1],"all":[ EMAIL_1 ]}', 'arguments'))).toEqual({ to: mail, all: [mail] });
  });

  it('gives numbers back as numbers, wherever their placeholder stands alone', () => {
    const numbers = createRedactor().redact({
      model: 'm',
      messages: [
        {
          role: 'assistant',
          content: null,
          toolCalls: [{ id: 'c', name: 'f', arguments: '{"card":4111111111111111}' }],
        },
      ],
    } satisfies ChatRequest);
    const back = (text: string): string => {
      const restorer = numbers.restorer('arguments');
      return restorer.push(text) + restorer.flush();
    };
    expect(back('{"card":"[CARD_1]"}')).toBe('{"card":4111111111111111}');
    expect(back('{"card":[CARD_1]}')).toBe('{"card":4111111111111111}');
    expect(back('{"note":"card [CARD_1]"}')).toBe('{"note":"card 4111111111111111"}');
  });

  it('stands text that is no JSON, or broken off', () => {
    expect(restored('I cannot. Ask [EMAIL_1] "now', 'json')).toBe(`I cannot. Ask ${mail} "now`);
    expect(restored(`{"a": "${quoted}\\u00`, 'json')).toBe('{"a": "say \\"hi\\"\\u00');
  });
});

describe('restoring events', () => {
  const collect = async (events: readonly ChatEvent[], failure?: Error): Promise<[ChatEvent[], unknown]> => {
    const out: ChatEvent[] = [];
    const source = async function* (): AsyncGenerator<ChatEvent> {
      yield* events;
      if (failure !== undefined) throw failure;
    };
    try {
      for await (const event of redaction.restoreEvents(source())) out.push(event);
      return [out, null];
    } catch (error) {
      return [out, error];
    }
  };
  const textOf = (events: readonly ChatEvent[], type: 'text' | 'reasoning'): string =>
    events.map((event) => (event.type === type ? event.text : '')).join('');
  const end: ChatEvent = {
    type: 'end',
    reason: 'stop',
    usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 1 },
    timings: { queueMs: 0, ttftMs: 1, totalMs: 2 },
  };

  it('restores text, reasoning, names and arguments of interleaved calls, and ends last', async () => {
    const [events] = await collect([
      { type: 'start', promptTokens: 1, cachedTokens: 0 },
      { type: 'reasoning', text: 'they mean [EMA' },
      { type: 'reasoning', text: 'IL_1]. EMAIL_2' },
      { type: 'text', text: 'Ask [EMAIL' },
      { type: 'text', text: '_1]' },
      { type: 'tool-call', index: 0, id: 'a', name: tool!.name, argumentsDelta: '{"to":"[EM' },
      { type: 'tool-call', index: 1, id: 'b', name: 'other', argumentsDelta: '{"to":"[EMAIL_' },
      { type: 'tool-call', index: 0, argumentsDelta: 'AIL_1]"}' },
      { type: 'tool-call', index: 1, argumentsDelta: '2]"}' },
      end,
    ]);
    expect(textOf(events, 'reasoning')).toBe(`they mean ${mail}. bob@example.com`);
    expect(textOf(events, 'text')).toBe(`Ask ${mail}`);
    const calls = events.filter((event) => event.type === 'tool-call');
    const argumentsOf = (index: number): unknown =>
      JSON.parse(
        calls
          .filter((call) => call.index === index)
          .map((call) => call.argumentsDelta)
          .join(''),
      );
    expect(argumentsOf(0)).toEqual({ to: mail });
    expect(argumentsOf(1)).toEqual({ to: 'bob@example.com' });
    expect(calls.flatMap(({ name }) => name ?? [])).toEqual(['get_ada', 'other']);
    expect(events.at(-1)).toEqual(end);
    // The end of the reasoning comes before the text.
    expect(events.findLastIndex(({ type }) => type === 'reasoning')).toBeLessThan(
      events.findIndex(({ type }) => type === 'text'),
    );
  });

  it('escapes values in answers that were asked to be JSON', async () => {
    const { request, found, restoreEvents } = createRedactor().redact({
      model: 'm',
      messages: [{ role: 'user', content: 'password is \n password="a\\b c"' }],
      responseFormat: { type: 'json-object' },
    } satisfies ChatRequest);
    expect(request.messages[0]!.content).toBe('password is \n password="[SECRET_1]"');
    const source = async function* (): AsyncGenerator<ChatEvent> {
      yield { type: 'text', text: '{"it": "[SECR' };
      yield { type: 'text', text: `${found[0]!.placeholder.slice(5)}"}` };
      yield end;
    };
    const out: ChatEvent[] = [];
    for await (const event of restoreEvents(source())) out.push(event);
    expect(JSON.parse(textOf(out, 'text'))).toEqual({ it: 'a\\b c' });
  });

  it('gives what it held before the end, and before a break', async () => {
    const [whole] = await collect([{ type: 'text', text: 'by EMAIL_1' }, end]);
    expect(textOf(whole, 'text')).toBe(`by ${mail}`);
    expect(whole.at(-1)).toEqual(end);
    const failure = new Error('cut');
    const [broken, error] = await collect([{ type: 'text', text: 'by [EMAIL_' }], failure);
    expect(textOf(broken, 'text')).toBe('by [EMAIL_');
    expect(error).toBe(failure);
  });
});
