/**
 * Numbers that go by another name in a text: "double", "squared", "a third", "a dozen", "tens".
 *
 * Says what such a word may stand for, not what it does in a sum. Pure.
 */
import type { NumberReading } from '../../../models/numbers-in-text.js';

const names: readonly (readonly [words: string, digits: string])[] = [
  ['single', '1'],
  ['half|halves|halved?|double[ds]?|twice|squared?|couple|pairs?|twos|second', '2'],
  ['thirds?|triple[ds]?|thrice|cubed?|threes', '3'],
  ['quarters?|fourths?|quadruple|fours', '4'],
  ['fifths?|fives', '5'],
  ['sixths?|sixes', '6'],
  ['sevenths?|sevens', '7'],
  ['eighths?|eights', '8'],
  ['ninths?|nines', '9'],
  ['tenths?|tens', '10'],
  ['elevenths?|elevens', '11'],
  ['dozens?|twelfths?|twelves', '12'],
  ['sixteenths?', '16'],
  ['twentieths?', '20'],
  ['hundredths?', '100'],
  ['thousandths?', '1000'],
];
const patterns = names.map(
  ([words, digits]) => [new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, 'gu'), digits] as const,
);

/** In order of appearance; the digits are what the word may count, divide by or raise to. */
export const namedNumbersIn = (text: string): NumberReading[] =>
  patterns
    .flatMap(([pattern, digits]) =>
      [...text.matchAll(pattern)].map(({ 0: word, index }) => ({ digits, start: index, end: index + word.length })),
    )
    .sort((a, b) => a.start - b.start);

/** True where the text holds one of these words (alternatives of a regular expression). */
export const says = (text: string, words: string): boolean =>
  new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, 'u').test(text);
