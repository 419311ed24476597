/**
 * Classes of characters, and where words begin and end.
 *
 * Scripts that set no space between words have a word's end between any two characters.
 */

export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
export const isLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
export const isAlnum = (code: number): boolean => isDigit(code) || isLetter(code);
export const isHex = (code: number): boolean => isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
export const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

const word = /[\p{L}\p{N}]/u;
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

export const isWordUnit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code < 0x80 ? isAlnum(code) : word.test(text.charAt(at));
};

const isUnspaced = (text: string, at: number): boolean =>
  text.charCodeAt(at) >= 0x0e00 && unspaced.test(text.charAt(at));

/** A letter or digit of a script that sets spaces between words. */
export const isSpacedWordUnit = (text: string, at: number): boolean => isWordUnit(text, at) && !isUnspaced(text, at);

/** True between two units that are not both inside one word; at the text's ends too. */
export const isWordBoundary = (text: string, at: number): boolean =>
  at <= 0 || at >= text.length || !isSpacedWordUnit(text, at - 1) || !isSpacedWordUnit(text, at);
