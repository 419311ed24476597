/**
 * The spans of one text that are to be replaced: sorted, apart from each other; what overlaps is one span.
 *
 * Of findings that overlap the longest says what the whole is: a mail address with a telephone number in it is an
 * address.
 */
import type { FoundValue } from './found-values.js';
import type { TextSpan } from './text-view.js';

export interface FoundSpan extends TextSpan {
  readonly found: FoundValue;
  /** Of what says what the span is; a span can outgrow it. */
  readonly foundUnits: number;
  readonly isNumber: boolean;
  /** By a detector, and not only as a value known from elsewhere. */
  readonly isDetected: boolean;
}

const join = (a: FoundSpan, b: FoundSpan): FoundSpan => {
  const leading = b.foundUnits > a.foundUnits ? b : a;
  return {
    ...leading,
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
    isNumber: a.isNumber || b.isNumber,
    isDetected: a.isDetected || b.isDetected,
  };
};

/** The span that begins last at or before `start`; spans are sorted and apart. */
const lastBefore = (spans: readonly FoundSpan[], start: number): FoundSpan | undefined => {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.start <= start) low = middle + 1;
    else high = middle;
  }
  return spans[low - 1];
};

/** Spans and new findings as one set; the same array where the findings say nothing new. */
export const mergeSpans = (spans: readonly FoundSpan[], findings: readonly FoundSpan[]): readonly FoundSpan[] => {
  const fresh = findings.filter(({ start, end, isDetected }) => {
    const around = lastBefore(spans, start);
    return around === undefined || end > around.end || (isDetected && !around.isDetected);
  });
  if (fresh.length === 0) return spans;
  const merged: FoundSpan[] = [];
  for (const span of [...spans, ...fresh].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start < last.end) merged[merged.length - 1] = join(last, span);
    else merged.push(span);
  }
  return merged;
};
