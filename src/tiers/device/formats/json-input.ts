/**
 * Reads JSON out of a text that is still being written: whole values, values passed on as they come, objects key by key.
 *
 * Follows nesting and strings and leaves it to JSON.parse to judge the rest. Knows nothing of any format.
 */
import { nextIn, type Parsing, skipSpace, type TextInput } from './text-input.js';

/** Passes one JSON value on as it comes; false where the text ends inside it or there is none. */
export function* copyJsonValue(input: TextInput, emit: (text: string) => void): Parsing<boolean> {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let begun = false;
  for (;;) {
    const text = input.rest;
    let at = 0;
    let done = false;
    for (; at < text.length && !done; at++) {
      const character = text[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (character === '\\') escaped = true;
        else if (character === '"') {
          inString = false;
          done = depth === 0;
        }
        continue;
      }
      if (character === '"') inString = true;
      else if (character === '{' || character === '[') depth++;
      else if (character === '}' || character === ']') {
        if (depth === 0) {
          // The end of what surrounds a number or word.
          done = true;
          break;
        }
        done = --depth === 0;
      } else if (depth === 0 && (character === ',' || character === ':' || /\s|</.test(character))) {
        done = true;
        break;
      }
      begun = true;
    }
    if (at > 0) emit(input.take(at));
    if (done) return begun;
    if (input.ended) return begun && depth === 0 && !inString;
    yield;
  }
}

/** One whole JSON value as text; null where the text ends inside it or there is none. */
export function* readJsonText(input: TextInput): Parsing<string | null> {
  let text = '';
  const whole = yield* copyJsonValue(input, (piece) => {
    text += piece;
  });
  return whole ? text : null;
}

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** What to do with one member; must take its value and return true, or return false to give up. */
export type MemberReader = (key: string) => Parsing<boolean>;

/** Reads an object whose opening brace was not taken yet; false where it is none or breaks off. */
export function* readJsonObject(input: TextInput, readMember: MemberReader): Parsing<boolean> {
  yield* skipSpace(input);
  if (nextIn(input) !== '{') return false;
  input.take(1);
  for (;;) {
    yield* skipSpace(input);
    const next = nextIn(input);
    if (next === '}') {
      input.take(1);
      return true;
    }
    if (next === ',') {
      input.take(1);
      continue;
    }
    if (next !== '"') return false;
    const keyText = yield* readJsonText(input);
    const key = keyText === null ? undefined : parseJson(keyText);
    if (typeof key !== 'string') return false;
    yield* skipSpace(input);
    if (nextIn(input) !== ':') return false;
    input.take(1);
    yield* skipSpace(input);
    if (!(yield* readMember(key))) return false;
  }
}
