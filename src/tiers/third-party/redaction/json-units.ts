/**
 * Reads JSON that arrives in pieces as characters: those of strings decoded, each with how it was written. Text that is no
 * JSON comes through as it is.
 */
import type { Unit } from './restore-units.js';

export interface UnitReader {
  push(text: string): Unit[];
  /** What was left of an escape that never ended. */
  flush(): Unit[];
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export const createTextReader = (): UnitReader => ({
  push: (text) => Array.from(text, (character) => ({ character, raw: character, inString: false })),
  flush: () => [],
});

export const createJsonReader = (): UnitReader => {
  let inString = false;
  /** An escape that is not whole yet. */
  let open = '';
  const isWhole = (text: string): boolean =>
    text.length > 1 && (text[1] !== 'u' || text.length === 6 || !/^\\u[0-9a-fA-F]*$/.test(text));
  const decode = (text: string): string => {
    if (/^\\u[0-9a-fA-F]{4}$/.test(text)) return String.fromCharCode(Number.parseInt(text.slice(2), 16));
    return text[1] === 'u' ? text : (escapes[text[1]!] ?? text[1]!);
  };
  return {
    push(text) {
      const units: Unit[] = [];
      for (const character of text) {
        if (open !== '') {
          open += character;
          if (!isWhole(open)) continue;
          units.push({ character: decode(open), raw: open, inString });
          open = '';
        } else if (inString && character === '\\') {
          open = character;
        } else {
          if (character === '"') inString = !inString;
          // Both quotes of a string are outside of it.
          units.push({ character, raw: character, inString: inString && character !== '"' });
        }
      }
      return units;
    },
    flush() {
      const rest = open;
      open = '';
      return Array.from(rest, (character) => ({ character, raw: character, inString }));
    },
  };
};
