/**
 * The values that were found, and the search for every other place where one of them stands: in other case, in other
 * groups of digits, in the middle of a longer word.
 *
 * A value of under four characters is replaced where it is found and not looked for elsewhere: it would be everywhere.
 */
import { isWordBoundary } from './detect/characters.js';
import type { ScanText } from './detect/scan-text.js';
import { createTextSearch } from './text-search.js';

/** `value` is what makes two findings the same: see `canonicalValue`. */
export interface FoundValue {
  readonly kind: string;
  readonly value: string;
}

export interface ValueMatch extends FoundValue {
  readonly start: number;
  readonly end: number;
}

/** Kinds that are the same whatever stands between their digits. */
const squeezedKinds = new Set(['phone', 'card', 'iban', 'national-id']);
const separators = ' .-()/_+\t';
const leastSqueezedUnits = 7;
const leastUnits = 4;
/** Shorter values count only as whole words. */
const leastUnitsInsideWords = 8;

const isSqueezed = ({ kind }: FoundValue): boolean => squeezedKinds.has(kind);

const squeeze = (lower: string): { readonly text: string; readonly positions: readonly number[] } => {
  let text = '';
  const positions: number[] = [];
  for (let at = 0; at < lower.length; at++) {
    if (separators.includes(lower[at]!)) continue;
    text += lower[at]!;
    positions.push(at);
  }
  return { text, positions };
};

/** A finding's text as its kind compares it; `lower` is folded and lower case. */
export const canonicalValue = (kind: string, lower: string): string =>
  squeezedKinds.has(kind) ? squeeze(lower).text : lower;

/** The same for findings that are one value. */
export const valueKey = (found: FoundValue): string => `${isSqueezed(found)} ${found.value}`;

export type ValueSearch = (scan: ScanText) => ValueMatch[];

/** `wholeWords` are the kinds whose values never count inside a word: names, and addresses that begin others. */
export const createValueSearch = (
  values: readonly FoundValue[],
  { wholeWords }: { readonly wholeWords: ReadonlySet<string> },
): ValueSearch => {
  const distinct = (chosen: readonly FoundValue[]): FoundValue[] => [
    ...new Map(chosen.map((found) => [found.value, found])).values(),
  ];
  const squeezed = distinct(values.filter((found) => isSqueezed(found) && found.value.length >= leastSqueezedUnits));
  const exact = distinct(values.filter((found) => !isSqueezed(found) && found.value.length >= leastUnits));
  const searchSqueezed = createTextSearch(squeezed.map(({ value }) => value));
  const searchExact = createTextSearch(exact.map(({ value }) => value));
  return ({ lower, meter }) => {
    meter.steps += lower.length * 2;
    const found = searchExact(lower, ({ start, end, index }) => {
      const { kind, value } = exact[index]!;
      return (
        (value.length >= leastUnitsInsideWords && !wholeWords.has(kind)) ||
        (isWordBoundary(lower, start) && isWordBoundary(lower, end))
      );
    }).map(({ start, end, index }) => ({ ...exact[index]!, start, end }));
    if (squeezed.length === 0) return found;
    const { text, positions } = squeeze(lower);
    const more = searchSqueezed(text, () => true).map(({ start, end, index }) => ({
      ...squeezed[index]!,
      start: positions[start]!,
      end: positions[end - 1]! + 1,
    }));
    return [...found, ...more];
  };
};
