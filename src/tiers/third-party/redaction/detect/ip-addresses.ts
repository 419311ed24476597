/**
 * IPv4 addresses in four decimal parts and IPv6 addresses in their text forms (RFC 4291, 2.2).
 *
 * Stays: what names no machine of anybody's (loopback, unspecified, broadcast and masks), and versions and numbers of
 * sections in four parts, where the word before says that they are one.
 */
import { isAlnum, isHex } from './characters.js';
import { type Detector, type Finding, hasCue, runEnd, type ScanText } from './scan-text.js';

/** A version, a product's (`Chrome/120.0.0.0`), or the number of a section. */
const otherCue =
  /(?:\b(?:v|ver|version|release|build|firmware|driver|section|sect?|chapter|clause|table|figure|appendix)[-.:= ]{0,3}|\u00a7 ?|[a-z0-9]\/)$/;
const maxIpv6Units = 45;

const octetsOf = (text: string): number[] | null => {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return null;
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : null;
};

const isNobodys = ([first, second, third, fourth]: readonly number[]): boolean =>
  first === 127 || first === 255 || (first === 0 && second === 0 && third === 0 && fourth === 0);

const findIpv4: Detector = (scan) => {
  const { text } = scan;
  return scan.digitRuns.flatMap(({ groups, separators }) =>
    groups.flatMap((group, at): Finding[] => {
      const end = groups[at + 3]?.end;
      if (end === undefined || separators[at - 1] === '.' || separators[at + 3] === '.') return [];
      if (separators.slice(at, at + 3).join('') !== '...' || end - group.start > 15) return [];
      const octets = octetsOf(text.slice(group.start, end));
      if (octets === null || isNobodys(octets)) return [];
      if (isAlnum(text.charCodeAt(group.start - 1)) || isAlnum(text.charCodeAt(end))) return [];
      if (hasCue(scan, { at: group.start, pattern: otherCue, within: 14 })) return [];
      return [{ kind: 'ip', start: group.start, end }];
    }),
  );
};

/** How many of the eight groups a text of colons and groups says; null where it is none. */
const groupCount = (text: string): number | null => {
  if (text === '') return 0;
  const groups = text.split(':');
  const last = groups.at(-1)!;
  const v4 = last.includes('.') && octetsOf(last) !== null;
  const plain = v4 ? groups.slice(0, -1) : groups;
  return plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? plain.length + (v4 ? 2 : 0) : null;
};

const isIpv6 = (text: string): boolean => {
  const [before, after, more] = text.split('::');
  if (more !== undefined || /:::/.test(text)) return false;
  const head = groupCount(before!);
  if (head === null) return false;
  if (after === undefined) return head === 8;
  const tail = groupCount(after);
  // `std::min` and `a::b` are code: an address of two groups has a digit in it.
  return tail !== null && head + tail < 8 && head + tail > 0 && (head + tail > 2 || /\d/.test(text));
};

const isIpv6Code = (code: number): boolean => isHex(code) || code === 0x3a || code === 0x2e;
const isLoopback = (text: string): boolean => /^(?:0{0,4}:){2,7}(?:0{0,3}[01]?|ffff:127\.[\d.]{5,11})$/i.test(text);

const findIpv6 = (scan: ScanText): Finding[] => {
  const { text } = scan;
  const findings: Finding[] = [];
  const last = text.lastIndexOf(':');
  for (let at = 0; at < last; at++) {
    const code = text.charCodeAt(at);
    if ((!isHex(code) && code !== 0x3a) || isAlnum(text.charCodeAt(at - 1)) || text[at - 1] === ':') continue;
    // Nearly every word of hex letters ends here.
    const first = runEnd(scan, { at, most: 5, test: isHex });
    if (text[first] !== ':') continue;
    let end = runEnd(scan, { at, most: maxIpv6Units, test: isIpv6Code });
    while (end > at && (text[end - 1] === '.' || (text[end - 1] === ':' && text[end - 2] !== ':'))) end--;
    const candidate = text.slice(at, end);
    if (isAlnum(text.charCodeAt(end)) || !isIpv6(candidate) || isLoopback(candidate)) continue;
    findings.push({ kind: 'ip', start: at, end });
    at = end;
  }
  return findings;
};

export const findIpAddresses: Detector = (scan) => [...findIpv4(scan), ...findIpv6(scan)];
