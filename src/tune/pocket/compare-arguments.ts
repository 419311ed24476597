// Whether two sets of arguments ask for the same: equal after light normalisation. What a listener would not notice is
// forgiven (articles, a leading "on" or "for", spaces in a sum); a different word is not. Knows no model.

import { normalizeText } from '../../models/normalize-text.js';

type Args = Readonly<Record<string, string>>;

/** Values that stand for an argument that was not given. */
const DEFAULTS: Readonly<Record<string, string>> = { op: 'add' };
const TODO = /^(?:to ?do|to-do|tasks?|chores?)(?: list)?$/;
const SHOPPING = /^(?:shopping|grocery|groceries)(?: list)?$/;

/** True when every argument that either side gives is the same on the other. */
export function sameArguments(expected: Args, actual: Args): boolean {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].every((name) => comparable(name, expected[name]) === comparable(name, actual[name]));
}

function comparable(name: string, value = DEFAULTS[name] ?? ''): string {
  const text = normalizeText(value);
  switch (name) {
    case 'expression':
      return text.replaceAll(/\s+/g, '').replaceAll(/[x×]/g, '*').replaceAll('÷', '/');
    case 'list':
      return TODO.test(text) ? 'todo' : SHOPPING.test(text) ? 'shopping' : bare(text).replace(/ list$/, '');
    case 'text':
      return bare(text.replace(/^(?:that )?(?:i (?:need|have|want|ought) to|i (?:should|must|gotta)|to) /, ''));
    case 'to':
      return bare(text).replace(/'s (?:(?:cell|home|work|mobile|phone)(?: ?phone)?(?: number)?|number)$/, '');
    case 'device':
      return bare(text).replace(/^(?:all|both)(?: of)? /, '');
    case 'playlist':
      return bare(text).replace(/ playlist$/, '');
    case 'place':
      return bare(text).replace(/(?: standard)?(?: time ?zone| time| zone)$/, '');
    default:
      return bare(text);
  }
}

function bare(text: string): string {
  return text
    .replaceAll(/[",;]|(?<=^|\s)'(?=\w)|'(?=\s|$)/g, ' ')
    .replaceAll(/\b(?:the|an?|my|our|your)\b(?!')/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^(?:(?:on|at|for|in|over|to|that|some) )+(?=\S)/, '');
}
