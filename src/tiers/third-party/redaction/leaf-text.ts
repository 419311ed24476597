/**
 * One text of a request while it is being redacted: what to look through, where findings in it lie in the original, and
 * the text with its spans replaced.
 *
 * Knows how texts are cut and put together, not what is looked for.
 */
import { viewLayers } from './decode-text.js';
import { createScanText, type Meter, type ScanText } from './detect/scan-text.js';
import { type JsonSegment, jsonSegments } from './json-segments.js';
import { virtualQuote } from './noncharacters.js';
import type { Placeholder, Spelling } from './placeholders.js';
import { originalSpan, plainView, type TextSpan, type TextView } from './text-view.js';
import type { Leaf } from './walk-fields.js';

/** A text to look through; spans in it lie in the leaf's text by `toLeaf`, null for what is not the leaf's own. */
export interface Layer {
  readonly scan: ScanText;
  readonly toLeaf: (span: TextSpan) => (TextSpan & { readonly isNumber: boolean }) | null;
}

export interface Reading {
  readonly meter: Meter;
  /** Hides placeholders from the detectors. */
  readonly mask: (text: string) => string;
}

interface Segment {
  readonly form: 'text' | 'string' | 'number';
  readonly view: TextView;
  readonly name: string | null;
}

/** What is looked for in a value is told its name: `password: "..."`. */
const segmentLayers = ({ form, view, name }: Segment, { meter, mask }: Reading): Layer[] => {
  const quote = form === 'number' ? '' : virtualQuote;
  const before = name === null ? '' : `${name}: ${quote}`;
  const after = name === null ? '' : quote;
  const whole = { start: view.base, end: view.base + view.text.length };
  return viewLayers(view).map((layer) => ({
    scan: createScanText(`${before}${mask(layer.text)}${after}`, meter),
    toLeaf: ({ start, end }) => {
      const from = Math.max(0, start - before.length);
      const to = Math.min(layer.text.length, end - before.length);
      if (from >= to) return null;
      return form === 'number'
        ? { ...whole, isNumber: true }
        : { ...originalSpan(layer, { start: from, end: to }), isNumber: false };
    },
  }));
};

const innerJson = ({ form, text }: Leaf): JsonSegment[] | null =>
  form === 'text' || form === 'arguments' ? jsonSegments(text) : null;

export const isJsonLeaf = (leaf: Leaf): boolean => innerJson(leaf) !== null;

/** A leaf's text cut into what is looked through: JSON value by value, other texts whole. */
export const leafLayers = (leaf: Leaf, reading: Reading): Layer[] => {
  const { form, text, name } = leaf;
  reading.meter.steps += text.length;
  const inner = innerJson(leaf);
  const segments: readonly Segment[] = inner ?? [
    { form: form === 'number' ? 'number' : 'text', view: plainView(text), name },
  ];
  return segments.flatMap((segment) => segmentLayers(segment, reading));
};

/** How the text of a span is spelled, in the text and as a JSON value. */
export const spellingOf = (
  { form, text }: Leaf,
  { start, end, isNumber, inJson }: TextSpan & { readonly isNumber: boolean; readonly inJson: boolean },
): Spelling => {
  const raw = text.slice(start, end);
  const value = inJson && !isNumber ? (JSON.parse(`"${raw}"`) as string) : raw;
  // What reads the arguments reads the value, however it was escaped.
  return { text: form === 'arguments' ? value : raw, value, isNumber };
};

/** A replaced or verbatim piece of a rendered text, with where it came from. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly original: TextSpan;
  readonly replaced: boolean;
}

export interface RenderedText {
  readonly text: string;
  /** Where a span of the rendered text lies in the original; all of what a placeholder stands for where it cuts one. */
  readonly toOriginal: (span: TextSpan) => TextSpan;
}

/** The text with its spans, which must be sorted and apart, replaced. */
export const renderLeaf = (
  { form, text }: Leaf,
  replacements: readonly (TextSpan & { readonly placeholder: Placeholder })[],
): RenderedText => {
  let rendered = '';
  const pieces: Piece[] = [];
  const add = (piece: string, original: TextSpan, replaced: boolean): void => {
    if (piece === '') return;
    pieces.push({ start: rendered.length, end: rendered.length + piece.length, original, replaced });
    rendered += piece;
  };
  let at = 0;
  for (const { start, end, placeholder } of replacements) {
    add(text.slice(at, start), { start: at, end: start }, false);
    add(shapeOf(form, placeholder), { start, end }, true);
    at = end;
  }
  add(text.slice(at), { start: at, end: text.length }, false);
  const pieceAt = (position: number): Piece => {
    let [low, high] = [0, pieces.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pieces[middle]!.end <= position) low = middle + 1;
      else high = middle;
    }
    return pieces[low]!;
  };
  return {
    text: rendered,
    toOriginal: ({ start, end }) => {
      const [first, last] = [pieceAt(start), pieceAt(end - 1)];
      return {
        start: first.replaced ? first.original.start : first.original.start + start - first.start,
        end: last.replaced ? last.original.end : last.original.start + end - last.start,
      };
    },
  };
};

/** Names and ids hold no brackets; what stood for a number in JSON becomes a string. */
const shapeOf = (form: Leaf['form'], { core, isNumber }: Placeholder): string => {
  switch (form) {
    case 'name':
    case 'id':
      return core;
    case 'number':
      return `[${core}]`;
    case 'text':
    case 'arguments':
    case 'url':
      return isNumber ? `"[${core}]"` : `[${core}]`;
    default:
      return form satisfies never;
  }
};
