/**
 * Members in a fixed order with separators between, those not required left out or not: arguments in parentheses, bare
 * objects and the like.
 */
import type { GrammarRules } from '../grammar/gbnf.js';

export interface OrderedMember {
  /** GBNF of the member. */
  readonly text: string;
  readonly required: boolean;
}

/** GBNF of the members and the closing mark; `separator` and `close` are GBNF. */
export const orderedMembers = (
  rules: GrammarRules,
  members: readonly OrderedMember[],
  options: { readonly separator: string; readonly close: string; readonly name: string },
): string => {
  const { separator, close, name } = options;
  // What may follow where nothing was written yet, and where something was.
  let first = close;
  let later = close;
  for (const member of [...members].reverse()) {
    const [afterFirst, afterLater] = [first, later];
    const taken = `${member.text} ${afterLater}`;
    first = member.required ? taken : rules.add(`${name}-from`, `${taken} | ${afterFirst}`);
    later = member.required
      ? `${separator} ${taken}`
      : rules.add(`${name}-after`, `${separator} ${taken} | ${afterLater}`);
  }
  return first;
};
