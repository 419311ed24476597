/**
 * Python literals as JSON: the arguments of calls that models write as `name(city="Paris", days=[1, 2], on=True)`.
 *
 * Understands strings, numbers, True, False, None, lists, tuples and dicts; anything else is no call. Knows no format.
 */

/** JSON text of the keyword arguments between the parentheses; null where they are not literals. */
export const pythonArguments = (source: string): string | null => {
  const reader = createReader(source);
  const members: string[] = [];
  for (;;) {
    reader.space();
    if (reader.ended()) return `{${members.join(', ')}}`;
    const name = reader.match(/[A-Za-z_]\w*\s*=/y);
    if (name === null) return null;
    const value = reader.value(0);
    if (value === null) return null;
    members.push(`${JSON.stringify(name.slice(0, -1).trim())}: ${value}`);
    reader.space();
    if (reader.match(/,/y) === null && !reader.ended()) return null;
  }
};

/** JSON text of one literal that makes up the whole text; null where it is none. */
export const pythonValue = (source: string): string | null => {
  const reader = createReader(source);
  const value = reader.value(0);
  reader.space();
  return reader.ended() ? value : null;
};

const words: Readonly<Record<string, string>> = {
  True: 'true',
  False: 'false',
  None: 'null',
  true: 'true',
  false: 'false',
  null: 'null',
};
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '', 0: '\0' };
const maxDepth = 64;

interface Reader {
  ended(): boolean;
  space(): void;
  match(pattern: RegExp): string | null;
  value(depth: number): string | null;
}

const createReader = (source: string): Reader => {
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };
  const space = (): void => void match(/\s*/y);
  const string = (): string | null => {
    const found = match(/'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y);
    if (found === null) return null;
    const text = found
      .slice(1, -1)
      .replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g, (_, x?: string, u?: string, c?: string) =>
        c === undefined ? String.fromCharCode(Number.parseInt((x ?? u)!, 16)) : (escapes[c] ?? c),
      );
    return JSON.stringify(text);
  };
  const list = (close: string, depth: number): string | null => {
    const items: string[] = [];
    for (;;) {
      space();
      if (source[at] === close) {
        at++;
        return `[${items.join(', ')}]`;
      }
      const item = value(depth + 1);
      if (item === null) return null;
      items.push(item);
      space();
      if (source[at] === ',') at++;
      else if (source[at] !== close) return null;
    }
  };
  const dict = (depth: number): string | null => {
    const members: string[] = [];
    for (;;) {
      space();
      if (source[at] === '}') {
        at++;
        return `{${members.join(', ')}}`;
      }
      const key = string();
      space();
      if (key === null || source[at++] !== ':') return null;
      const item = value(depth + 1);
      if (item === null) return null;
      members.push(`${key}: ${item}`);
      space();
      if (source[at] === ',') at++;
      else if (source[at] !== '}') return null;
    }
  };
  const value = (depth: number): string | null => {
    if (depth > maxDepth) return null;
    space();
    const next = source[at];
    if (next === "'" || next === '"') return string();
    if (next === '[' || next === '(') {
      at++;
      return list(next === '[' ? ']' : ')', depth);
    }
    if (next === '{') {
      at++;
      return dict(depth);
    }
    const number = match(/-?(?:0|[1-9][\d_]*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])/y);
    if (number !== null) return number.replaceAll('_', '');
    const word = match(/[A-Za-z]+/y);
    return word === null ? null : (words[word] ?? null);
  };
  return { ended: () => at >= source.length, space, match, value };
};
