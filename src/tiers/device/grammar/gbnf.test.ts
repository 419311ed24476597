import { describe, expect, it } from 'vitest';
import { charClass, createGrammarRules, literal, repeat, ruleNamesIn } from './gbnf.js';
import { createGbnfMatcher } from './gbnf-matcher.test-support.js';
import { textsRule } from './json-values.js';
import { untilRule } from './until.js';

describe('writing GBNF', () => {
  it('literals hold any text', () => {
    for (const text of ['a', '"\\\n\r\t', 'é😀\u2028\u0001', '[x]-^', '｜▁']) {
      const matcher = createGbnfMatcher(`root ::= ${literal(text)}\n`);
      expect(matcher.matches(text)).toBe(true);
      expect(matcher.matches(`${text}x`)).toBe(false);
    }
  });

  it('classes hold any characters', () => {
    const matcher = createGbnfMatcher(
      `root ::= ${charClass([
        [0x22, 0x22],
        [0x2d, 0x2e],
        [0x5b, 0x5e],
        [0x1f600, 0x1f64f],
      ])}\n`,
    );
    for (const inside of ['"', '-', '.', '[', '\\', ']', '^', '😀']) expect(matcher.matches(inside)).toBe(true);
    for (const outside of ['a', '/', 'Z']) expect(matcher.matches(outside)).toBe(false);
  });

  it.each([
    [0, 0],
    [0, 1],
    [2, 2],
    [0, 1000],
    [3, 2500],
    [1001, 4003],
    [5000, Number.POSITIVE_INFINITY],
  ])('repeats %i to %i times, whatever llama.cpp itself can count', (min, max) => {
    const rules = createGrammarRules();
    const matcher = createGbnfMatcher(rules.toGbnf(repeat(rules, '[a]', { min, max })));
    const counts = [0, 1, min - 1, min, min + 1, 999, 1000, 1001, 2499, max - 1, max, max + 1, 6000];
    for (const count of counts.filter((value) => value >= 0 && value < 10_000))
      expect([count, matcher.matches('a'.repeat(count))]).toEqual([count, count >= min && count <= max]);
  });

  it('writes counts of any size in few rules, and at once', () => {
    const rules = createGrammarRules({ maxRules: 400, maxCharacters: 40_000 });
    const grammar = rules.toGbnf(repeat(rules, '[a]', { min: 1_000_000, max: Number.MAX_SAFE_INTEGER }));
    expect(grammar.split('\n').length).toBeLessThan(300);
  });

  it('names rules as llama.cpp wants them and writes only what is reached', () => {
    const rules = createGrammarRules();
    const odd = rules.add('größe_1 "x"', '"a"');
    expect(odd).toMatch(/^[A-Za-z0-9-]+$/);
    expect(rules.add('größe_1 "x"', '"a"')).toBe(odd);
    expect(rules.add('größe_1 "x"', '"b"')).not.toBe(odd);
    expect(rules.toGbnf(odd)).toBe(`root ::= ${odd}\n${odd} ::= "a"\n`);
    expect(ruleNamesIn('"not" [a-z] one ( two | three )* x{2,3} <[4]>')).toEqual(['one', 'two', 'three', 'x']);
  });

  it('stops at its limits', () => {
    const few = createGrammarRules({ maxRules: 2, maxCharacters: 100 });
    few.add('a', '"a"');
    few.add('b', '"b"');
    expect(() => few.add('c', '"c"')).toThrow(/needs more than 2 rules/);
    const short = createGrammarRules({ maxRules: 9, maxCharacters: 20 });
    expect(() => short.add('a', literal('x'.repeat(30)))).toThrow(/needs more than 20 characters/);
  });

  it('free text ends at its mark, however the mark begins', () => {
    for (const mark of ['</think>', 'aab', '\n</x>', '<<|', '｜end｜']) {
      const rules = createGrammarRules();
      const matcher = createGbnfMatcher(rules.toGbnf(untilRule(rules, mark)));
      for (const before of ['', 'a', 'aa', '<', '<<', '</think', '\n\n', 'x'.repeat(50), mark.slice(0, -1)]) {
        const text = before + mark;
        expect([text, matcher.matches(text)]).toEqual([text, text.indexOf(mark) === before.length]);
        expect(matcher.matches(`${text}x`)).toBe(false);
      }
    }
  });

  it('shares what texts begin with, for texts that are beginnings of each other and beyond the plane', () => {
    const texts = ['', 'a', 'ab', 'abc', 'b', '😀', '😁', '😀x'];
    const rules = createGrammarRules();
    const matcher = createGbnfMatcher(rules.toGbnf(textsRule(rules, texts, 't')));
    for (const text of texts) expect([text, matcher.matches(text)]).toEqual([text, true]);
    for (const text of ['c', 'abcd', '😂', 'ba']) expect([text, matcher.matches(text)]).toEqual([text, false]);
  });
});
