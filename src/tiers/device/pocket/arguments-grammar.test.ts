/** Values are words of the text, or what the conventions make of them; nothing else can be decoded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeText } from '../../../models/normalize-text.js';
import { createGrammarRules } from '../grammar/gbnf.js';
import { createGbnfMatcher, type GbnfMatcher } from '../grammar/gbnf-matcher.test-support.js';
import { argumentsGrammar } from './arguments-grammar.js';
import { createSpanRules } from './span-rules.js';

const spansOf = (text: string): GbnfMatcher | null => {
  const rules = createGrammarRules();
  const body = createSpanRules(rules, text).spans();
  return body === null ? null : createGbnfMatcher(rules.toGbnf(body));
};

/** The grammar with its tokens as text: the matcher knows no vocabulary. */
const matcherOf = (text: string, tool: string, names: readonly string[]): GbnfMatcher => {
  const gbnf = argumentsGrammar(text, {
    tool,
    arguments: names.map((name, index) => ({ name, token: index + 1 })),
    endToken: 99,
    prefix: ' ',
  });
  return createGbnfMatcher(gbnf.replaceAll(/<\[(\d+)\]>/g, '"<$1>"'));
};

const expectValues = (
  argument: { readonly text: string; readonly of: string },
  expected: { readonly yes: readonly string[]; readonly no: readonly string[] },
): void => {
  const [tool, name] = argument.of.split('.') as [string, string];
  const matcher = matcherOf(argument.text, tool, [name]);
  const isAllowed = (value: string): boolean => matcher.matches(`<1> ${value}`);
  expect(expected.yes.filter((value) => !isAllowed(value))).toEqual([]);
  expect(expected.no.filter(isAllowed)).toEqual([]);
};

const words = fc.array(fc.constantFrom('call', 'jacob', 'a', 'aa', 'münchen', '7', '10am', '東京', 'x1y'), {
  minLength: 1,
  maxLength: 8,
});

describe('spans of a text', () => {
  it('are exactly its runs of whole words', () => {
    fc.assert(
      fc.property(words, (said) => {
        const text = said.join(' ');
        const matcher = spansOf(text)!;
        for (let start = 0; start < text.length; start++)
          for (let end = start + 1; end <= text.length; end++) {
            const part = text.slice(start, end);
            const isSpan = ` ${text} `.includes(` ${part} `) && part.trim() === part;
            expect([text, part, matcher.matches(part)]).toEqual([text, part, isSpan]);
          }
      }),
      { numRuns: 30 },
    );
  });

  it('never hold what is not in the text', () => {
    const rolls = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), rolls, (original, dice) => {
        const text = normalizeText(original);
        const matcher = spansOf(text);
        if (matcher === null) return;
        let rolled = 0;
        const span = matcher.generate(() => dice[rolled++ % dice.length]!);
        expect(span.trim()).not.toBe('');
        expect(text).toContain(span);
      }),
    );
  });

  it.each([
    ["text mom's friend", ['mom', "mom's", "mom's friend"], ['s friend', "'s", 'mo', 'm']],
    ["wake me at 7 o'clock", ["7 o'clock"], ['7 o', 'clock']],
    ['on 12/03/2019 at 7:30', ['12/03/2019', '7:30'], ['2019', '12', '30', ':30']],
    ['add milk,eggs; salt', ['milk', 'eggs', 'milk,eggs; salt'], ['milk,', ';', 'eggs;', ', eggs']],
    ["text jo saying 'where are you", ["'where are you", 'where are you'], ["'", "saying '"]],
    ['play "top-40 hits" loud', ['top-40 hits', '"top-40 hits"'], ['40 hits', 'top', '- 40']],
  ])('%s', (text, yes, no) => {
    const matcher = spansOf(text)!;
    expect(yes.filter((span) => !matcher.matches(span))).toEqual([]);
    expect(no.filter((span) => matcher.matches(span))).toEqual([]);
  });

  it('are none where no word is', () => {
    expect(spansOf(', ; -')).toBeNull();
    expect(spansOf('')).toBeNull();
  });
});

describe('the grammar of arguments', () => {
  it('takes each argument at most once and in order, or none', () => {
    const matcher = matcherOf('text jacob hello there', 'send_message', ['to', 'body']);
    for (const text of ['', '<99>', '<1> jacob<2> hello there<99>', '<2> hello', '<1> jacob'])
      expect([text, matcher.matches(text)]).toEqual([text, true]);
    for (const text of ['<1> jaco', '<1>', '<1> ', '<1>jacob', '<2> hello<1> jacob', '<1> jacob<1> jacob', 'jacob'])
      expect([text, matcher.matches(text)]).toEqual([text, false]);
  });

  it('leaves out what the text cannot give', () => {
    const matcher = matcherOf('roll the dice', 'roll_dice', ['sides']);
    expect(matcher.matches('')).toBe(true);
    expect(matcher.accepts('<1>')).toBeLessThan(2);
  });

  it.each([
    ['send_message', ['to', 'body'], 'some words '],
    ['calculate', ['expression'], 'twenty one plus a third '],
    ['set_timer', ['duration', 'label'], 'one hour 30 '],
  ])('grows no faster than the text: %s', (tool, names, phrase) => {
    const size = (times: number): number =>
      argumentsGrammar(phrase.repeat(times).trim(), {
        tool,
        arguments: names.map((name, index) => ({ name, token: index })),
        endToken: 9,
        prefix: ' ',
      }).length;
    // Rule names and places get a digit longer.
    expect(size(80)).toBeLessThan(5 * size(20));
  });

  it.each([
    ['wake me at half past six tonight', 'set_alarm.time', ['06:30', '18:30', 'tonight'], ['07:30', '06:10', '25:00']],
    ['wake me at noon', 'set_alarm.time', ['12:00', 'noon'], ['13:00']],
    ['alarm for 1115', 'set_alarm.time', ['11:15', '23:15'], ['10:15']],
    ['set a timer for an hour and a half', 'set_timer.duration', ['1 hour 30 minutes'], ['3 hours', '1 hours', 'hour']],
    ['timer twenty five minutes', 'set_timer.duration', ['25 minutes'], ['52 minutes', '25']],
    ['volume at forty percent', 'set_volume.level', ['40%', '40', 'up', 'mute'], ['50%', 'volume']],
    ['half volume', 'set_volume.level', ['50%'], ['25%']],
    ['take it off my calendar', 'update_calendar.op', ['add', 'remove', 'move'], ['clear', 'take']],
    ['empty my packing list', 'update_list.list', ['shopping', 'todo', 'packing'], ['pack']],
    ['empty my packing list', 'update_list.op', ['clear'], ['move', 'empty']],
    ['turn the lights on in the den', 'control_home.device', ['lights in the den', 'lights'], ['lights den']],
    ['heat to seventy two f', 'control_home.action', ['set 72', 'set 72 f', 'set 72%', 'up'], ['set 73', 'set']],
    ['make the lamp blue', 'control_home.action', ['set blue', 'on'], ['blue', 'set red']],
    ['add this to my jazz playlist', 'add_to_playlist.song', ['this song', 'this'], ['that song']],
    ['convert 10kg to pounds', 'convert_units.from', ['kg'], ['g', '0kg']],
    ['an eleven and a half', 'convert_units.value', ['11.5', '11', '1'], ['12', '0.7']],
    ['roll a d20', 'roll_dice.sides', ['20'], ['2', 'd20']],
  ])('%s: %s', (text, of, yes, no) => {
    expectValues({ text, of }, { yes, no });
  });

  it.each([
    ['what is 10 times 8', ['10 * 8'], ['10 * 9', '18 * 8', '10', '10 * 10', 'times']],
    [
      'seven plus three minus two',
      ['7 + 3 - 2', '(7 + 3) - 2', '7 + (3 - 2)'],
      ['37 - 2', '7 + 3', '(7 + 3 - 2', '3 + 7 - 2'],
    ],
    ['divide 37 into 74', ['74 / 37', '37 / 74'], ['74 / 74']],
    ["what's 30% off 235", ['235 - 30% * 235'], ['235 - 30% * 234']],
    ['what percent is 5 of 945', ['5 / 945 * 100'], ['945 * 100']],
    ['the square root of 81', ['sqrt(81)'], ['sqrt(9)', 'sqrt(']],
    ['five squared', ['5 ^ 2'], ['5 ^ 3', '2 ^ 2']],
    ['the cube of five', ['5 ^ 3'], ['3 ^ 3']],
    ['3/4 of 18', ['3/4 * 18'], ['3 / 18']],
    ['half of fifty', ['1/2 * 50', '50 / 2'], ['2 * 2']],
    ['2 hundred and 5 plus twenty-one', ['205 + 21'], ['205 + 20', '200 + 21']],
    ['is 50-2 more than 81', ['50 - 2'], ['50 - 81']],
    ['calculate something', [], ['1', '1 + 1']],
  ])('%s', (text, yes, no) => {
    expectValues({ text, of: 'calculate.expression' }, { yes, no });
  });
});
