/**
 * Takes one layer of encoding off a text: JSON and string escapes, percent-encoding, HTML's character references.
 *
 * Which of them a text really is in is not known and not asked: whoever looks for a value looks at every layer.
 * Base64 and compression are not undone.
 */
import { foldView } from './fold-text.js';
import { createViewBuilder, type TextView } from './text-view.js';

const percent = /(?:%[0-9a-fA-F]{2})+/y;
const escaped = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrtbfv0])|([!-/:-@[-`{-~]))/y;
const reference = /&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/y;
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: ' ', f: ' ', v: ' ', '0': ' ' };
const names: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    commat: '@',
    period: '.',
    lowbar: '_',
    colon: ':',
    plus: '+',
    dash: '-',
    hyphen: '-',
    equals: '=',
    sol: '/',
    lpar: '(',
    rpar: ')',
  }),
);
const maxLayers = 4;

const ofPoint = (point: number): string => (point <= 0x10ffff ? String.fromCodePoint(point) : '');

/** How many bytes a UTF-8 sequence has that begins with this one; 0 for a byte that begins none (RFC 3629). */
const utf8Length = (lead: number): number => {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
};

/** Characters of a run of `%XX`, with how many bytes each takes; bytes that are no UTF-8 stay as they are. */
const percentCharacters = (run: string): { readonly text: string; readonly bytes: number }[] => {
  const bytes = run
    .slice(1)
    .split('%')
    .map((hex) => Number.parseInt(hex, 16));
  const characters: { text: string; bytes: number }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes[at]!);
    const rest = bytes.slice(at + 1, at + length);
    const whole = length > 0 && rest.length === length - 1 && rest.every((byte) => byte >> 6 === 2);
    if (!whole) {
      characters.push({ text: run.slice(at * 3, at * 3 + 3), bytes: 1 });
      at++;
      continue;
    }
    const lead = length === 1 ? bytes[at]! : bytes[at]! & (0xff >> (length + 1));
    characters.push({ text: ofPoint(rest.reduce((point, byte) => (point << 6) | (byte & 0x3f), lead)), bytes: length });
    at += length;
  }
  return characters;
};

/** The view with one layer taken off; null where there is none. */
const decodeView = (view: TextView): TextView | null => {
  const { text } = view;
  if (!/[%\\&]/.test(text)) return null;
  const builder = createViewBuilder(view);
  let changed = false;
  const match = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const replace = (found: RegExpExecArray, to: string): number => {
    builder.add(to, { start: found.index, end: found.index + found[0].length });
    changed = true;
    return found.index + found[0].length;
  };
  for (let at = 0; at < text.length; ) {
    const character = text[at]!;
    if (character === '%') {
      const run = match(percent, at);
      if (run !== null) {
        for (const { text: decoded, bytes } of percentCharacters(run[0])) {
          changed ||= decoded.length !== bytes * 3;
          builder.add(decoded, { start: at, end: at + bytes * 3 });
          at += bytes * 3;
        }
        continue;
      }
    } else if (character === '\\') {
      const found = match(escaped, at);
      if (found !== null) {
        const hex = found[1] ?? found[2] ?? found[3];
        at = replace(found, hex === undefined ? (found[5] ?? controls[found[4]!]!) : ofPoint(Number.parseInt(hex, 16)));
        continue;
      }
    } else if (character === '&') {
      const found = match(reference, at);
      const decoded =
        found === null
          ? undefined
          : found[3] === undefined
            ? ofPoint(Number.parseInt(found[1] ?? found[2]!, found[1] === undefined ? 16 : 10))
            : names.get(found[3]);
      if (found !== null && decoded !== undefined) {
        at = replace(found, decoded);
        continue;
      }
    }
    builder.add(character, { start: at, end: at + 1 });
    at++;
  }
  return changed ? builder.finish() : null;
};

/** The folded text, then each further layer folded, four at most: what `\\u0034%2531` hides is in one of them. */
export const viewLayers = (view: TextView): TextView[] => {
  const layers = [foldView(view)];
  while (layers.length <= maxLayers) {
    const decoded = decodeView(layers.at(-1)!);
    if (decoded === null) break;
    layers.push(foldView(decoded));
  }
  return layers;
};
