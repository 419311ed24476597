/** Folding and decoding see through disguises and always know where a character came from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewLayers } from './decode-text.js';
import { foldedLower, foldView } from './fold-text.js';
import { originalSpan, plainView } from './text-view.js';

const folded = (text: string): string => foldView(plainView(text)).text;
const deepest = (text: string): string => viewLayers(plainView(text)).at(-1)!.text;

describe('folding', () => {
  it.each([
    ['１２３４ ＡＢｃ＠', '1234 ABc@'],
    ['1\u200b2\u2060\ufeff3\u00ad4\u202e5', '12345'],
    ['١٢٣ १२३ ๑๒๓ 𝟏𝟚𝟯', '123 123 123 123'],
    ['Renée Rene\u0301e Ångström', 'Renee Renee Angstrom'],
    ['1–2—3−4‑5', '1-2-3-4-5'],
    ['a\u00a0b\u3000c', 'a b c'],
    ['“x” ‘y’', '"x" \'y\''],
    ['ﬁle №', 'file No'],
    ['한글 \u1112\u1161\u11ab', '한글 한'],
    ['पुरुष', 'पुरुष'],
    ['1\u03322', '12'],
  ])('%s reads %s', (text, expected) => expect(folded(text)).toBe(expected));

  it('has one lower-case unit for each', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { text: upper } = foldView(plainView(text));
        expect(foldedLower(text)).toHaveLength(upper.length);
      }),
    );
    expect(foldedLower('İSTANBUL')).toBe('istanbul');
  });
});

describe('decoding', () => {
  it.each([
    ['a%40b.de', 'a@b.de'],
    ['%25%34%30', '@'],
    ['%E4%BD%A0%F0%9F%98%80', '你😀'],
    ['%c3%28 %ff %', '%c3( %ff %'],
    ['\\u0061\\x62\\u{63}\\n', 'abc\n'],
    ['\\\\u0061', 'a'],
    ['a\\.b\\_c \\d', 'a.b_c \\d'],
    ['&#64;&#x40;&commat;&unknown;', '@@@&unknown;'],
    ['&amp;#37;34', '4'],
    ['\\uff14', '4'],
  ])('%s reads %s in the end', (text, expected) => expect(deepest(text)).toBe(expected));
});

it('leads back from any part of any layer to a part of the original that reads the same', () => {
  const pieces = fc.constantFrom(
    'a',
    '1',
    ' ',
    '%41',
    '\\u0042',
    '&#67;',
    '１',
    '\u200b',
    'é',
    '你',
    '😀',
    '%',
    '\\',
    '&',
    '%C3%A9',
  );
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1 }), fc.nat(), fc.nat(), (list, first, second) => {
      const raw = list.join('');
      for (const view of viewLayers(plainView(raw))) {
        if (view.text === '') continue;
        const [from, to] = [first % view.text.length, second % view.text.length].sort((a, b) => a - b) as [
          number,
          number,
        ];
        const { start, end } = originalSpan(view, { start: from, end: to + 1 });
        expect(start).toBeLessThan(end);
        expect(end).toBeLessThanOrEqual(raw.length);
        expect(deepest(raw.slice(start, end))).toContain(
          deepest(view.text.slice(from, to + 1))
            .replace(/[%\\&].*$/s, '')
            .slice(0, 1),
        );
      }
    }),
  );
});
