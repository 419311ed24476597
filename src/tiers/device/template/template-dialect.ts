/**
 * What chat templates use of Python's Jinja beyond @huggingface/jinja: string and list methods, a few filters.
 *
 * Works on the parsed template: calls of such a method or filter become calls of a function that the environment holds
 * under a name that no template can spell. Knows nothing of chats.
 */
import { Environment } from '@huggingface/jinja';

interface Node {
  type: string;
  [key: string]: unknown;
}

type Runtime = ReturnType<Environment['set']>;
type Value = unknown;

/** Turns a plain value into one of the interpreter's own. */
const toRuntime = (value: Value): Runtime => new Environment().set('value', value);

/** The plain value behind one of the interpreter's own. */
const toPlain = (value: Value): Value => {
  if (Array.isArray(value)) return value.map((item: Runtime) => toPlain(item.value));
  if (value instanceof Map)
    return Object.fromEntries([...(value as Map<string, Runtime>)].map(([key, item]) => [key, toPlain(item.value)]));
  return value;
};

const text = (value: Value): string => {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? JSON.stringify(toPlain(value)) : String(value);
};

const stripper =
  (start: boolean, end: boolean) =>
  (value: Value, characters?: Value): string => {
    const source = text(value);
    if (typeof characters !== 'string') return start ? (end ? source.trim() : source.trimStart()) : source.trimEnd();
    let from = 0;
    let to = source.length;
    while (start && from < to && characters.includes(source[from]!)) from++;
    while (end && to > from && characters.includes(source[to - 1]!)) to--;
    return source.slice(from, to);
  };

const format = (value: Value, ...args: Value[]): string => {
  const named = args.at(-1) instanceof Map ? (args.at(-1) as Map<string, Runtime>) : new Map<string, Runtime>();
  let next = 0;
  return text(value).replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, key: string | undefined) => {
    if (key === undefined) return whole[0]!;
    if (key === '') return text(args[next++]);
    return /^\d+$/.test(key) ? text(args[Number(key)]) : text(named.get(key)?.value);
  });
};

const splitFromRight = (value: Value, separator?: Value, most: Value = -1): string[] => {
  const source = text(value);
  const parts = typeof separator === 'string' ? source.split(separator) : source.trim().split(/\s+/);
  const limit = Number(most);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  const head = parts.slice(0, parts.length - limit).join(typeof separator === 'string' ? separator : ' ');
  return [head, ...parts.slice(parts.length - limit)];
};

/** JavaScript's index for one of Python's, which may count from the end. */
const indexIn = (list: readonly unknown[], index: Value): number =>
  typeof index !== 'number' ? list.length - 1 : index < 0 ? list.length + index : index;

const extreme =
  (sign: 1 | -1) =>
  (value: Value): Value => {
    const items = toPlain(value) as (number | string)[];
    return items.reduce((a, b) => ((sign > 0 ? b > a : b < a) ? b : a));
  };

/** Methods of strings, lists and mappings, the object first. */
const methods: Readonly<Record<string, (object: never, ...args: never[]) => Value>> = {
  strip: stripper(true, true),
  lstrip: stripper(true, false),
  rstrip: stripper(false, true),
  format,
  rsplit: splitFromRight,
  splitlines: (value: Value) => text(value).split(/\r\n|\r|\n/),
  find: (value: Value, part: Value) => text(value).indexOf(text(part)),
  rfind: (value: Value, part: Value) => text(value).lastIndexOf(text(part)),
  count: (value: Value, part: Value) =>
    Array.isArray(value)
      ? value.filter((item: Runtime) => item.value === part).length
      : text(value).split(text(part)).length - 1,
  removeprefix: (value: Value, part: string) => (text(value).startsWith(part) ? text(value).slice(part.length) : value),
  removesuffix: (value: Value, part: string) =>
    part !== '' && text(value).endsWith(part) ? text(value).slice(0, -part.length) : value,
  isdigit: (value: Value) => /^\p{Nd}+$/u.test(text(value)),
  isalpha: (value: Value) => /^\p{L}+$/u.test(text(value)),
  isalnum: (value: Value) => /^[\p{L}\p{N}]+$/u.test(text(value)),
  isspace: (value: Value) => /^\s+$/u.test(text(value)),
  join: (value: Value, items: Value) => (toPlain(items) as Value[]).map(text).join(text(value)),
  append: (list: Runtime[], item: Value) => void list.push(toRuntime(toPlain(item))),
  extend: (list: Runtime[], items: Runtime[]) => void list.push(...items),
  insert: (list: Runtime[], index: Value, item: Value) =>
    void list.splice(indexIn(list, index), 0, toRuntime(toPlain(item))),
  pop: (object: Runtime[] | Map<string, Runtime>, key?: Value) => {
    if (Array.isArray(object)) return toPlain(object.splice(indexIn(object, key), 1)[0]?.value);
    const found = object.get(text(key));
    object.delete(text(key));
    return toPlain(found?.value);
  },
  update: (object: Map<string, Runtime>, others: Map<string, Runtime>) => {
    for (const [key, value] of others) object.set(key, value);
  },
};

/** The library strips white space itself, and does it faster. */
const onlyWithArguments: ReadonlySet<string> = new Set(['strip', 'lstrip', 'rstrip']);

const filters: Readonly<Record<string, (value: never, ...args: never[]) => Value>> = {
  string: text,
  min: extreme(-1),
  max: extreme(1),
  sum: (value: Value) => (toPlain(value) as number[]).reduce((a, b) => a + b, 0),
  round: (value: number, digits: Value = 0) => Math.round(value * 10 ** Number(digits)) / 10 ** Number(digits),
  escape: (value: Value) => value,
  e: (value: Value) => value,
};

const methodName = (name: string): string => `.${name}`;
const filterName = (name: string): string => `|${name}`;

/** The functions that adapted templates call, by their names in the environment. */
export const dialectFunctions: ReadonlyMap<string, (...args: never[]) => Value> = new Map([
  ...Object.entries(methods).map(([name, method]) => [methodName(name), method] as const),
  ...Object.entries(filters).map(([name, filter]) => [filterName(name), filter] as const),
]);

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

const nameOf = (value: unknown): string | null =>
  isNode(value) && value.type === 'Identifier' && typeof value.value === 'string' ? value.value : null;

const callOf = (name: string, args: readonly unknown[]): Node => ({
  type: 'CallExpression',
  callee: { type: 'Identifier', value: name },
  args,
});

/** A tuple here names variables; elsewhere it is a list. */
const assignmentTargets: ReadonlySet<string> = new Set(['loopvar', 'assignee']);

/** In Python a loop over something undefined is empty; the library stops there. */
const orEmpty = (iterable: unknown): Node => ({
  type: 'BinaryExpression',
  operator: { type: 'Identifier', value: 'or' },
  left: iterable,
  right: { type: 'ArrayLiteral', value: [] },
});

const adaptNode = (node: Node): Node => {
  if (node.type === 'For') {
    const { iterable } = node;
    if (isNode(iterable) && iterable.type === 'SelectExpression') iterable.lhs = orEmpty(iterable.lhs);
    else node.iterable = orEmpty(iterable);
    return node;
  }
  if (node.type === 'TupleLiteral') return { ...node, type: 'ArrayLiteral' };
  if (node.type === 'CallExpression' && isNode(node.callee) && node.callee.type === 'MemberExpression') {
    const method = node.callee.computed === true ? null : nameOf(node.callee.property);
    const args = node.args as unknown[];
    if (method === null || !Object.hasOwn(methods, method)) return node;
    if (args.length === 0 && onlyWithArguments.has(method)) return node;
    return callOf(methodName(method), [node.callee.object, ...args]);
  }
  if (node.type === 'FilterExpression' && isNode(node.filter)) {
    const isCall = node.filter.type === 'CallExpression';
    const filter = nameOf(isCall ? node.filter.callee : node.filter);
    if (filter === null || !Object.hasOwn(filters, filter)) return node;
    return callOf(filterName(filter), [node.operand, ...(isCall ? (node.filter.args as unknown[]) : [])]);
  }
  return node;
};

/** Rewrites a parsed template in place to use the functions above. */
export const adaptDialect = <T>(tree: T): T => {
  const adapt = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        value[index] = adapt(item);
      });
      return value;
    }
    if (value instanceof Map) {
      const entries = [...value].map(([key, item]) => [adapt(key), adapt(item)] as const);
      value.clear();
      for (const [key, item] of entries) value.set(key, item);
      return value;
    }
    if (!isNode(value)) return value;
    for (const key of Object.keys(value))
      if (typeof value[key] === 'object' && !assignmentTargets.has(key)) value[key] = adapt(value[key]);
    return adaptNode(value);
  };
  return adapt(tree) as T;
};
