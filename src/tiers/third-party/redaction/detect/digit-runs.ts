/**
 * Groups of digits with what stands between them: `4111 1111-1111 1111` is one run of four groups.
 *
 * One pass over the text for all detectors of numbers. Knows no kind of number.
 */
import { isDigit } from './characters.js';

export interface DigitGroup {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
}

export interface DigitRun {
  readonly groups: readonly DigitGroup[];
  /**
   * `separators[i]` stands between groups i and i + 1: one character of ` .-()/_` (spaces around another one are left
   * out), or the whole text of a longer separator.
   */
  readonly separators: readonly string[];
}

export interface DigitMatch {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
}

const separators = ' .-()/_';
const maxSeparatorUnits = 3;

const symbolOf = (separator: string): string => {
  const trimmed = separator.trim();
  if (trimmed === '') return separator.length === 1 ? ' ' : separator;
  return trimmed.length === 1 ? trimmed : separator;
};

export const findDigitRuns = (text: string): DigitRun[] => {
  const runs: DigitRun[] = [];
  let groups: DigitGroup[] = [];
  let between: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (!isDigit(text.charCodeAt(at))) {
      at++;
      continue;
    }
    const start = at;
    while (isDigit(text.charCodeAt(at))) at++;
    groups.push({ start, end: at, digits: text.slice(start, at) });
    let next = at;
    while (next - at < maxSeparatorUnits && separators.includes(text.charAt(next) || '|')) next++;
    const separator = text.slice(at, next);
    // A full stop with a space ends a sentence, and with it the number.
    if (separator !== '' && !separator.includes('. ') && isDigit(text.charCodeAt(next))) {
      between.push(symbolOf(separator));
    } else {
      runs.push({ groups, separators: between });
      groups = [];
      between = [];
    }
    at = next;
  }
  return runs;
};

/** How a number is written: the lengths of its groups, and the separators between them, one text per way. */
export interface DigitShape {
  readonly lengths: readonly number[];
  readonly separators: readonly string[];
  /** Not where the same separator leads on to further groups, as in a list of numbers. */
  readonly alone?: boolean;
}

/** The groups from `at` on where they have the shape; null where they have not. */
export const matchShape = (
  run: DigitRun,
  { at, shape }: { readonly at: number; readonly shape: DigitShape },
): DigitMatch | null => {
  const { lengths, alone = false } = shape;
  const last = at + lengths.length - 1;
  if (last >= run.groups.length) return null;
  for (let index = 0; index < lengths.length; index++)
    if (run.groups[at + index]!.digits.length !== lengths[index]) return null;
  const between = run.separators.slice(at, last);
  if (between.length > 0 && !shape.separators.includes(between.join(''))) return null;
  if (alone && between.length > 0 && (run.separators[at - 1] === between[0] || run.separators[last] === between.at(-1)))
    return null;
  return spanOf(run, { from: at, to: last });
};

/** Groups `from` to `to`, both included. */
export const spanOf = (run: DigitRun, { from, to }: { readonly from: number; readonly to: number }): DigitMatch => ({
  digits: run.groups
    .slice(from, to + 1)
    .map((group) => group.digits)
    .join(''),
  start: run.groups[from]!.start,
  end: run.groups[to]!.end,
});
