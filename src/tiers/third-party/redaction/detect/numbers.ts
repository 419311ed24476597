/**
 * Payment cards and the national ids that are digits alone: a table of how each is written and which sum it passes.
 *
 * What is too short or too weakly checked to be told from a plain number is only believed after a word that says so
 * ("BSN 123456782"), or in the form in which people write it.
 */
import { isHex, isLetter } from './characters.js';
import { passesAadhaar, passesBsn, passesCpf, passesLuhn, passesNir, passesSsn, passesSteuerId } from './checksums.js';
import { type DigitMatch, type DigitRun, type DigitShape, matchShape, spanOf } from './digit-runs.js';
import { type Detector, type Finding, hasCue, type ScanText } from './scan-text.js';

interface NumberRule {
  readonly kind: 'card' | 'national-id';
  readonly shapes: readonly DigitShape[];
  readonly check: (digits: string) => boolean;
  /** Believed only behind these words. */
  readonly cue?: RegExp;
}

const solid = (...lengths: number[]): DigitShape[] => lengths.map((length) => ({ lengths: [length], separators: [] }));
const same = (count: number, symbols: string): string[] => Array.from(symbols, (symbol) => symbol.repeat(count));

/** Who issues cards under these first digits, with how many digits (ISO/IEC 7812 as the networks publish it). */
const cardNetworks: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^3[47]/, [15]],
  [/^3(?:0[0-5]|095|[689])/, [14, 15, 16, 17, 18, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^(?:50|5[6-9]|6)/, [13, 14, 15, 16, 17, 18, 19]],
  [/^(?:81|82|9792)/, [16, 17, 18, 19]],
];
const isCard = (digits: string): boolean =>
  cardNetworks.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) &&
  passesLuhn(digits);
const isGroupedCard = (digits: string): boolean => digits[0]! > '1' && passesLuhn(digits);

const rules: readonly NumberRule[] = [
  { kind: 'card', shapes: solid(13, 14, 15, 16, 17, 18, 19), check: isCard },
  {
    kind: 'card',
    shapes: [
      { lengths: [4, 4, 4, 4], separators: same(3, ' -._/') },
      { lengths: [4, 4, 4, 4, 3], separators: same(4, ' -._/') },
      { lengths: [4, 6, 5], separators: same(2, ' -._/') },
      { lengths: [4, 6, 4], separators: same(2, ' -._/') },
      { lengths: [4, 4, 4, 1], separators: same(3, ' -._/') },
      { lengths: [6, 13], separators: same(1, ' -') },
      { lengths: [8, 8], separators: same(1, ' -') },
    ],
    check: isGroupedCard,
  },
  {
    kind: 'card',
    shapes: solid(13, 14, 15, 16, 17, 18, 19),
    check: passesLuhn,
    cue: /card|visa|kart|carte|tarjeta|cartao|\bcc\b|\bpan\b/,
  },
  {
    kind: 'national-id',
    shapes: [
      { lengths: [3, 2, 4], separators: ['--', '..'] },
      { lengths: [3, 2, 4], separators: ['  '], alone: true },
    ],
    check: passesSsn,
  },
  { kind: 'national-id', shapes: solid(9), check: passesSsn, cue: /\bssn|social.?security/ },
  {
    kind: 'national-id',
    shapes: [...solid(11), { lengths: [2, 3, 3, 3], separators: same(3, ' -./') }],
    check: passesSteuerId,
  },
  {
    kind: 'national-id',
    shapes: [
      ...solid(15),
      { lengths: [13, 2], separators: [' ', '-', '/'] },
      { lengths: [1, 2, 2, 2, 3, 3, 2], separators: same(6, ' -.') },
    ],
    check: passesNir,
  },
  {
    kind: 'national-id',
    shapes: [
      ...solid(11),
      { lengths: [9, 2], separators: ['-', '/', ' '] },
      { lengths: [3, 3, 3, 2], separators: ['..-', '...', '../', '   ', '  -', '---'] },
    ],
    check: passesCpf,
  },
  {
    kind: 'national-id',
    shapes: [
      ...solid(8, 9),
      { lengths: [3, 3, 3], separators: same(2, ' .-') },
      { lengths: [4, 2, 3], separators: same(2, ' .-') },
    ],
    check: passesBsn,
    cue: /\bbsn|burgerservice|sofi-?n/,
  },
  {
    kind: 'national-id',
    shapes: [{ lengths: [4, 4, 4], separators: same(2, ' -'), alone: true }],
    check: passesAadhaar,
  },
  { kind: 'national-id', shapes: solid(12), check: passesAadhaar, cue: /aa?dh?aa?r|\buidai|\buid\b/ },
];

/** By how many digits the first group has, so that a table of plain numbers is passed over quickly. */
const rulesByFirstLength = new Map<number, { readonly rule: NumberRule; readonly shape: DigitShape }[]>();
for (const rule of rules)
  for (const shape of rule.shapes) {
    const length = shape.lengths[0]!;
    rulesByFirstLength.set(length, [...(rulesByFirstLength.get(length) ?? []), { rule, shape }]);
  }

/** Not where letters touch it, nor where it is the fraction of a number. */
const standsAlone = ({ text }: ScanText, { match, run, at }: { match: DigitMatch; run: DigitRun; at: number }) =>
  !isLetter(text.charCodeAt(match.start - 1)) &&
  !isLetter(text.charCodeAt(match.end)) &&
  !(run.groups[at]!.end === match.end && run.separators[at - 1] === '.');

/** Cards and numbers in groups are also found behind letters (`SSN123-45-6789`), unless those could be a hash's. */
const touchesOnlyWords = (scan: ScanText, { start, end }: DigitMatch): boolean => {
  const { text } = scan;
  const sides = [text.charCodeAt(start - 1), text.charCodeAt(end)].filter(isLetter);
  return sides.length > 0 && !sides.some(isHex);
};

const findByRules = (scan: ScanText, { run, at }: { readonly run: DigitRun; readonly at: number }): Finding[] =>
  (rulesByFirstLength.get(run.groups[at]!.digits.length) ?? []).flatMap(({ rule: { kind, check, cue }, shape }) => {
    const match = matchShape(run, { at, shape });
    scan.meter.steps++;
    if (match === null || !check(match.digits)) return [];
    const mayTouch = kind === 'card' || shape.lengths.length > 1;
    if (!standsAlone(scan, { match, run, at }) && !(mayTouch && touchesOnlyWords(scan, match))) return [];
    if (cue !== undefined && !hasCue(scan, { at: match.start, pattern: cue })) return [];
    return [{ kind, start: match.start, end: match.end }];
  });

/** A card in groups of any lengths, where one separator is used and nothing else is in the run. */
const findWholeRun = ({ text }: ScanText, run: DigitRun): Finding[] => {
  const [first] = run.separators;
  const last = run.groups.length - 1;
  if (last < 1 || last > 18 || (first !== ' ' && first !== '-') || run.separators.some((other) => other !== first))
    return [];
  const { digits, start, end } = spanOf(run, { from: 0, to: last });
  if (!isCard(digits) || text[start - 1] === '+' || isLetter(text.charCodeAt(start - 1))) return [];
  return isLetter(text.charCodeAt(end)) ? [] : [{ kind: 'card', start, end }];
};

export const findNumbers: Detector = (scan) =>
  scan.digitRuns.flatMap((run) => [
    ...findWholeRun(scan, run),
    ...run.groups.flatMap((_, at) => findByRules(scan, { run, at })),
  ]);
