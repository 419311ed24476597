/**
 * The numbers that a text says, in digits or in English words, as digits: "twenty one" is 21, and may also be 20 and 1.
 *
 * Gives every reading of every run of number words and judges none; which one is meant, and as what, is not known here.
 */

const ones = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
  'eighteen nineteen'
).split(' ');
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const scales: ReadonlyMap<string, number> = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
]);
const belowHundred: ReadonlyMap<string, number> = new Map([
  ...ones.map((word, value): [string, number] => [word, value]),
  ...tens.map((word, index): [string, number] => [word, 20 + 10 * index]),
  ['fourty', 40],
]);

/** One way to read a run of number words: its digits, and where in the text it stands (UTF-16 units). */
export interface NumberReading {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
}

/** A digit sequence or a word, with what stands between it and the one before. */
interface Part {
  readonly text: string;
  readonly gap: string;
  readonly start: number;
  readonly end: number;
}

const partPattern = /\d+(?:,\d{3})*(?:\.\d+)?|\.\d+|\p{L}+/gu;
/** What may stand between the parts of one number. */
const gapPattern = /^(?: ?- ?|,? )$/;
/** Longer runs are no number that a person says: "nine hundred ninety nine million nine hundred ... and ninety nine". */
const maxParts = 20;

/** A part's own value: digits, or a word below one hundred; null for other words. */
const partValue = (part: string): number | null =>
  /^[\d.]/.test(part) ? Number(part.replaceAll(',', '')) : (belowHundred.get(part) ?? null);

/** May this word, below one hundred, follow that one in the same number? Only "forty" and "seven" make 47. */
const isTensAndOnes = (first: number, second: number): boolean =>
  first >= 20 && first < 100 && first % 10 === 0 && second > 0 && second < 10;

const digitsOf = (value: number): string | null =>
  Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER ? String(value) : null;

/** The values that runs of parts from this one on have, shortest first. */
const readingsFrom = (parts: readonly Part[], start: number): NumberReading[] => {
  const found: NumberReading[] = [];
  const add = (digits: string | null, end: number): void => {
    if (digits !== null) found.push({ digits, start: parts[start]!.start, end });
  };
  let total = 0;
  let group: number | null = null;
  let lowestScale = Number.POSITIVE_INFINITY;
  /** The last word below one hundred, where another may join it. */
  let last: number | null = null;
  for (let at = start; at < Math.min(parts.length, start + maxParts); at++) {
    const part = parts[at]!;
    if (at > start && !gapPattern.test(part.gap)) break;
    const value = partValue(part.text);
    const scale = scales.get(part.text);
    if (value !== null) {
      const joins =
        group === null || (last === null ? group % 100 === 0 && value < 100 : isTensAndOnes(last, value) && group > 0);
      if (!joins) break;
      group = (group ?? 0) + value;
      last = value;
    } else if (part.text === 'hundred' && (group ?? 1) > 0 && (group ?? 1) < 100) {
      group = (group ?? 1) * 100;
      last = null;
    } else if (scale !== undefined && scale < lowestScale && (group !== null || at === start)) {
      total += (group ?? 1) * scale;
      lowestScale = scale;
      group = null;
      last = null;
    } else if (part.text === 'and' && at > start && last === null) continue;
    else if (part.text === 'point' && group !== null && total === 0) {
      for (const decimal of decimals(parts, { at: at + 1, whole: group })) add(decimal.digits, decimal.end);
      break;
    } else break;
    if (at === start && /^\d/.test(part.text)) add(part.text.replaceAll(',', ''), part.end);
    add(digitsOf(total + (group ?? 0)), part.end);
  }
  return found;
};

/** "three point two five" is 3.2 and 3.25; "92 point 20" is 92.20. */
const decimals = (
  parts: readonly Part[],
  from: { readonly at: number; readonly whole: number },
): { readonly digits: string; readonly end: number }[] => {
  const found: { digits: string; end: number }[] = [];
  let places = '';
  for (let at = from.at; at < parts.length && gapPattern.test(parts[at]!.gap); at++) {
    const value = partValue(parts[at]!.text);
    if (value === null || !Number.isInteger(value)) break;
    places += /^\d+$/.test(parts[at]!.text) ? parts[at]!.text : String(value);
    found.push({ digits: `${from.whole}.${places}`, end: parts[at]!.end });
  }
  return found;
};

/**
 * All readings in order of where they start, the shortest first; digits have an optional decimal part ("6", "0.5",
 * "8000000"). Expects lower case (see `normalizeText`).
 */
export const numberReadingsInText = (text: string): NumberReading[] => {
  const parts: Part[] = [];
  let before = 0;
  for (const { 0: part, index: start } of text.matchAll(partPattern)) {
    const end = start + part.length;
    parts.push({ text: part, gap: text.slice(before, start), start, end });
    before = end;
  }
  return parts.flatMap((_, start) => readingsFrom(parts, start));
};

/** The digits of all readings, without duplicates, in order of appearance. */
export const numbersInText = (text: string): string[] => [
  ...new Set(numberReadingsInText(text).map(({ digits }) => digits)),
];
