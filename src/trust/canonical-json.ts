/**
 * Canonical JSON after RFC 8785 (JCS): one text for one value, so that a digest of it means the value.
 *
 * Numbers and strings are what ECMAScript's JSON.stringify writes, which the RFC takes as its rule; names are sorted by
 * UTF-16 code units, which is how `sort` compares. Knows nothing of receipts.
 */
import { TrustError } from './trust-error.js';

/** What JSON writes as it is: ASCII but for controls, quote and backslash. */
const plainText = /^[ !#-[\]-~]*$/;

const text = (value: string): string => {
  if (plainText.test(value)) return `"${value}"`;
  if (!value.isWellFormed())
    throw new TrustError('not-canonical', 'Cannot write canonical JSON: a string holds half of a surrogate pair.');
  return JSON.stringify(value);
};

/** Names in their order; those of a body that was made in it are not sorted again. */
const sortedNames = (value: object): string[] => {
  const names = Object.keys(value);
  for (let index = 1; index < names.length; index++) if (names[index - 1]! > names[index]!) return names.sort();
  return names;
};

const properties = (value: object): string => {
  let out = '';
  for (const name of sortedNames(value)) {
    const property = (value as Record<string, unknown>)[name];
    if (property === undefined) continue;
    out += `${out === '' ? '' : ','}${text(name)}:${canonicalJson(property)}`;
  }
  return `{${out}}`;
};

/**
 * The one text of a JSON value; properties that are undefined are left out, as JSON.stringify does.
 * Throws TrustError `not-canonical` for what JSON cannot say: NaN, infinities, bigints, functions, lone surrogates.
 */
export const canonicalJson = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      if (!Number.isFinite(value))
        throw new TrustError('not-canonical', `Cannot write canonical JSON: ${value} is no JSON number.`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : properties(value);
    default:
      throw new TrustError('not-canonical', `Cannot write canonical JSON: a ${typeof value} is no JSON value.`);
  }
};
