/**
 * Grammar rules of plain JSON: white space, strings, numbers, any value, any object, and one given value.
 *
 * White space is bounded, so that a weak model cannot go on with blanks for ever; numbers are bounded so that they stay
 * finite. Knows nothing of schemas.
 */
import { type GrammarRules, literal } from './gbnf.js';

/** Between tokens: nothing, a blank, or one line break with up to 32 blanks of indent. */
export const spaceRule = (rules: GrammarRules): string => rules.add('ws', '| " " | "\\n" [ \\t]{0,32}');

/** One character of a JSON string in any spelling; a surrogate only as the escaped pair. */
export const jsonCharRule = (rules: GrammarRules): string => {
  const hex = '[0-9a-fA-F]';
  const unicode = rules.add(
    'unicode',
    `[0-9a-cA-CefEF] ${hex}{3} | [dD] [0-7] ${hex}{2} | [dD] [89abAB] ${hex}{2} "\\\\u" [dD] [c-fC-F] ${hex}{2}`,
  );
  return rules.add('char', `[^"\\\\\\x00-\\x1F] | "\\\\" ( ["\\\\/bfnrt] | "u" ${unicode} )`);
};

export const stringRule = (rules: GrammarRules): string => rules.add('string', `"\\"" ${jsonCharRule(rules)}* "\\""`);

export const integerRule = (rules: GrammarRules): string => rules.add('integer', '"-"? ( "0" | [1-9] [0-9]{0,20} )');

/** Any JSON number up to 1e308: plain, or one digit before the point where there is an exponent. */
export const numberRule = (rules: GrammarRules): string => {
  const fraction = rules.add('fraction', '"." [0-9]{1,30}');
  const exponent = rules.add('exponent', '[eE] ( "-" [0-9]{1,3} | "+"? ( [0-9]{1,2} | [12] [0-9]{2} | "30" [0-7] ) )');
  return rules.add(
    'number',
    `"-"? ( "0" ${fraction}? | [1-9] [0-9]{0,20} ${fraction}? | [0-9] ${fraction}? ${exponent} )`,
  );
};

export const booleanRule = (rules: GrammarRules): string => rules.add('boolean', '"true" | "false"');

export const nullRule = (rules: GrammarRules): string => rules.add('null', '"null"');

const valueNames = new WeakMap<GrammarRules, string>();

/** Any JSON value. */
export const valueRule = (rules: GrammarRules): string => {
  const known = valueNames.get(rules);
  if (known !== undefined) return known;
  const name = rules.reserve('value');
  valueNames.set(rules, name);
  const scalars = [stringRule(rules), numberRule(rules), booleanRule(rules), nullRule(rules)];
  rules.define(name, [objectRule(rules), arrayRule(rules), ...scalars].join(' | '));
  return name;
};

/** Any JSON object. */
export const objectRule = (rules: GrammarRules): string => {
  const ws = spaceRule(rules);
  const pair = `${stringRule(rules)} ${ws} ":" ${ws} ${valueRule(rules)}`;
  const member = rules.add('member', pair);
  return rules.add('object', `"{" ${ws} ( ${member} ( ${ws} "," ${ws} ${member} )* ${ws} )? "}"`);
};

/** Any JSON array. */
export const arrayRule = (rules: GrammarRules): string => {
  const ws = spaceRule(rules);
  const value = valueRule(rules);
  return rules.add('array', `"[" ${ws} ( ${value} ( ${ws} "," ${ws} ${value} )* ${ws} )? "]"`);
};

/** GBNF of exactly this value, with white space where JSON has it. */
export const constantRule = (rules: GrammarRules, value: unknown): string => {
  const ws = spaceRule(rules);
  if (Array.isArray(value)) {
    if (value.length === 0) return `"[" ${ws} "]"`;
    const items = value.map((item) => constantRule(rules, item)).join(` ${ws} "," ${ws} `);
    return `"[" ${ws} ${items} ${ws} "]"`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${literal(JSON.stringify(key))} ${ws} ":" ${ws} ${constantRule(rules, item)}`,
    );
    if (members.length === 0) return `"{" ${ws} "}"`;
    return `"{" ${ws} ${members.join(` ${ws} "," ${ws} `)} ${ws} "}"`;
  }
  return literal(JSON.stringify(value));
};

/** A rule of any of these texts, each given once, sharing what they begin with. */
export const textsRule = (rules: GrammarRules, texts: readonly string[], name: string): string => {
  const write = (sorted: readonly string[], from: number): string => {
    const first = sorted[0]!;
    const last = sorted.at(-1)!;
    if (sorted.length === 1) return literal(first.slice(from));
    let shared = from;
    while (shared < first.length && first[shared] === last[shared]) shared++;
    if (isLowSurrogate(first, shared)) shared--;
    const alternatives: string[] = [];
    for (let start = 0; start < sorted.length; ) {
      const text = sorted[start]!;
      const head = String.fromCodePoint(text.codePointAt(shared) ?? 0);
      let end = start + 1;
      if (text.length === shared) alternatives.push('""');
      else {
        while (end < sorted.length && sorted[end]!.startsWith(head, shared)) end++;
        alternatives.push(end - start === 1 ? literal(text.slice(shared)) : write(sorted.slice(start, end), shared));
      }
      start = end;
    }
    const branch = rules.add(name, alternatives.join(' | '));
    return shared === from ? branch : `${literal(first.slice(from, shared))} ${branch}`;
  };
  return rules.add(name, write([...new Set(texts)].sort(), 0));
};

const isLowSurrogate = (text: string, index: number): boolean => {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff && index > 0;
};
