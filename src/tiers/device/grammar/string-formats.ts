/**
 * The `format`s of JSON Schema that are enforced, as anchored patterns.
 *
 * Dates know the length of months and leap years; leap seconds are not written. Knows nothing of grammars.
 */
import type { Automaton } from './automaton.js';
import { automatonOfPattern } from './pattern-automaton.js';
import { parsePattern } from './pattern-syntax.js';

const leapYear = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const date = [
  '(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])',
  '(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)',
  `02-(?:0[1-9]|1\\d|2[0-8]))|${leapYear}-02-29)`,
].join('|');
const offset = '(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';
const time = `(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?${offset}`;
// DNS allows labels of 63; half of that keeps the automaton small and is longer than any in use.
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?';
const topLabel = '[A-Za-z]{2,16}';
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const group = '[0-9A-Fa-f]{1,4}';
const ipv6 = [
  `(?:${group}:){7}${group}`,
  ...[1, 2, 3, 4, 5, 6].map((before) => `(?:${group}:){1,${before}}(?::${group}){1,${7 - before}}`),
  `${group}:(?:(?::${group}){1,6})`,
  `:(?:(?::${group}){1,7}|:)`,
  `(?:${group}:){1,7}:`,
].join('|');
const unreserved = "[A-Za-z0-9._~!$&'()*+,;=@-]";
const escaped = '%[0-9A-Fa-f]{2}';
const path = `(?:${unreserved}|:|/|${escaped})*`;
const pathStart = `(?:${unreserved}|:|${escaped})`;
const tail = `(?:\\?(?:${unreserved}|[:/?]|${escaped})*)?(?:#(?:${unreserved}|[:/?]|${escaped})*)?`;
const userinfo = `(?:[A-Za-z0-9._~!$&'()*+,;=:-]|${escaped})*@`;
const authority = `(?:${userinfo})?(?:[A-Za-z0-9._~-]+|\\[(?:${ipv6})\\])(?::\\d{1,5})?`;
const uri = `[A-Za-z][A-Za-z0-9+.-]*:(?://${authority}(?:/${path})?|${pathStart}${path})${tail}`;
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const duration = [
  'P(?:\\d+W',
  '(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)(?:T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))?',
  'T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))',
].join('|');

const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `(?:${date})T${time}`,
  duration,
  email: `${atom}(?:\\.${atom})*@(?:${label}\\.)+${topLabel}`,
  hostname: `${label}(?:\\.${label})*`,
  ipv4,
  ipv6: `(?:${ipv6})`,
  uuid: '[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}',
  uri,
  url: `https?://(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\\.)+${topLabel}(?::\\d{2,5})?(?:/${path}${tail})?`,
  'json-pointer': '(?:/(?:[^~/]|~[01])*)*',
  byte: '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
};

/** Formats that say how a value is used, not what it looks like; nothing to enforce. */
export const descriptiveFormats: ReadonlySet<string> = new Set([
  'binary',
  'double',
  'float',
  'int32',
  'int64',
  'password',
  'text',
  'textarea',
]);

const automata = new Map<string, Automaton>();

/** The texts of a format; null for one that is not known. */
export const automatonOfFormat = (format: string): Automaton | null => {
  const known = automata.get(format);
  if (known !== undefined) return known;
  const pattern = Object.hasOwn(patterns, format) ? patterns[format] : undefined;
  if (pattern === undefined) return null;
  const automaton = automatonOfPattern(parsePattern(pattern), { anchored: true });
  automata.set(format, automaton);
  return automaton;
};

export const knownFormats: readonly string[] = Object.keys(patterns);
