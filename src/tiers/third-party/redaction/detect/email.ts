/**
 * E-mail addresses (RFC 5321 and 6531, as people write them): a local part, `@`, a domain with a top level of letters.
 *
 * Not e-mail: `user@host`, `git@` remotes, `icon@2x.png`, "alice at example dot com".
 */
import { isAlnum, isSpacedWordUnit } from './characters.js';
import { type Detector, runEnd, runStart, type ScanText } from './scan-text.js';

/** RFC 5321, 4.5.3.1. */
const maxLocalUnits = 64;
const maxDomainUnits = 255;
const localSymbols = ".!#$%&'*+/=?^_`{|}~-";
const imageEndings = new Set(['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico']);

const isWordCode = (code: number): boolean =>
  code < 0x80 ? isAlnum(code) : isSpacedWordUnit(String.fromCharCode(code), 0);
const isLocalCode = (code: number): boolean => isWordCode(code) || localSymbols.includes(String.fromCharCode(code));
const isDomainCode = (code: number): boolean => isWordCode(code) || code === 0x2d || code === 0x2e;

/** Where the local part before `at` begins, not before `from`; `at` where there is none. */
const localStart = (scan: ScanText, { at, from }: { readonly at: number; readonly from: number }): number => {
  const { text } = scan;
  if (text[at - 1] === '"') {
    const open = text.lastIndexOf('"', at - 2);
    scan.meter.steps += maxLocalUnits;
    return open >= from && at - open <= maxLocalUnits ? open : at;
  }
  let start = Math.max(from, runStart(scan, { at, most: maxLocalUnits, test: isLocalCode }));
  // In `?to=alice@...` and `a/b/alice@...` the address begins after the sign.
  for (let index = at - 1; index >= start; index--)
    if ('=/?&'.includes(text[index]!)) {
      start = index + 1;
      break;
    }
  while (start < at && !isWordCode(text.charCodeAt(start)) && !'_+-'.includes(text[start]!)) start++;
  return start;
};

/** Where the domain that begins at `at` ends; `at` where there is none. */
const domainEnd = (scan: ScanText, at: number): number => {
  const { text } = scan;
  const run = text.slice(at, runEnd(scan, { at, most: maxDomainUnits, test: isDomainCode }));
  const labels = run.split('.');
  // A label that is none ends the domain: "a@b.example." and "a@b.example..." end a sentence.
  const bad = labels.findIndex((label) => label === '' || label.startsWith('-'));
  const good = (bad < 0 ? labels : labels.slice(0, bad)).map((label) => label.replace(/-{1,63}$/, ''));
  while (good.length > 0 && !/^(?:xn--[a-z0-9-]{2,59}|\p{L}{2,63})$/iu.test(good.at(-1)!)) good.pop();
  if (good.length > 2 && imageEndings.has(good.at(-1)!.toLowerCase())) good.pop();
  if (good.length < 2 || imageEndings.has(good.at(-1)!.toLowerCase())) return at;
  return at + good.join('.').length;
};

export const findEmails: Detector = (scan) => {
  const findings = [];
  let from = 0;
  for (let at = scan.text.indexOf('@'); at >= 0; at = scan.text.indexOf('@', at + 1)) {
    const start = localStart(scan, { at, from });
    const end = start < at ? domainEnd(scan, at + 1) : at + 1;
    if (end === at + 1 || scan.lower.slice(start, at) === 'git') continue;
    findings.push({ kind: 'email', start, end });
    from = end;
  }
  return findings;
};
