/**
 * What stands in a value's place: `[EMAIL_1]`, numbered by kind in the order in which values are found; another spelling
 * of the same value is `[EMAIL_1_2]`, so that each can be put back as it was.
 *
 * Numbers that the request's own text uses in this form are not given out. Knows nothing of requests or detectors.
 */
import { maskUnit } from './noncharacters.js';
import { RedactionError } from './redaction-error.js';

/** How one value was written in one place. */
export interface Spelling {
  /** As it stands in a text. */
  readonly text: string;
  /** As the JSON value that it is, where it stands in JSON. */
  readonly value: string;
  /** True for a JSON number: its placeholder is a string with quotes of its own. */
  readonly isNumber: boolean;
}

export interface Placeholder extends Spelling {
  readonly kind: string;
  /** Without brackets: `EMAIL_1`. */
  readonly core: string;
}

const labels: Readonly<Record<string, string>> = {
  'national-id': 'NATIONALID',
  ip: 'IPADDRESS',
};
const maxNumber = 99_999;
const maxSpellings = 999;

export const labelOf = (kind: string): string => labels[kind] ?? kind.toUpperCase();

/** The text with placeholders, ours or an earlier pass's, masked unit for unit; names hold them without brackets. */
export const placeholderMask = (
  kinds: readonly string[],
  { inNames }: { readonly inNames: boolean },
): ((text: string) => string) => {
  const core = `(?:${kinds.map(labelOf).join('|')})_\\d{1,5}(?:_\\d{1,3})?`;
  const pattern = new RegExp(`\\[${core}\\]${inNames ? `|(?<![A-Za-z0-9])${core}(?![A-Za-z0-9])` : ''}`, 'g');
  return (text) => text.replaceAll(pattern, ({ length }) => maskUnit.repeat(length));
};

/** Numbers by kind that a folded, lower-case text uses in something that could be read as a placeholder. */
export const takenNumbers = (lower: string, kinds: readonly string[]): { kind: string; number: number }[] => {
  const kindOf = new Map(kinds.map((kind) => [labelOf(kind).toLowerCase(), kind]));
  const pattern = new RegExp(`(${[...kindOf.keys()].join('|')})\\\\?_(\\d{1,5})`, 'g');
  return [...lower.matchAll(pattern)].map(([, label, digits]) => ({
    kind: kindOf.get(label!)!,
    number: Number(digits),
  }));
};

export interface PlaceholderBook {
  /** Gives the value a number unless it has one. */
  number(entity: { readonly kind: string; readonly value: string }): void;
  /** The placeholder of a spelling of a value, the same for the same. */
  of(entity: { readonly kind: string; readonly value: string }, spelling: Spelling): Placeholder;
  all(): readonly Placeholder[];
}

export const createPlaceholderBook = (taken: readonly { kind: string; number: number }[]): PlaceholderBook => {
  const reserved = new Set(taken.map(({ kind, number }) => `${kind} ${number}`));
  const last = new Map<string, number>();
  const numbers = new Map<string, number>();
  const spellings = new Map<string, Map<string, Placeholder>>();
  const tooMany = (kind: string, limit: number): RedactionError =>
    new RedactionError('too-many', `Cannot redact the request: more than ${limit} placeholders of the kind "${kind}".`);
  const numberOf = (kind: string, value: string): number => {
    const key = `${kind}\0${value}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    let next = (last.get(kind) ?? 0) + 1;
    while (reserved.has(`${kind} ${next}`)) next++;
    if (next > maxNumber) throw tooMany(kind, maxNumber);
    last.set(kind, next);
    numbers.set(key, next);
    return next;
  };
  return {
    number: ({ kind, value }) => void numberOf(kind, value),
    of({ kind, value }, spelling) {
      const key = `${kind}\0${value}`;
      const known = spellings.get(key) ?? new Map<string, Placeholder>();
      spellings.set(key, known);
      const spelled = JSON.stringify([spelling.text, spelling.value, spelling.isNumber]);
      const found = known.get(spelled);
      if (found !== undefined) return found;
      if (known.size >= maxSpellings) throw tooMany(kind, maxSpellings);
      const suffix = known.size === 0 ? '' : `_${known.size + 1}`;
      const placeholder = { ...spelling, kind, core: `${labelOf(kind)}_${numberOf(kind, value)}${suffix}` };
      known.set(spelled, placeholder);
      return placeholder;
    },
    all: () => [...spellings.values()].flatMap((known) => [...known.values()]),
  };
};
