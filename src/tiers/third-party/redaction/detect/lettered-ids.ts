/**
 * Bank accounts (IBAN) and the national ids in which letters and digits mix.
 */
import { isAlnum, isDigit, isLetter } from './characters.js';
import { passesCodiceFiscale, passesDni, passesIban, passesNino, passesNir } from './checksums.js';
import { type Detector, type Finding, type ScanText, takeShape } from './scan-text.js';

/**
 * Characters of an IBAN by country: the SWIFT IBAN Registry (ISO 13616), and, after the bar, countries whose banks use
 * the form without being registered.
 */
const ibanLengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 ' +
    'YE30 | AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 ' +
    'TG28'
  )
    .split(' ')
    .filter((entry) => entry !== '|')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

interface LetteredRule {
  readonly kind: 'iban' | 'national-id';
  readonly shape: string;
  readonly separators: string;
  readonly check: (characters: string) => boolean;
}

const rules: readonly LetteredRule[] = [
  { kind: 'national-id', shape: 'LLDDDDDDL', separators: ' -', check: passesNino },
  { kind: 'national-id', shape: 'DDDDDDDDL', separators: '-.', check: passesDni },
  { kind: 'national-id', shape: 'LDDDDDDDL', separators: '-.', check: (id) => /^[XYZ]/.test(id) && passesDni(id) },
  { kind: 'national-id', shape: 'LLLLLLAALAALAAAL', separators: ' -', check: passesCodiceFiscale },
  // Corsica; the NIR of digits alone is among the numbers.
  { kind: 'national-id', shape: 'DDDDDDLDDDDDDDD', separators: ' .-', check: passesNir },
];

const take = (scan: ScanText, at: number, { kind, shape, separators, check }: LetteredRule): Finding[] => {
  const taken = takeShape(scan, { at, shape, separators });
  if (taken === null || isAlnum(scan.text.charCodeAt(taken.end)) || !check(taken.characters)) return [];
  return [{ kind, start: at, end: taken.end }];
};

/** Account numbers have more; words that happen to pass have none ("is404 flag for unmatched paths"). */
const leastIbanDigits = 8;

const takeIban = (scan: ScanText, at: number): Finding[] => {
  const head = takeShape(scan, { at, shape: 'LLDD', separators: '' });
  const length = head === null ? undefined : ibanLengths.get(head.characters.slice(0, 2));
  if (length === undefined) return [];
  const check = (iban: string): boolean =>
    iban.slice(4).replaceAll(/\D/g, '').length >= leastIbanDigits && passesIban(iban);
  return take(scan, at, { kind: 'iban', shape: `LLDD${'A'.repeat(length - 4)}`, separators: ' -', check });
};

/** Which rules a first character and the second one leave, so that words are passed over quickly. */
const rulesFor = (first: number, second: number): readonly LetteredRule[] => {
  if (isDigit(first)) return digitRules;
  return isLetter(second) ? letterRules : letterDigitRules;
};
const digitRules = rules.filter(({ shape }) => shape.startsWith('D'));
const letterRules = rules.filter(({ shape }) => shape.startsWith('LL'));
const letterDigitRules = rules.filter(({ shape }) => shape.startsWith('LD'));

export const findLetteredIds: Detector = (scan) => {
  const findings: Finding[] = [];
  const { text, digitRuns } = scan;
  for (let at = 0; digitRuns.length > 0 && at < text.length; at++) {
    const first = text.charCodeAt(at);
    if (!isAlnum(first) || isAlnum(text.charCodeAt(at - 1))) continue;
    if (isDigit(text.charCodeAt(at + 2))) findings.push(...takeIban(scan, at));
    for (const rule of rulesFor(first, text.charCodeAt(at + 1))) findings.push(...take(scan, at, rule));
  }
  return findings;
};
