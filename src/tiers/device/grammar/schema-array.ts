/**
 * Arrays of a schema as grammar: items, tuples and counts.
 *
 * A tuple (`prefixItems`) is written whole unless `minItems` says that fewer will do: schema libraries mean it that way,
 * although JSON Schema alone would allow a shorter one.
 */
import { repeat } from './gbnf.js';
import { spaceRule } from './json-values.js';
import type { SchemaNode } from './schema-document.js';
import { countsOf } from './schema-keywords.js';
import type { NamedNodes, SchemaBody, SchemaCompiler } from './schema-types.js';

/** The schemas of a node's leading items, and the one of all further items. */
const itemsOf = (node: SchemaNode): { readonly leading: readonly unknown[]; readonly rest: unknown } => {
  if (Array.isArray(node.prefixItems)) return { leading: node.prefixItems, rest: node.items ?? node.unevaluatedItems };
  if (Array.isArray(node.items)) return { leading: node.items, rest: node.additionalItems };
  return { leading: [], rest: node.items };
};

/** Null where no array satisfies the nodes. */
export const arrayBody = (compiler: SchemaCompiler, { nodes, name }: NamedNodes): SchemaBody | null => {
  const { rules, document } = compiler;
  const counts = countsOf(document, nodes, ['minItems', 'maxItems']);
  const all = nodes.map(itemsOf);
  const hasMinimum = nodes.some((node) => node.minItems !== undefined);
  const leadingCount = Math.min(Math.max(0, ...all.map(({ leading }) => leading.length)), counts.max);
  const schemasAt = (index: number): unknown[] =>
    all.map(({ leading, rest }) => (index < leading.length ? leading[index] : (rest ?? true)));

  const ws = spaceRule(rules);
  const leading: string[] = [];
  let { max } = counts;
  for (let index = 0; index < leadingCount; index++) {
    const rule = compiler.compile(schemasAt(index), `${name}-item`);
    if (rule === null) {
      max = index;
      break;
    }
    leading.push(rule);
  }
  // A tuple that says nothing of further items ends with its last one.
  const isClosed = leadingCount > 0 && nodes.every((node) => itemsOf(node).rest === undefined);
  const further =
    isClosed || max <= leading.length
      ? null
      : compiler.compile(schemasAt(Number.MAX_SAFE_INTEGER), leading.length === 0 ? `${name}-item` : `${name}-more`);
  if (further === null) max = Math.min(max, leading.length);
  const min = hasMinimum ? counts.min : Math.max(counts.min, leading.length);
  if (min > max) return null;

  const needed = leading.slice(0, min);
  const needs = min > leading.length && further !== null ? [...needed, further] : needed;
  const tail = (): string => {
    if (further === null) return '';
    if (leading.length === 0) {
      const next = rules.add(`${name}-next`, `${ws} "," ${ws} ${further}`);
      if (max === 0) return '';
      const rest = repeat(rules, next, { min: Math.max(min - 1, 0), max: max - 1, name: `${name}-items` });
      const whole = max === 1 ? further : `${further} ${rest}`;
      return min === 0 ? `( ${whole} ${ws} )?` : `${whole} ${ws}`;
    }
    const next = rules.add(`${name}-next`, `${ws} "," ${ws} ${further}`);
    return repeat(rules, next, {
      min: Math.max(min - leading.length, 0),
      max: max - leading.length,
      name: `${name}-items`,
    });
  };

  if (leading.length === 0) return { text: `"[" ${ws} ${tail()} "]"`.replace('  ', ' '), needs };
  // Written from the end, so that each item that may be missing carries all that follows it.
  let text = tail();
  for (let index = leading.length - 1; index >= 0; index--) {
    const item = `${index === 0 ? '' : `${ws} "," ${ws} `}${leading[index]} ${text}`.trim();
    text = index >= min ? `( ${item}${index === 0 ? ` ${ws}` : ''} )?` : item;
    if (index >= min && index > 0) text = rules.add(`${name}-rest`, text);
  }
  return { text: `"[" ${ws} ${text}${min > 0 ? ` ${ws}` : ''} "]"`, needs };
};
