/**
 * A text that detectors look through, and the few ways in which they may: each counts its steps, so that a test can
 * show the work to grow with the text and no faster.
 *
 * Detectors use no regular expression that repeats anything without bound; what repeats is walked here.
 */
import { lowerCase } from '../fold-text.js';
import { isAlnum, isDigit, isLetter } from './characters.js';
import { type DigitRun, findDigitRuns } from './digit-runs.js';

export interface Meter {
  steps: number;
}

export interface ScanText {
  readonly text: string;
  /** Unit for unit the text in lower case. */
  readonly lower: string;
  readonly digitRuns: readonly DigitRun[];
  readonly meter: Meter;
}

/** What a detector found; offsets are units of the scanned text. */
export interface Finding {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

export type Detector = (scan: ScanText) => Finding[];

export const createScanText = (text: string, meter: Meter): ScanText => {
  meter.steps += text.length;
  return { text, lower: lowerCase(text), digitRuns: findDigitRuns(text), meter };
};

interface RunOptions {
  readonly at: number;
  /** Units at most. */
  readonly most: number;
  readonly test: (code: number) => boolean;
}

/** End of the run of units that pass, from `at` on. */
export const runEnd = ({ text, meter }: ScanText, { at, most, test }: RunOptions): number => {
  const limit = Math.min(text.length, at + most);
  let end = at;
  while (end < limit && test(text.charCodeAt(end))) end++;
  meter.steps += end - at + 1;
  return end;
};

/** Start of the run of units that pass and end before `at`. */
export const runStart = ({ text, meter }: ScanText, { at, most, test }: RunOptions): number => {
  const limit = Math.max(0, at - most);
  let start = at;
  while (start > limit && test(text.charCodeAt(start - 1))) start--;
  meter.steps += at - start + 1;
  return start;
};

/** True where the pattern matches within the `within` units before `at`, in whole words; for words that say what follows. */
export const hasCue = (
  { lower, meter }: ScanText,
  { at, pattern, within = 32 }: { readonly at: number; readonly pattern: RegExp; readonly within?: number },
): boolean => {
  meter.steps += within;
  let from = Math.max(0, at - within);
  while (from > 0 && from < at && isAlnum(lower.charCodeAt(from - 1)) && isAlnum(lower.charCodeAt(from))) from++;
  return pattern.test(lower.slice(from, at));
};

/** Every position of any of the texts, which must be in lower case; of two that begin at one place the longer. */
export const createTextFinder = (
  texts: readonly string[],
): ((scan: ScanText) => { readonly at: number; readonly text: string }[]) => {
  const literals = [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replaceAll(/[^a-z0-9_ ]/g, (character) => `\\${character}`));
  const pattern = new RegExp(literals.join('|'), 'g');
  return ({ lower, meter }) => {
    meter.steps += lower.length;
    return Array.from(lower.matchAll(pattern), ({ index, 0: text }) => ({ at: index, text }));
  };
};

interface ShapeOptions {
  readonly at: number;
  /** `L` letter, `D` digit, `A` either; one for each character. */
  readonly shape: string;
  /** What may stand, once, between two characters. */
  readonly separators: string;
}

/** The characters of a shape from `at` on, without separators, and where they end; null where it does not fit. */
export const takeShape = (
  { text, meter }: ScanText,
  { at, shape, separators }: ShapeOptions,
): { readonly characters: string; readonly end: number } | null => {
  let characters = '';
  let position = at;
  for (const wanted of shape) {
    meter.steps++;
    let code = text.charCodeAt(position);
    if (!isWanted(code, wanted) && position > at && separators.includes(text.charAt(position) || '\0')) {
      position++;
      code = text.charCodeAt(position);
    }
    if (!isWanted(code, wanted)) return null;
    characters += text[position]!;
    position++;
  }
  return { characters: characters.toUpperCase(), end: position };
};

const isWanted = (code: number, wanted: string): boolean =>
  wanted === 'D' ? isDigit(code) : wanted === 'L' ? isLetter(code) : isAlnum(code);
