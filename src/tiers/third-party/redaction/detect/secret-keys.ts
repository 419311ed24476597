/**
 * Secrets that say what they are: API keys by their issuers' prefixes, JSON web tokens, private keys in PEM, passwords in
 * URLs and in `Authorization` headers.
 *
 * Prefixes are as the issuers document them; lengths are taken shorter than today's, since issuers lengthen their keys.
 */
import { isAlnum, isDigit, isHex, isSpace } from './characters.js';
import { isOrdinaryValue } from './ordinary-values.js';
import { createTextFinder, type Detector, type Finding, runEnd, type ScanText } from './scan-text.js';

const isWordCode = (code: number): boolean => isAlnum(code) || code === 0x5f || code === 0x2d;
const isTokenCode = (code: number): boolean => isWordCode(code) || '.+/=~'.includes(String.fromCharCode(code));

interface KeyFamily {
  readonly prefixes: string;
  readonly test: (code: number) => boolean;
  /** Characters behind the prefix. */
  readonly least: number;
  /** Words of letters alone are none: `sk-learn-pipeline-for-text`. */
  readonly digit?: boolean;
}

const families: readonly KeyFamily[] = [
  // Anthropic, OpenAI, OpenRouter, DeepSeek and others.
  { prefixes: 'sk-', test: isWordCode, least: 20, digit: true },
  { prefixes: 'sk-ant- sk-or- sk-proj- sk-svcacct- sk-admin-', test: isWordCode, least: 12 },
  // xAI, Groq, Perplexity, Hugging Face, Replicate, Fireworks.
  { prefixes: 'xai- gsk_ pplx- hf_ api_org_ r8_ fw_', test: isWordCode, least: 20, digit: true },
  // GitHub, GitLab.
  { prefixes: 'ghp_ gho_ ghu_ ghs_ ghr_', test: isAlnum, least: 30 },
  { prefixes: 'github_pat_', test: isWordCode, least: 22 },
  { prefixes: 'glpat- gldt- glrt- glcbt- glptt- glft- glsoat-', test: isWordCode, least: 16 },
  // AWS, Google, DigitalOcean, Alibaba.
  { prefixes: 'AKIA ASIA ABIA ACCA A3T', test: isAlnum, least: 16, digit: true },
  { prefixes: 'AIza', test: isWordCode, least: 35 },
  { prefixes: 'GOCSPX- ya29.', test: isWordCode, least: 20 },
  { prefixes: 'dop_v1_ doo_v1_ dor_v1_', test: isHex, least: 40 },
  { prefixes: 'LTAI', test: isAlnum, least: 16, digit: true },
  // Slack, Stripe, Square, Shopify, Twilio, SendGrid, Mailgun.
  { prefixes: 'xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp-', test: isTokenCode, least: 10 },
  { prefixes: 'sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ whsec_', test: isTokenCode, least: 10 },
  { prefixes: 'sq0atp- sq0csp- EAAA', test: isWordCode, least: 22, digit: true },
  { prefixes: 'shpat_ shpca_ shppa_ shpss_', test: isHex, least: 32 },
  { prefixes: 'SK', test: isHex, least: 32 },
  { prefixes: 'SG.', test: isTokenCode, least: 40 },
  // Package registries and developer services.
  { prefixes: 'npm_', test: isAlnum, least: 36 },
  { prefixes: 'pypi-AgE', test: isWordCode, least: 40 },
  { prefixes: 'rubygems_', test: isHex, least: 48 },
  { prefixes: 'dckr_pat_ dckr_oat_', test: isWordCode, least: 20 },
  {
    prefixes: 'hvs. hvb. tskey- sntrys_ sntryu_ glsa_ glc_ figd_ ntn_ lin_api_ sbp_',
    test: isWordCode,
    least: 20,
    digit: true,
  },
  { prefixes: 'PMAK- NRAK- ATATT3 ATCTT3 dp.pt. dapi', test: isWordCode, least: 24, digit: true },
  { prefixes: 'AGE-SECRET-KEY-1', test: isAlnum, least: 50 },
];
const familyOf: ReadonlyMap<string, KeyFamily> = new Map(
  families.flatMap((family) => family.prefixes.split(' ').map((prefix): [string, KeyFamily] => [prefix, family])),
);
const prefixesByLower = new Map([...familyOf.keys()].map((prefix): [string, string] => [prefix.toLowerCase(), prefix]));
const findPrefixes = createTextFinder([...prefixesByLower.keys()]);
const findSchemes = createTextFinder(['bearer ', 'basic ']);

/** The end before the full stops that end a sentence. */
const withoutStops = (text: string, end: number): number => {
  let last = end;
  while (text[last - 1] === '.') last--;
  return last;
};

/** A run of a class of characters that was walked already, so that a text of nothing but prefixes is walked once. */
interface WalkedRun {
  readonly start: number;
  readonly end: number;
  readonly lastDigit: number;
}

const walkRun = (scan: ScanText, at: number, test: (code: number) => boolean): WalkedRun => {
  const end = runEnd(scan, { at, most: scan.text.length, test });
  let lastDigit = end - 1;
  while (lastDigit >= at && !isDigit(scan.text.charCodeAt(lastDigit))) lastDigit--;
  return { start: at, end, lastDigit };
};

const findKeys = (scan: ScanText): Finding[] => {
  const { text } = scan;
  const findings: Finding[] = [];
  const walked = new Map<KeyFamily['test'], WalkedRun>();
  let from = 0;
  for (const { at, text: lower } of findPrefixes(scan)) {
    const prefix = prefixesByLower.get(lower)!;
    const { test, least, digit = false } = familyOf.get(prefix)!;
    if (at < from || !text.startsWith(prefix, at) || isAlnum(text.charCodeAt(at - 1))) continue;
    const body = at + prefix.length;
    const known = walked.get(test);
    const run = known !== undefined && known.start <= body && body <= known.end ? known : walkRun(scan, body, test);
    walked.set(test, run);
    const end = withoutStops(text, run.end);
    if (end - body < least || (digit && run.lastDigit < body)) continue;
    findings.push({ kind: 'secret', start: at, end });
    from = end;
  }
  return findings;
};

/** RFC 7519: `eyJ` is base64url of `{"`; three parts, or five where it is encrypted. */
const findWebTokens = (scan: ScanText): Finding[] => {
  const { text } = scan;
  const findings: Finding[] = [];
  const partEnd = (at: number): number => runEnd(scan, { at, most: text.length, test: isWordCode });
  for (let at = text.indexOf('eyJ'); at >= 0; at = text.indexOf('eyJ', at + 1)) {
    if (isWordCode(text.charCodeAt(at - 1))) continue;
    const start = at;
    at = partEnd(start);
    if (at - start < 10 || text[at] !== '.') continue;
    const payload = at + 1;
    let end = partEnd(payload);
    if (end - payload < 4) continue;
    for (let parts = 2; parts < 5 && text[end] === '.' && isWordCode(text.charCodeAt(end + 1)); parts++)
      end = partEnd(end + 1);
    findings.push({ kind: 'secret', start, end });
    at = end;
  }
  return findings;
};

/** End of the lines of base64 from `at` on; `at` where there are none. Line ends may be escaped, as inside JSON. */
const base64LinesEnd = (scan: ScanText, at: number): number => {
  const { text } = scan;
  let end = at;
  for (let position = at; ; ) {
    while (isSpace(text.charCodeAt(position)) || /^\\[rn]/.test(text.slice(position, position + 2)))
      position += text[position] === '\\' ? 2 : 1;
    const line = runEnd(scan, { at: position, most: 4096, test: isTokenCode });
    // The last line of a block may be short, and so may the one where the text was cut.
    if (line - position < 16 && !(end > at && line === text.length && line > position)) return end;
    end = line;
    position = line;
  }
};

/** RFC 7468 and OpenSSH's and OpenPGP's variants; a block that is cut counts as far as its lines go. */
const findPrivateKeys = (scan: ScanText): Finding[] => {
  const { text, meter } = scan;
  const findings: Finding[] = [];
  for (let at = text.indexOf('-----BEGIN '); at >= 0; at = text.indexOf('-----BEGIN ', at + 11)) {
    const label = text.slice(at + 11, at + 75).split('-----')[0]!;
    if (!label.includes('PRIVATE KEY')) continue;
    const body = at + 11 + label.length + 5;
    const dashes = text.indexOf('-----', body);
    meter.steps += (dashes < 0 ? text.length : dashes) - at;
    const closes = dashes >= 0 && text.startsWith('-----END ', dashes);
    const end = closes ? Math.min(text.length, dashes + 14 + label.length) : base64LinesEnd(scan, body);
    if (end === body) continue;
    findings.push({ kind: 'secret', start: at, end });
    at = end - 11;
    if (dashes < 0) break;
  }
  return findings;
};

/** `scheme://user:password@host` (RFC 3986, 3.2.1): the password. */
const findUrlPasswords = (scan: ScanText): Finding[] => {
  const { text } = scan;
  const findings: Finding[] = [];
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const test = (code: number): boolean => !isSpace(code) && !'/?#"\'<>'.includes(String.fromCharCode(code));
    const authority = text.slice(at + 3, runEnd(scan, { at: at + 3, most: 512, test }));
    const close = authority.lastIndexOf('@');
    const colon = authority.indexOf(':');
    if (colon < 0 || close <= colon + 1 || isOrdinaryValue(authority.slice(colon + 1, close))) continue;
    findings.push({ kind: 'secret', start: at + 3 + colon + 1, end: at + 3 + close });
  }
  return findings;
};

/** `Authorization: Bearer ...` and `Basic ...` (RFC 6750, RFC 7617), wherever the two words stand. */
const findBearers = (scan: ScanText): Finding[] => {
  const { text } = scan;
  const findings: Finding[] = [];
  for (const { at, text: word } of findSchemes(scan)) {
    const start = at + word.length;
    const end = withoutStops(text, runEnd(scan, { at: start, most: 4096, test: isTokenCode }));
    const token = text.slice(start, end);
    if (token.length < 12 || !/\d/.test(token) || isAlnum(text.charCodeAt(at - 1))) continue;
    findings.push({ kind: 'secret', start, end });
  }
  return findings;
};

/** The shortest that any of them finds. */
const leastUnits = 8;

export const findSecretKeys: Detector = (scan) =>
  scan.text.length < leastUnits
    ? []
    : [
        ...findKeys(scan),
        ...findWebTokens(scan),
        ...findPrivateKeys(scan),
        ...findUrlPasswords(scan),
        ...findBearers(scan),
      ];
