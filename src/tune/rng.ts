// A small seeded random generator (sfc32), the only source of chance in training and its data, so that a seed repeats a
// run. It knows nothing of what is drawn. Not for anything secret.

/** A deterministic stream of draws. */
export interface Rng {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, n). */
  int(n: number): number;
  /** A whole number in [low, high], both ends included. */
  between(low: number, high: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** A draw from the standard normal distribution (Box-Muller). */
  normal(): number;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** One item of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
  /** One item, drawn in proportion to `weight(item)`. */
  pickWeighted<T>(items: readonly T[], weight: (item: T) => number): T;
  /** A stream of its own, the same for the same seed and label however much was drawn here before. */
  fork(label: string): Rng;
}

/** A generator for a seed: a whole number or a text. */
export function createRng(seed: number | string): Rng {
  const key = String(seed);
  let a = hash(key, 0x9e3779b9);
  let b = hash(key, 0x243f6a88);
  let c = hash(key, 0xb7e15162);
  let counter = 1;

  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();

  const int = (n: number): number => Math.floor(next() * n);
  return {
    next,
    int,
    between: (low, high) => low + int(high - low + 1),
    chance: (p) => next() < p,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle: (items) => {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [result[i], result[j]] = [result[j]!, result[i]!];
      }
      return result;
    },
    pick: (items) => {
      if (items.length === 0) throw new RangeError('Cannot pick from an empty list');
      return items[int(items.length)]!;
    },
    pickWeighted: (items, weight) => {
      let total = 0;
      for (const item of items) total += weight(item);
      let left = next() * total;
      for (const item of items) {
        left -= weight(item);
        if (left < 0) return item;
      }
      const last = items.at(-1);
      if (last === undefined) throw new RangeError('Cannot pick from an empty list');
      return last;
    },
    fork: (label) => createRng(`${key}/${label}`),
  };
}

/** FNV-1a over UTF-16 units with a final avalanche, 32 bits. */
function hash(text: string, start: number): number {
  let h = start;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
