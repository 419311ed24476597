// The normalised form is what the model sees; the way back is what a person's message is sent with.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeText, normalizeWithOffsets, originalSpan } from './normalize-text.js';

describe('normalizeText', () => {
  it('lowers case, straightens quotes, folds spaces and strips the end', () => {
    expect(normalizeText('  What\u2019s  the\tTime?! ')).toBe("what's the time");
    expect(normalizeText('\u201cCall\u201d Bob \u2013 now...')).toBe('"call" bob - now');
    expect(normalizeText('tokyo, japan,')).toBe('tokyo, japan');
    expect(normalizeText('\uff11\u00bd cups')).toBe('11/2 cups');
    expect(normalizeText('?!.')).toBe('');
  });

  it('gives the same text for its own output', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = normalizeText(text);
        expect(normalizeText(once)).toBe(once);
      }),
    );
  });

  it('is the text of normalizeWithOffsets', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(' ', 'A', 'b', '.', ',', '?', '`') })),
        (text) => {
          expect(normalizeText(text)).toBe(normalizeWithOffsets(text).text);
        },
      ),
    );
  });

  it('has one offset more than units, never falling, never past the original', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (original) => {
        const { text, offsets } = normalizeWithOffsets(original);
        expect(offsets).toHaveLength(text.length + 1);
        const sorted = offsets.every((offset, i) => offset >= (offsets[i - 1] ?? 0) && offset <= original.length);
        expect(sorted).toBe(true);
      }),
    );
  });
});

describe('originalSpan', () => {
  it('finds the casing that a person typed', () => {
    const original = 'Text  Mom:  I\u2019m at O\u2019Hare!';
    const normalized = normalizeWithOffsets(original);
    const start = normalized.text.indexOf("i'm at o'hare");
    expect(originalSpan(original, { normalized, start, end: normalized.text.length })).toBe('I\u2019m at O\u2019Hare');
  });

  it('normalises back to the span that was asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('Bob', 'O\u2019Neil', '\ufb01ne', '10', 'CAF\u00c9', 'e\u0301t'), { minLength: 1 }),
        (words) => {
          const original = words.join('  ');
          const normalized = normalizeWithOffsets(original);
          for (const word of normalized.text.split(' ')) {
            const start = normalized.text.indexOf(word);
            const span = originalSpan(original, { normalized, start, end: start + word.length });
            expect(normalizeText(span)).toBe(word);
          }
        },
      ),
    );
  });
});
