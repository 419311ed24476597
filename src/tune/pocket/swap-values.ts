/**
 * Puts other words where a row has an open argument's value: what a person names cannot be learned by heart, it must be
 * copied from where it stands. Knows no tokens.
 */
import type { Rng } from '../rng.js';
import type { Row } from '../taxonomy/row.js';
import { cutAtArguments } from './vary-row.js';

/** Arguments that hold anything at all; a time or a device is not such. */
const openArguments: ReadonlySet<string> = new Set([
  ...['label', 'text', 'title', 'body', 'query', 'song', 'playlist', 'item', 'to', 'place'],
]);
/** Arguments whose values come from a large set, but not from any words. */
const listedArguments: ReadonlySet<string> = new Set(['time', 'day', 'when']);

/** Values by tool and argument, and loose words, that swaps draw from. */
export interface ValuePool {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

/** Collects from rows the values that stand in their text, and all words. */
export const createValuePool = (rows: readonly Row[]): ValuePool => {
  const values = new Map<string, string[]>();
  const words = new Set<string>();
  for (const { text, tool, args } of rows) {
    for (const word of text.split(' ')) if (/^[\p{L}\p{N}']+$/u.test(word)) words.add(word);
    for (const [name, value] of Object.entries(args ?? {})) {
      if (!text.includes(value)) continue;
      const key = `${tool}.${name}`;
      values.set(key, [...(values.get(key) ?? []), value]);
    }
  }
  return { values, words: [...words] };
};

export interface SwapOptions {
  readonly pool: ValuePool;
  readonly rng: Rng;
  /** Probability that a swapped open value becomes one to six loose words, and not another value of its kind. */
  readonly looseWords: number;
}

/** The row with another value in each of its swappable arguments; the row itself where it has none. */
export const swapValues = (row: Row, { pool, rng, looseWords }: SwapOptions): Row => {
  // Units have "to" as well, which is no open argument there.
  if (row.tool === 'convert_units' || row.args === null) return row;
  const segments = cutAtArguments(row);
  if (segments === null) return row;
  const args = { ...row.args };
  const text = segments.map((segment) => {
    if (segment.type !== 'arg') return segment.text;
    const isOpen = openArguments.has(segment.arg);
    if (!isOpen && !listedArguments.has(segment.arg)) return segment.text;
    const others = pool.values.get(`${row.tool}.${segment.arg}`) ?? [segment.value];
    const value =
      isOpen && rng.chance(looseWords)
        ? Array.from({ length: rng.between(1, 6) }, () => rng.pick(pool.words)).join(' ')
        : rng.pick(others);
    args[segment.arg] = value;
    return value;
  });
  return { ...row, text: text.join(''), args };
};
