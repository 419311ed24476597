/**
 * Reading a model's output while it is still being written: parsers are generators that pause where the text ends so far.
 *
 * A parser sees one text, wherever its pieces were cut. Knows nothing of any format.
 */

/** A parser that yields each time it needs more text. */
export type Parsing<Result = void> = Generator<undefined, Result, undefined>;

export interface TextInput {
  /** Text that has come and was not taken yet. */
  readonly rest: string;
  /** True where no more text will come. */
  readonly ended: boolean;
  /** Where the rest begins in the whole text, in UTF-16 units. */
  readonly position: number;
  push(text: string): void;
  end(): void;
  /** Takes this many UTF-16 units of the rest. */
  take(count: number): string;
  /** Puts text back in front of the rest. */
  giveBack(text: string): void;
  /** From here on what is taken can be asked for, to give it back as plain text where it turns out to be nothing else. */
  mark(): void;
  takenSinceMark(): string;
}

export const createTextInput = (): TextInput => {
  let rest = '';
  let ended = false;
  let taken = '';
  let position = 0;
  return {
    get rest() {
      return rest;
    },
    get ended() {
      return ended;
    },
    get position() {
      return position;
    },
    push(text) {
      rest += text;
    },
    end() {
      ended = true;
    },
    take(count) {
      const text = rest.slice(0, count);
      rest = rest.slice(count);
      taken += text;
      position += text.length;
      return text;
    },
    giveBack(text) {
      rest = text + rest;
      position -= text.length;
      if (taken.endsWith(text)) taken = taken.slice(0, taken.length - text.length);
    },
    mark() {
      taken = '';
    },
    takenSinceMark: () => taken,
  };
};

/** The next character that has come; undefined where there is none. */
export const nextIn = (input: TextInput): string | undefined => input.rest[0];

/** Waits until so many characters are there; false where the text ends before. */
export function* available(input: TextInput, count: number): Parsing<boolean> {
  while (input.rest.length < count && !input.ended) yield;
  return input.rest.length >= count;
}

/** Takes `literal` where the text goes on with it. */
export function* tryLiteral(input: TextInput, literal: string): Parsing<boolean> {
  while (!input.ended && input.rest.length < literal.length && literal.startsWith(input.rest)) yield;
  if (!input.rest.startsWith(literal)) return false;
  input.take(literal.length);
  return true;
}

/** Takes white space and returns it. */
export function* skipSpace(input: TextInput): Parsing<string> {
  let space = '';
  for (;;) {
    const count = /^\s*/.exec(input.rest)?.[0].length ?? 0;
    space += input.take(count);
    if (input.rest !== '' || input.ended) return space;
    yield;
  }
}

/** Length of the longest end of `text` with which one of the markers may begin. */
const heldLength = (text: string, markers: readonly string[]): number => {
  let held = 0;
  for (const marker of markers)
    for (let length = Math.min(marker.length - 1, text.length); length > held; length--)
      if (text.endsWith(marker.slice(0, length))) {
        held = length;
        break;
      }
  return held;
};

/**
 * Gives text to `emit` up to the first of the markers, which is taken and returned; null where the text ends without one.
 * With `trimEnd`, white space before a marker is dropped. What follows is marked from there on, so that it can still be
 * given as text where the marker turns out to be nothing.
 */
export function* textUntil(
  input: TextInput,
  markers: readonly string[],
  options: { readonly emit: (text: string) => void; readonly trimEnd?: boolean },
): Parsing<string | null> {
  const emit = (text: string): void => {
    if (text !== '') options.emit(text);
  };
  for (;;) {
    const text = input.rest;
    let at = -1;
    let found: string | null = null;
    for (const marker of markers) {
      const index = text.indexOf(marker);
      if (index >= 0 && (at < 0 || index < at || (index === at && marker.length > found!.length))) {
        at = index;
        found = marker;
      }
    }
    if (found !== null) {
      const before = options.trimEnd === true ? text.slice(0, at).trimEnd() : text.slice(0, at);
      emit(input.take(before.length));
      input.mark();
      input.take(at - before.length + found.length);
      return found;
    }
    if (input.ended) {
      emit(input.take(text.length));
      return null;
    }
    const safe = text.slice(0, text.length - heldLength(text, markers));
    emit(input.take(options.trimEnd === true ? safe.trimEnd().length : safe.length));
    yield;
  }
}

/** All text up to a marker, which is taken; null (and nothing taken) where it does not come within `limit` characters. */
export function* collectUntil(
  input: TextInput,
  markers: readonly string[],
  options: { readonly limit: number },
): Parsing<{ readonly text: string; readonly marker: string } | null> {
  for (;;) {
    const first = markers
      .map((marker) => ({ marker, at: input.rest.indexOf(marker) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    if (first !== undefined) {
      const text = input.take(first.at);
      input.take(first.marker.length);
      return { text, marker: first.marker };
    }
    if (input.ended || input.rest.length > options.limit) return null;
    yield;
  }
}
