/**
 * A text as a detector reads it, with the way back to the text as it is: folded and decoded views of one original.
 *
 * Knows nothing of what is folded or decoded. Offsets are UTF-16 units throughout.
 */

export interface TextView {
  readonly text: string;
  /** Unit i of `text` came from the original's units `starts[i]` to `ends[i]`; null: from unit `base + i`. */
  readonly map: { readonly starts: readonly number[]; readonly ends: readonly number[] } | null;
  readonly base: number;
}

export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** A piece of the original that begins there at `base`, as it is. */
export const plainView = (text: string, base = 0): TextView => ({ text, map: null, base });

/** The original's units behind units `start` to `end` of a view; `end` must be greater than `start`. */
export const originalSpan = (view: TextView, { start, end }: TextSpan): TextSpan =>
  view.map === null
    ? { start: view.base + start, end: view.base + end }
    : { start: view.map.starts[start]!, end: view.map.ends[end - 1]! };

export interface ViewBuilder {
  /** Appends what the source's units `start` to `end` became; may be empty. */
  add(text: string, from: TextSpan): void;
  finish(): TextView;
}

/** Builds a view on top of another one. */
export const createViewBuilder = (source: TextView): ViewBuilder => {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    add(piece, from) {
      if (piece === '') return;
      const { start, end } = originalSpan(source, from);
      text += piece;
      for (let unit = 0; unit < piece.length; unit++) {
        starts.push(start);
        ends.push(end);
      }
    },
    finish: () => ({ text, map: { starts, ends }, base: 0 }),
  };
};
