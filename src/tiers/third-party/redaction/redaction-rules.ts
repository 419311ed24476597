/**
 * What is to be redacted: the built-in kinds, and what the user adds to them or takes from them. Checked once, when a
 * redactor is made.
 */
import { PatternError } from '../../device/grammar/pattern-syntax.js';
import { findCapitalizedNames } from './detect/capitalized-names.js';
import { findEmails } from './detect/email.js';
import { findIpAddresses } from './detect/ip-addresses.js';
import { findLetteredIds } from './detect/lettered-ids.js';
import { findNumbers } from './detect/numbers.js';
import { findPhones } from './detect/phones.js';
import type { Detector } from './detect/scan-text.js';
import { findSecretAssignments } from './detect/secret-assignments.js';
import { findRandomStrings } from './detect/secret-entropy.js';
import { findSecretKeys } from './detect/secret-keys.js';
import { createPatternDetector } from './detect/term-patterns.js';
import { createTermDetector, type Term } from './detect/terms.js';
import { foldedLower } from './fold-text.js';
import { labelOf } from './placeholders.js';
import { RedactionError } from './redaction-error.js';

export const builtinKinds = ['email', 'phone', 'card', 'iban', 'national-id', 'secret', 'ip'] as const;
export type BuiltinKind = (typeof builtinKinds)[number];

export interface TermRule {
  /** `name`, `place`, or a word of the user's own, lower-case letters: it names the placeholders. */
  readonly kind: string;
  /** Whole words or phrases, whatever their case and accents. */
  readonly words?: readonly string[];
  /** Regular expressions without context (no back references, no lookaround); they match whole words, case as written. */
  readonly patterns?: readonly string[];
}

export interface RedactionRules {
  readonly terms?: readonly TermRule[];
  /** Values that stay, compared whole and whatever their case: a company's own public address. */
  readonly allow?: readonly string[];
  /** Built-in kinds that are not looked for. */
  readonly off?: readonly BuiltinKind[];
  /** Images and audio leave as they are; without it a request that holds one is refused. */
  readonly allowMedia?: boolean;
  /** Guess names from capitals; takes much for a name that is none. Default false. */
  readonly capitalizedNames?: boolean;
}

export interface CheckedRules {
  readonly kinds: readonly string[];
  /** Kinds whose values count as whole words only. */
  readonly wholeWords: ReadonlySet<string>;
  readonly detectors: readonly Detector[];
  /** Those that also look through ids, which are long and random by nature. */
  readonly idDetectors: readonly Detector[];
  readonly allows: (lower: string) => boolean;
  readonly allowMedia: boolean;
}

const maxWords = 100_000;
const maxWordUnits = 200;
const maxPatterns = 200;
const maxPatternUnits = 500;
const kindPattern = /^[a-z]{2,16}$/;

const builtin: readonly { readonly kinds: readonly BuiltinKind[]; readonly find: Detector; readonly inIds: boolean }[] =
  [
    { kinds: ['email'], find: findEmails, inIds: true },
    { kinds: ['phone'], find: findPhones, inIds: false },
    { kinds: ['card', 'national-id'], find: findNumbers, inIds: false },
    { kinds: ['iban', 'national-id'], find: findLetteredIds, inIds: true },
    { kinds: ['ip'], find: findIpAddresses, inIds: true },
    { kinds: ['secret'], find: findSecretKeys, inIds: true },
    { kinds: ['secret'], find: findSecretAssignments, inIds: true },
    { kinds: ['secret'], find: findRandomStrings, inIds: false },
  ];

const invalid = (param: string, problem: string): RedactionError =>
  new RedactionError('invalid-rules', `Cannot use the redaction rules: ${param} ${problem}.`, { param });

const checkWord = (word: string, param: string): string => {
  const folded = foldedLower(word).trim();
  if (folded.length < 2) throw invalid(param, 'has fewer than 2 characters');
  if (folded.length > maxWordUnits) throw invalid(param, `has ${folded.length} characters, at most ${maxWordUnits}`);
  return folded;
};

const checkKind = (kind: string, param: string): void => {
  if (!kindPattern.test(kind)) throw invalid(param, `is ${JSON.stringify(kind)}, not 2 to 16 lower-case letters`);
  if (builtinKinds.some((known) => known === kind || labelOf(known) === labelOf(kind)))
    throw invalid(param, `is "${kind}", which is built in`);
};

const termsOf = (rules: readonly TermRule[]): Term[] => {
  const terms = rules.flatMap(({ kind, words = [] }, rule) =>
    words.map((word, at) => ({ kind, text: checkWord(word, `terms[${rule}].words[${at}]`) })),
  );
  if (terms.length > maxWords) throw invalid('terms', `list ${terms.length} words, at most ${maxWords}`);
  return terms;
};

const patternDetector = (rules: readonly TermRule[]): Detector => {
  const patterns = rules.flatMap(({ kind, patterns: sources = [] }, rule) =>
    sources.map((source, at) => ({ kind, source, param: `terms[${rule}].patterns[${at}]` })),
  );
  if (patterns.length > maxPatterns) throw invalid('terms', `list ${patterns.length} patterns, at most ${maxPatterns}`);
  const detectors = patterns.map((pattern) => {
    if (pattern.source.length > maxPatternUnits)
      throw invalid(pattern.param, `has ${pattern.source.length} characters, at most ${maxPatternUnits}`);
    try {
      return createPatternDetector([pattern]);
    } catch (error) {
      if (error instanceof PatternError) throw invalid(pattern.param, error.message);
      throw error;
    }
  });
  return (scan) => detectors.flatMap((detect) => detect(scan));
};

/** Throws RedactionError `invalid-rules`, with the place. */
export const checkRules = (rules: RedactionRules): CheckedRules => {
  const { terms = [], allow = [], off = [], allowMedia = false, capitalizedNames = false } = rules;
  off.forEach((kind, at) => {
    if (!builtinKinds.includes(kind))
      throw invalid(`off[${at}]`, `is no built-in kind; those are ${builtinKinds.join(', ')}`);
  });
  terms.forEach(({ kind }, rule) => {
    checkKind(kind, `terms[${rule}].kind`);
  });
  const isOn = (kind: string): boolean => !(off as readonly string[]).includes(kind);
  const allowed = new Set(allow.map((value, at) => checkWord(value, `allow[${at}]`)));
  const own = [
    createTermDetector(termsOf(terms)),
    patternDetector(terms),
    ...(capitalizedNames ? [findCapitalizedNames] : []),
  ];
  const chosen = builtin
    .filter(({ kinds }) => kinds.some(isOn))
    .map(({ kinds, find, inIds }) => ({
      inIds,
      find: kinds.every(isOn) ? find : (scan: Parameters<Detector>[0]) => find(scan).filter(({ kind }) => isOn(kind)),
    }));
  const ownKinds = [...new Set(['name', 'place', ...terms.map(({ kind }) => kind)])];
  return {
    kinds: [...builtinKinds, ...ownKinds],
    wholeWords: new Set([...ownKinds, 'ip']),
    detectors: [...chosen.map(({ find }) => find), ...own],
    idDetectors: [...chosen.filter(({ inIds }) => inIds).map(({ find }) => find), ...own],
    allows: (lower) => allowed.has(lower.trim()),
    allowMedia,
  };
};
