/**
 * Telephone numbers: international (ITU-T E.164), North American (NANP), and national ones with the trunk zero that most
 * of Europe writes. Digits alone are a plain number unless a word before them says "phone".
 */
import { isAlnum, isLetter } from './characters.js';
import { type DigitRun, spanOf } from './digit-runs.js';
import { type Detector, type Finding, hasCue, type ScanText } from './scan-text.js';

/** E.164: with the country code. */
const maxDigits = 15;
/** Country codes of two digits, and how those of three begin (ITU-T, List of assigned country codes). */
const twoDigitCodes = new Set(
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);
const threeDigitCodes = new Set('21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99'.split(' '));
const cue =
  /phone|\btel\b|\btel[.:]|mobil|\bcell|\bfax|whatsapp|\bsms\b|\bcall\b|\bhandy|telefon|telef|movil|celular|cellulare|portable|rufnummer|\bnummer/;
const separatorPattern = /^(?! {2})[ .\-/()]{1,3}$/;

const isNorthAmerican = (digits: string): boolean => /^[2-9](?!11)\d\d[2-9](?!11)\d{6}$/.test(digits);

const isInternational = (digits: string): boolean => {
  if (digits[0] === '1') return digits.length === 11 && isNorthAmerican(digits.slice(1));
  if (digits[0] === '7') return digits.length === 11;
  const code = digits.slice(0, 2);
  return digits.length >= 8 && (twoDigitCodes.has(code) || threeDigitCodes.has(code));
};

interface Position {
  readonly run: DigitRun;
  readonly at: number;
}

/** The longest stretch of groups from `at` on, with separators of telephone numbers, that passes. */
const longest = (
  scan: ScanText,
  { run, at, test }: Position & { readonly test: (digits: string) => boolean },
): { readonly start: number; readonly end: number; readonly to: number } | null => {
  let digits = '';
  let found = null;
  for (let to = at; to < run.groups.length; to++) {
    if (to > at && !separatorPattern.test(run.separators[to - 1]!)) break;
    if (digits.length + run.groups[to]!.digits.length > maxDigits + 2) break;
    digits += run.groups[to]!.digits;
    scan.meter.steps++;
    if (test(digits)) found = { start: run.groups[at]!.start, end: run.groups[to]!.end, to };
  }
  return found;
};

/** `+49 30 1234567`, `+(49) 30 ...`, `0049 30 ...`. */
const international = (scan: ScanText, { run, at }: Position): Finding | null => {
  const { text } = scan;
  const { start, digits } = run.groups[at]!;
  const plus = text[start - 1] === '+' ? start - 1 : text.slice(start - 2, start) === '+(' ? start - 2 : null;
  if (plus !== null) {
    if (isAlnum(text.charCodeAt(plus - 1))) return null;
    const found = longest(scan, { run, at, test: (number) => number.length <= maxDigits && isInternational(number) });
    return found === null ? null : { kind: 'phone', start: plus, end: found.end };
  }
  if (!digits.startsWith('00') || isAlnum(text.charCodeAt(start - 1))) return null;
  const found = longest(scan, { run, at, test: (number) => isInternational(number.slice(2)) });
  return found === null ? null : { kind: 'phone', start, end: found.end };
};

/** `(415) 555-2671`, `1-415-555-2671`; three groups of a longer list of numbers are none. */
const northAmericanNational = ({ text }: ScanText, { run, at }: Position): Finding | null => {
  const { groups, separators } = run;
  const first = groups[at]!.digits === '1' ? at + 1 : at;
  const last = first + 2;
  if ([3, 3, 4].some((length, index) => groups[first + index]?.digits.length !== length)) return null;
  const { digits, start, end } = spanOf(run, { from: first, to: last });
  const between = separators.slice(at, last);
  if (!isNorthAmerican(digits) || between.some((separator) => !separatorPattern.test(separator))) return null;
  const isList =
    between.every((separator) => separator === ' ') && (separators[at - 1] === ' ' || separators[last] === ' ');
  if (isList || separators[at - 1] === '.') return null;
  const from = first > at ? groups[at]!.start : start - (text[start - 1] === '(' ? 1 : 0);
  if (isLetter(text.charCodeAt(from - 1)) || isLetter(text.charCodeAt(end))) return null;
  return { kind: 'phone', start: from, end };
};

const looksLikeDate = (text: string): boolean =>
  /^(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})(?!\d)|\d{4}([./-])\d{1,2}\2\d{1,2}(?!\d))/.test(text);

/** `030 1234567`, `(020) 7946 0958`, `01 23 45 67 89`, `06-12345678`: in two groups or more. */
const trunkZero = (scan: ScanText, { run, at }: Position): Finding | null => {
  const { text } = scan;
  const { start, digits } = run.groups[at]!;
  const before = run.separators[at - 1];
  if (digits[0] !== '0' || isAlnum(text.charCodeAt(start - 1))) return null;
  if (before !== undefined && before !== ' ' && before !== '(') return null;
  // A zero alone is one before a decimal point, or the one of `(0)30`.
  if (digits === '0' && run.separators[at] !== ')') return null;
  if (
    looksLikeDate(text.slice(start, start + 12)) &&
    !/^\d\d(.)\d\d\1\d\d\1\d\d\1\d\d/.test(text.slice(start, start + 14))
  )
    return null;
  const found = longest(scan, { run, at, test: (number) => /^0[1-9]\d{7,10}$/.test(number) });
  if (found === null || found.to === at || isLetter(text.charCodeAt(found.end))) return null;
  return { kind: 'phone', start: start - (text[start - 1] === '(' ? 1 : 0), end: found.end };
};

/** Seven digits or more behind a word such as "phone". */
const announced = (scan: ScanText, { run, at }: Position): Finding | null => {
  const { text } = scan;
  const { start } = run.groups[at]!;
  if (at > 0 || isAlnum(text.charCodeAt(start - 1)) || !hasCue(scan, { at: start, pattern: cue })) return null;
  if (looksLikeDate(text.slice(start, start + 12))) return null;
  const found = longest(scan, { run, at, test: (number) => number.length >= 7 && number.length <= maxDigits });
  if (found === null || isLetter(text.charCodeAt(found.end))) return null;
  return { kind: 'phone', start: start - (text[start - 1] === '(' ? 1 : 0), end: found.end };
};

const ways = [international, northAmericanNational, trunkZero, announced];

export const findPhones: Detector = (scan) =>
  scan.digitRuns.flatMap((run) =>
    run.groups.flatMap((_, at): Finding[] => {
      for (const way of ways) {
        const finding = way(scan, { run, at });
        if (finding !== null) return [finding];
      }
      return [];
    }),
  );
