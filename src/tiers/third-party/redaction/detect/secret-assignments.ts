/**
 * Secrets that a name says: `password=...`, `"api_key": "..."`, `my password is ...`.
 *
 * A value counts when it looks like one: more of a password (any in quotes), more strictly of a token, which is also a
 * word of grammar books. Types, references to variables, calls and masks are values of programs, not secrets.
 */
import { virtualQuote } from '../noncharacters.js';
import { isAlnum, isSpace } from './characters.js';
import { isOrdinaryValue } from './ordinary-values.js';
import { createTextFinder, type Detector, type Finding, runEnd, type ScanText } from './scan-text.js';

type NameClass = 'password' | 'pin' | 'key';

const named = (nameClass: NameClass, texts: string): [string, NameClass][] =>
  texts.split(', ').map((text) => [text, nameClass]);
const names: ReadonlyMap<string, NameClass> = new Map([
  ...named(
    'password',
    'password, passwort, passwd, passphrase, passcode, pwd, kennwort, mot de passe, contrasena, senha, wachtwoord',
  ),
  ...named('pin', 'pin, cvv, cvc, otp'),
  ...named(
    'key',
    'secret, token, credential, credentials, connection_string, connectionstring, authorization, session_id, sessionid',
  ),
  ...['api', 'access', 'private', 'auth', 'account', 'signing', 'encryption', 'secret', 'license'].flatMap((word) =>
    named('key', ['_', '-', ' ', ''].map((between) => `${word}${between}key`).join(', ')),
  ),
]);
const findNames = createTextFinder([...names.keys()]);

const reference = /^[a-z_$][\w$]*(?:(?:\.|\[|->|::)[\w$'"\]]+)+$|\(|^(?:process|os|env)\./i;
const maxValueUnits = 256;
const quotes = `"'\`${virtualQuote}`;

/** End of what may stand between a name and its value (`" : `, ` => `, ` is `), with how it says that the two belong together. */
const joint = (
  { text, lower }: ScanText,
  at: number,
): { readonly end: number; readonly sign: '=' | ':' | 'is' } | null => {
  const found = /^(?:[_-]?(?:value|string|\d{1,2}))?["'`\]]?[ \t]{0,4}(:=|=>|==?|:)[ \t]{0,4}/.exec(
    text.slice(at, at + 24),
  );
  if (found !== null) return { end: at + found[0].length, sign: found[1] === ':' ? ':' : '=' };
  const spoken = /^ (?:is|was|ist|est|es)(?: now)?:? {1,2}/.exec(lower.slice(at, at + 12));
  return spoken === null ? null : { end: at + spoken[0].length, sign: 'is' };
};

interface Value {
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
}

const valueAt = (scan: ScanText, at: number): Value => {
  const { text } = scan;
  const quote = text.charAt(at);
  if (quote !== '' && quotes.includes(quote)) {
    const test = (code: number): boolean =>
      code !== quote.charCodeAt(0) && (quote === virtualQuote || (code !== 0x0a && code !== 0x0d));
    const end = runEnd(scan, { at: at + 1, most: quote === virtualQuote ? 65_536 : maxValueUnits, test });
    if (text[end] === quote) return { start: at + 1, end, quoted: true };
  }
  const test = (code: number): boolean => !isSpace(code) && !'"\'`<>'.includes(String.fromCharCode(code));
  let end = runEnd(scan, { at, most: maxValueUnits, test });
  const parameter = /&[\w.~-]{1,32}=/.exec(text.slice(at, end));
  if (parameter !== null) end = at + parameter.index;
  const openers: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  while (end > at && ',;:.)]}\\'.includes(text[end - 1]!)) {
    const opener = openers[text[end - 1]!];
    if (opener !== undefined && text.slice(at, end).includes(opener)) break;
    end--;
  }
  return { start: at, end, quoted: false };
};

const hasDigit = (text: string): boolean => /\d/.test(text);
const isMixed = (text: string): boolean =>
  hasDigit(text) || /[^\p{L}\p{N}\s'-]/u.test(text.slice(1, -1)) || /\p{Ll}\p{Lu}/u.test(text);

const isSecret = (
  value: string,
  context: {
    readonly name: NameClass;
    readonly sign: '=' | ':' | 'is';
    readonly quoted: boolean;
    readonly endsLine: boolean;
  },
): boolean => {
  const { name, sign, quoted, endsLine } = context;
  if (name === 'pin') return /^\d{3,8}$/.test(value);
  if (value.length < 4 || isOrdinaryValue(value)) return false;
  if (!quoted && reference.test(value)) return false;
  if (name === 'password') {
    if (quoted || isMixed(value)) return true;
    return sign === '=' || (sign === ':' && endsLine && value.length >= 6);
  }
  if (sign === 'is' || /\s/.test(value)) return false;
  if (hasDigit(value)) return value.length >= (/\p{L}/u.test(value) ? 8 : 16);
  return quoted && value.length >= 12;
};

export const findSecretAssignments: Detector = (scan) => {
  const { text } = scan;
  const findings: Finding[] = [];
  let from = 0;
  for (const { at, text: name } of findNames(scan)) {
    const end = at + name.length;
    if (at < from || (names.get(name) === 'pin' && isAlnum(text.charCodeAt(at - 1)))) continue;
    scan.meter.steps += 24;
    const found = joint(scan, end);
    if (found === null) continue;
    const { start, end: valueEnd, quoted } = valueAt(scan, found.end);
    const endsLine = valueEnd === text.length || text[valueEnd] === '\n' || text[valueEnd] === '\r';
    const context = { name: names.get(name)!, sign: found.sign, quoted, endsLine };
    if (valueEnd === start || !isSecret(text.slice(start, valueEnd), context)) continue;
    findings.push({ kind: 'secret', start, end: valueEnd });
    from = valueEnd;
  }
  return findings;
};
