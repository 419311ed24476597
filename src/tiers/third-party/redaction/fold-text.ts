/**
 * Folds the ways to write the same characters into one: full-width and other scripts' digits, letters with accents,
 * dashes, spaces, quotes; and drops what nobody sees, such as zero-width spaces between the digits of a card number.
 *
 * Case stays. Look-alikes of other alphabets (a Cyrillic "a") are not folded: they are other letters.
 */
import { createViewBuilder, type TextView } from './text-view.js';

const plain = /^[\t\n\r\x20-\x7e]*$/;
/** A character with its combining marks folds as one; conjoining Hangul jamo likewise. */
const cluster = /[\u1100-\u11ff]+|\P{M}\p{M}*|\p{M}+/uy;
/** Format characters, fillers, controls, and the noncharacters that are delimiters inside this room. */
const unseen = /[\p{Default_Ignorable_Code_Point}\p{Cf}\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0-\ufdef]/u;
const accents = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;
const hangul = /[\u1100-\u11ff\uac00-\ud7ff]/;
const mark = /\p{M}/u;

const spellings: ReadonlyMap<string, string> = new Map(
  [
    ["'", '\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4'],
    ['"', '\u201c\u201d\u201e\u201f\u2033'],
    ['-', '\u2212'],
    ['.', '\u00b7\u2022\u2219\u2027\u30fb'],
    ['/', '\u2044\u2215'],
    ['\n', '\u0085\u2028\u2029'],
  ].flatMap(([to, from]) => [...from!].map((character): [string, string] => [character, to!])),
);

/** 0 to 9 for a decimal digit of any script: digits stand in blocks of ten that begin with zero (Unicode 4.6). */
const digitOf = (character: string): string => {
  const point = character.codePointAt(0)!;
  let first = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return String((point - first) % 10);
};

const foldCharacter = (character: string): string => {
  if (character <= '\x7f') return unseen.test(character) ? '' : character;
  const spelling = spellings.get(character);
  if (spelling !== undefined) return spelling;
  if (unseen.test(character)) return '';
  if (/\p{Nd}/u.test(character)) return digitOf(character);
  if (/\p{Pd}/u.test(character)) return '-';
  if (/\p{Zs}/u.test(character)) return ' ';
  return character;
};

const foldEach = (text: string): string => [...text].map(foldCharacter).join('');

const foldCluster = (text: string): string => {
  // Before and after: NFKC would break an acute accent into a space and a mark, and makes new characters itself.
  const composed = foldEach(foldEach(text).normalize('NFKC'));
  if (hangul.test(composed)) return composed;
  return composed.normalize('NFD').replace(accents, '').normalize('NFC');
};

/** True for units that are what they are folded to, so that the common scripts need no look at each character. */
const isStable = (code: number): boolean =>
  (code >= 0x20 && code < 0x7f) ||
  code === 0x0a ||
  code === 0x09 ||
  code === 0x0d ||
  (code >= 0x4e00 && code <= 0x9fff) ||
  (code >= 0xac00 && code <= 0xd7a3);

/** The same view where there is nothing to fold. */
export const foldView = (view: TextView): TextView => {
  const { text } = view;
  if (plain.test(text)) return view;
  const builder = createViewBuilder(view);
  for (let at = 0; at < text.length; ) {
    const next = text.charCodeAt(at + 1);
    if (isStable(text.charCodeAt(at)) && !(next >= 0x300 && (next < 0x1200 || mark.test(text[at + 1]!)))) {
      builder.add(text[at]!, { start: at, end: at + 1 });
      at++;
      continue;
    }
    cluster.lastIndex = at;
    const whole = cluster.exec(text)![0];
    builder.add(foldCluster(whole), { start: at, end: at + whole.length });
    at += whole.length;
  }
  return builder.finish();
};

/** Lower case with one unit for each of the text's. */
export const lowerCase = (text: string): string => {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from(text, (character) => {
    const small = character.toLowerCase();
    return small.length === character.length ? small : character;
  }).join('');
};

/** Folded and lower case: how two spellings of a word compare. */
export const foldedLower = (text: string): string => lowerCase(foldView({ text, map: null, base: 0 }).text);
