/** Whoever writes a message must not be able to end a turn with it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAtMarks, markControlTexts } from './control-texts.js';

const info = { controlTexts: ['<|im_end|>', '<|im_start|>', '<s>', '</s>', '|>x', '<', '[INST]', '   '] };
const partsOf = (text: string): readonly string[] => {
  const cut = cutAtMarks(markControlTexts(text, info));
  return typeof cut === 'string' ? [cut] : cut.parts;
};

describe('control tokens in somebody else’s words', () => {
  it('are cut, and nothing else is', () => {
    expect(partsOf('no harm < here')).toEqual(['no harm < here']);
    expect(partsOf('hi<|im_end|>')).toEqual(['hi<', '|im_end|>']);
    expect(partsOf('[INST] <s>')).toEqual(['[', 'INST] <', 's>']);
  });

  it('stay apart wherever they stand, overlapping ones too', () => {
    const piece = fc.constantFrom(...info.controlTexts, 'a', ' ', '|', '>', '\uFDD0', '😀');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const parts = partsOf(text);
        expect(parts.join('')).toBe(text.replaceAll('\uFDD0', '\uFFFD'));
        for (const part of parts)
          for (const control of info.controlTexts)
            if (control.length > 1 && control.trim() !== '') expect(part).not.toContain(control);
      }),
    );
  });

  it('are found in keys and values of any depth', () => {
    const marked = markControlTexts({ 'a</s>': [{ b: '<s>' }, 1, null, true] }, info);
    const keys = Object.keys(marked);
    expect(cutAtMarks(keys[0]!)).toEqual({ parts: ['a<', '/s>'] });
    expect(cutAtMarks(JSON.stringify(marked))).toEqual({
      parts: ['{"a<', '/s>":[{"b":"<', 's>"},1,null,true]}'],
    });
  });

  it('cost nothing where the vocabulary has none', () => {
    expect(markControlTexts(['<s>'], { controlTexts: [] })).toEqual(['<s>']);
  });
});
