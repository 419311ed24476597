/**
 * Sets of Unicode code points as sorted ranges: what character classes of patterns and grammars are made of.
 *
 * Surrogates are never in a set: text that a model decodes is UTF-8. Knows nothing of regular expressions.
 */

/** From and to, both included. */
export type CodePointRange = readonly [from: number, to: number];

export const anyCodePoint: readonly CodePointRange[] = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
];

/** Sorts, joins touching ranges and drops surrogates. */
export const normalizeRanges = (ranges: readonly CodePointRange[]): CodePointRange[] => {
  const sorted = ranges.filter(([from, to]) => from <= to).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return intersectRanges(joined, anyCodePoint);
};

/** Both must be sorted and without overlaps, here and below. */
export const intersectRanges = (a: readonly CodePointRange[], b: readonly CodePointRange[]): CodePointRange[] => {
  const result: CodePointRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [fromA, toA] = a[i]!;
    const [fromB, toB] = b[j]!;
    const from = Math.max(fromA, fromB);
    const to = Math.min(toA, toB);
    if (from <= to) result.push([from, to]);
    if (toA < toB) i++;
    else j++;
  }
  return result;
};

export const complementRanges = (ranges: readonly CodePointRange[]): CodePointRange[] => {
  const gaps: CodePointRange[] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= 0x10ffff) gaps.push([next, 0x10ffff]);
  return intersectRanges(gaps, anyCodePoint);
};

export const subtractRanges = (a: readonly CodePointRange[], b: readonly CodePointRange[]): CodePointRange[] =>
  intersectRanges(a, complementRanges(b));
