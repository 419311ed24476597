/**
 * Cuts JSON text into its strings and numbers, each with the name that it stands under and the way back to where it
 * stands, so that values can be replaced without touching a byte of the rest.
 *
 * Knows nothing of what is looked for. Duplicate names, the order and the spelling of numbers stay as they are.
 */
import { createViewBuilder, plainView, type TextView } from './text-view.js';

export interface JsonSegment {
  readonly form: 'string' | 'number';
  /** The string's decoded text; the number as written. */
  readonly view: TextView;
  /** The member's name that the value stands under, through arrays too; null for names themselves. */
  readonly name: string | null;
}

interface Frame {
  readonly isObject: boolean;
  name: string | null;
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The decoded view of the string that begins behind the quote at `from - 1`; `end` is its closing quote. */
const stringView = (raw: string, from: number): { readonly view: TextView; readonly end: number } => {
  let end = from;
  while (raw[end] !== '"') end += raw[end] === '\\' ? 2 : 1;
  const inside = raw.slice(from, end);
  if (!inside.includes('\\')) return { view: plainView(inside, from), end };
  const builder = createViewBuilder(plainView(raw));
  for (let at = from; at < end; ) {
    const letter = raw[at] === '\\' ? raw[at + 1]! : null;
    const length = letter === null ? 1 : letter === 'u' ? 6 : 2;
    const text =
      letter === null
        ? raw[at]!
        : letter === 'u'
          ? String.fromCharCode(Number.parseInt(raw.slice(at + 2, at + 6), 16))
          : (escapes[letter] ?? letter);
    builder.add(text, { start: at, end: at + length });
    at += length;
  }
  return { view: builder.finish(), end };
};

const isContainer = (raw: string): boolean => {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
};

/** The strings, names among them, and numbers of an object or array, in order; null for any other text. */
export const jsonSegments = (raw: string): JsonSegment[] | null => {
  if (!/^\s*[[{]/.test(raw) || !isContainer(raw)) return null;
  const segments: JsonSegment[] = [];
  const frames: Frame[] = [];
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at]!;
    const frame = frames.at(-1);
    if (character === '{' || character === '[') {
      frames.push({ isObject: character === '{', name: frame?.name ?? null });
    } else if (character === '}' || character === ']') {
      frames.pop();
    } else if (character === '"') {
      const { view, end } = stringView(raw, at + 1);
      const follows = /[^ \t\r\n]/g;
      follows.lastIndex = end + 1;
      const isName = frame!.isObject && follows.exec(raw)![0] === ':';
      segments.push({ form: 'string', view, name: isName ? null : frame!.name });
      if (isName) frame!.name = view.text;
      at = end;
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      const start = at;
      while (/[-+.\deE]/.test(raw.charAt(at + 1))) at++;
      segments.push({ form: 'number', view: plainView(raw.slice(start, at + 1), start), name: frame!.name });
    }
  }
  return segments;
};
