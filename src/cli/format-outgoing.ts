/**
 * The bytes that would go to a third party, for a person to read on a terminal: every field of them as indented text, or
 * exactly as they are. The text is made of the bytes themselves, so that it cannot say anything else.
 *
 * Each row stands behind a bar, so that no content can pass for what Spillway says beside it.
 */
import { stringify } from 'yaml';
import { textFor } from './terminal.js';

export interface ShownSize {
  /** Of the terminal; Infinity to break no line. */
  readonly columns: number;
  /** Rows at most; Infinity for all. */
  readonly rows: number;
}

const bar = '  | ';
/** From here on characters may be two columns wide. */
const firstWide = 0x1100;
/** They turn the direction of what stands around them. */
const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const readable = (text: string): string => textFor({ isTTY: true }, text).replace(directionMarks, '\ufffd');

/** In rows of at most so many columns. */
const wrap = (line: string, columns: number): string[] => {
  const rows: string[] = [];
  let row = '';
  let width = 0;
  for (const character of line) {
    const wide = (character.codePointAt(0) ?? 0) >= firstWide ? 2 : 1;
    if (width + wide > columns) {
      rows.push(row);
      row = '';
      width = 0;
    }
    row += character;
    width += wide;
  }
  return [...rows, row];
};

const barred = (text: string, { columns, rows }: ShownSize): string => {
  const all = text.split('\n').flatMap((line) => wrap(line, Math.max(20, columns - bar.length)));
  const shown = all.length <= rows ? all : all.slice(0, Math.max(1, rows - 1));
  const rest = all.length - shown.length;
  const lines = rest === 0 ? shown : [...shown, `... ${rest} more ${rest === 1 ? 'row' : 'rows'}`];
  return lines.map((line) => `${bar}${line}`.trimEnd()).join('\n');
};

/** JSON is shown field by field; anything else as it is. */
export const formatBody = (body: string, size: ShownSize): string => {
  let text = body;
  try {
    text = stringify(JSON.parse(body), { lineWidth: 0 }).trimEnd();
  } catch {}
  return barred(readable(text), size);
};

/** The bytes as they are; JSON says the same with the escapes that stand for what a terminal would obey. */
export const formatExactBody = (body: string, columns: number): string => {
  const escaped = body.replace(directionMarks, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return barred(readable(escaped), { columns, rows: Number.POSITIVE_INFINITY });
};
