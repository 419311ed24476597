/** Which known name somebody meant who wrote another one. Pure. */

const plain = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '');

/** Edits between two words: insertion, deletion, exchange, and swapped neighbours (optimal string alignment). */
const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, beforeLast[column - 2]! + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
};

const longestCompared = 64;

/**
 * The known name with the fewest edits, case and hyphens aside; null where more than a third of it would have to change.
 */
export const nearestName = (written: string, known: readonly string[]): string | null => {
  const wanted = plain(written).slice(0, longestCompared);
  let nearest: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const edits = editDistance(wanted, plain(name).slice(0, longestCompared));
    if (edits < fewest && edits <= Math.max(1, Math.floor(Math.max(name.length, wanted.length) / 3))) {
      fewest = edits;
      nearest = name;
    }
  }
  return nearest;
};

/** `unknown; did you mean x?`, or `unknown` where nothing is near. */
export const describeUnknown = (written: string, known: readonly string[]): string => {
  const nearest = nearestName(written, known);
  return nearest === null ? 'unknown' : `unknown; did you mean ${nearest}?`;
};
