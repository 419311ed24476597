/**
 * Strings that look drawn by lot: long, of several classes of characters, changing class every other character.
 *
 * Not secrets: hexadecimal digests (git, MD5, SHA), UUIDs, `sha512-...` integrity values, numbers, paths, slugs and
 * identifiers, whose pieces are words.
 */
import { isAlnum } from './characters.js';
import { type Detector, type Finding, runEnd } from './scan-text.js';

const leastUnits = 20;
/** Tokens of lower-case letters and digits alone, or of upper-case ones, are told from names only when longer. */
const leastUnitsOfOneCase = 28;
/**
 * Mean length of a token's pieces. Random letters of both cases and digits have 1.9, of one case and digits 2.5;
 * identifiers have more than 3.5.
 */
const mostPieceUnits = 2.9;
const mostPieceUnitsOfOneCase = 3.1;
/** Base64 has a sign that separates words, or is one, in 32 characters; slugs and paths have more. */
const leastUnitsPerSeparator = 12;
const leastBitsPerUnit = 3.3;
/** Entropy is taken over this many units, enough to tell. */
const sampleUnits = 512;

/** Subresource integrity: a digest of something public. */
const integrity = /^sha(?:256|384|512)-/;

const isTokenCode = (code: number): boolean =>
  isAlnum(code) || code === 0x2b || code === 0x2f || code === 0x5f || code === 0x2d;

const shannonBits = (text: string): number => {
  const counts = new Map<string, number>();
  for (const unit of text) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
};

/** Pieces as camel case, digits and separators cut them. */
const pieceCount = (text: string): number =>
  (text.match(/[A-Z]{1,512}(?![a-z])|[A-Z]?[a-z]{1,512}|\d{1,512}/g) ?? []).length;

const looksRandom = (token: string): boolean => {
  const sample = token.slice(0, sampleUnits);
  if (/^[0-9a-f-]*$/i.test(sample) || !/\d/.test(sample)) return false;
  const bothCases = /[a-z]/.test(sample) && /[A-Z]/.test(sample);
  const separators = sample.replaceAll(/[A-Za-z0-9]/g, '').length;
  const letters = sample.length - separators;
  if (letters < (bothCases ? leastUnits : leastUnitsOfOneCase)) return false;
  if (bothCases ? separators * leastUnitsPerSeparator > letters : separators > 0) return false;
  if (letters / pieceCount(sample) > (bothCases ? mostPieceUnits : mostPieceUnitsOfOneCase)) return false;
  return shannonBits(sample) >= leastBitsPerUnit;
};

interface Token {
  readonly start: number;
  readonly end: number;
}

const isWord = (part: string): boolean => /^[A-Za-z]?[a-z]{1,}$/.test(part);

/** The whole, where it looks random and no part between slashes is a word, as in paths; else the parts that do. */
const randomParts = (text: string, { start, end }: Token): Token[] => {
  const token = text.slice(start, end);
  const parts = token.split('/');
  if (!parts.some(isWord) && looksRandom(token)) return [{ start, end }];
  let at = start;
  return parts.flatMap((part) => {
    const found = { start: at, end: at + part.length };
    at = found.end + 1;
    return part.length >= leastUnits && part.length < token.length && looksRandom(part) ? [found] : [];
  });
};

/** Without the signs at its ends that are no part of it, such as the dashes of a list. */
const trimmed = (text: string, { start, end }: Token): Token => {
  let [from, to] = [start, end];
  while (from < to && !isAlnum(text.charCodeAt(from))) from++;
  while (to > from && !isAlnum(text.charCodeAt(to - 1))) to--;
  return { start: from, end: to };
};

export const findRandomStrings: Detector = (scan) => {
  const { text, digitRuns } = scan;
  const findings: Finding[] = [];
  for (let at = 0; digitRuns.length > 0 && at < text.length; at++) {
    if (!isTokenCode(text.charCodeAt(at))) continue;
    const end = runEnd(scan, { at, most: text.length, test: isTokenCode });
    const token = trimmed(text, { start: at, end });
    at = end;
    if (token.end - token.start < leastUnits || integrity.test(text.slice(token.start, token.start + 7))) continue;
    for (const part of randomParts(text, token)) {
      const padded = runEnd(scan, { at: part.end, most: 2, test: (code) => code === 0x3d });
      findings.push({ kind: 'secret', start: part.start, end: padded });
    }
  }
  return findings;
};
