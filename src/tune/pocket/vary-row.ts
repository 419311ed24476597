/**
 * Varies a labelled sentence as people vary theirs: frames, slips, dropped words; arguments stay right or are masked.
 *
 * For sentences that exist once (measured ones); generated rows vary at their source. Knows nothing of tokens.
 */

import { normalizeText } from '../../models/normalize-text.js';
import type { Rng } from '../rng.js';
import { paraphrase } from '../taxonomy/paraphrase.js';
import type { Row } from '../taxonomy/row.js';
import type { Segment } from '../taxonomy/template.js';

/** Cuts a text at its verbatim arguments; null where a value does not stand in the text word for word. */
export const cutAtArguments = (row: Row): Segment[] | null => {
  const places = Object.entries(row.args ?? {}).map(([arg, value]) => {
    const padded = ` ${row.text} `;
    const first = padded.indexOf(` ${value} `);
    return first >= 0 && padded.indexOf(` ${value} `, first + 1) < 0 ? { arg, value, at: first } : null;
  });
  if (places.includes(null)) return null;
  const sorted = places.filter((place) => place !== null).sort((a, b) => a.at - b.at);
  const segments: Segment[] = [];
  let from = 0;
  for (const { arg, value, at } of sorted) {
    if (at < from) return null;
    if (at > from) segments.push({ type: 'literal', text: row.text.slice(from, at) });
    segments.push({ type: 'arg', text: value, arg, value });
    from = at + value.length;
  }
  if (from < row.text.length) segments.push({ type: 'literal', text: row.text.slice(from) });
  return segments;
};

/** A variant of `row`; `dropWords` is the probability of losing a word, which masks the arguments. */
export const varyRow = (row: Row, options: { readonly rng: Rng; readonly dropWords: number }): Row => {
  const { rng, dropWords } = options;
  if (dropWords > 0) {
    const kept = row.text.split(' ').filter(() => !rng.chance(dropWords));
    return kept.length === 0 ? row : { ...row, text: kept.join(' '), args: null };
  }
  const segments = cutAtArguments(row);
  if (segments === null) return row;
  const varied = paraphrase(segments, { rng, strength: 1 });
  const text = normalizeText(
    varied
      .map((segment) => segment.text)
      .join('')
      .replace(/\s+/g, ' '),
  );
  if (text === '' || row.args === null) return { ...row, text };
  const args: Record<string, string> = {};
  for (const segment of varied) if (segment.type === 'arg') args[segment.arg] = normalizeText(segment.value);
  return { ...row, text, args };
};
