// One spelling for what people type or say: used on training rows and again on every request at inference,
// so it is pure and imports nothing. It does not know English beyond quotes and end punctuation.

/** A normalised text with where each of its UTF-16 units came from. */
export interface NormalizedText {
  readonly text: string;
  /**
   * `offsets[i]` is the index in the original of the character that gave `text[i]`; one entry more than `text` has
   * units, the last one pointing just after the last character kept.
   */
  readonly offsets: readonly number[];
}

const QUOTES: Readonly<Record<string, string>> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201a': "'",
  '\u201b': "'",
  '\u02bc': "'",
  '\u00b4': "'",
  '`': "'",
  '\u2032': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u201e': '"',
  '\u201f': '"',
  '\u2033': '"',
  '\u2013': '-',
  '\u2014': '-',
  '\u2212': '-',
  '\u2010': '-',
  '\u2011': '-',
  '\u2044': '/',
};
// A character with its combining marks is normalised as one; conjoining Hangul jamo likewise.
const CLUSTER = /[\u1100-\u11ff]+|\P{M}\p{M}*|\p{M}+/gu;
// Printable ASCII but for the backtick needs no folding.
const PLAIN = /^[\x20-\x5f\x61-\x7e]*$/;
const SPACE = /^[\s\u200b\u200e\u200f\ufeff]+$/u;
const TRAILING = /[\s.!?,]$/u;

/** NFKC, lower case, straight quotes and dashes, single spaces, no . ! ? or comma at the end. */
export function normalizeText(text: string): string {
  if (!PLAIN.test(text)) return normalizeWithOffsets(text).text;
  return text
    .toLowerCase()
    .replaceAll(/ +/g, ' ')
    .replace(/[ .!?,]+$/, '')
    .trimStart();
}

/** The same as normalizeText, keeping the way back to the original's casing and characters. */
export function normalizeWithOffsets(original: string): NormalizedText {
  let text = '';
  const offsets: number[] = [];
  let keptEnd = 0;
  const ends: number[] = [];
  for (const match of original.matchAll(CLUSTER)) {
    const at = match.index;
    const end = at + match[0].length;
    // NFKC first, so that it cannot bring back what the quote table and lower case took away.
    const cluster = fold(match[0]);
    for (const unit of cluster) {
      if (SPACE.test(unit)) {
        if (text === '' || text.endsWith(' ')) continue;
        text += ' ';
        offsets.push(at);
        ends.push(end);
        continue;
      }
      text += unit;
      for (let i = 0; i < unit.length; i++) {
        offsets.push(at);
        ends.push(end);
      }
    }
  }
  while (TRAILING.test(text)) {
    text = text.slice(0, -1);
    offsets.pop();
    ends.pop();
  }
  keptEnd = ends.at(-1) ?? 0;
  offsets.push(keptEnd);
  return { text, offsets };
}

/** The original characters behind `text.slice(start, end)`: a span found in the normalised text, in its own casing. */
export function originalSpan(
  original: string,
  options: { normalized: NormalizedText; start: number; end: number },
): string {
  const { offsets } = options.normalized;
  const from = offsets[options.start] ?? original.length;
  if (options.end <= options.start) return '';
  const lastUnit = offsets[options.end - 1] ?? from;
  let next = options.end;
  while (next < offsets.length - 1 && offsets[next] === lastUnit) next++;
  return original.slice(from, offsets[next] ?? original.length).trim();
}

function fold(cluster: string): string {
  // Quotes before NFKC: it would break an acute accent or a prime into a space and a mark.
  const plain = [...cluster].map((unit) => QUOTES[unit] ?? unit).join('');
  const folded = plain.normalize('NFKC').toLowerCase().normalize('NFKC');
  return [...folded].map((unit) => QUOTES[unit] ?? unit).join('');
}
