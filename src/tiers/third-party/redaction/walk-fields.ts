/**
 * The ways to walk a field of a request: a text, a list, an object with a line for each of its fields, JSON. Each gives the
 * field back as a visitor changed its texts.
 *
 * Fails closed on what is not what it should be. Knows no particular request.
 */
import { RedactionError } from './redaction-error.js';
import { type Visit, walkJson } from './walk-json.js';

/**
 * `text`: words, or JSON; `arguments`: JSON that a program reads; `name`: one that must stay a name for the provider;
 * `id`: pairs a call with its result; `url`: where an image is; `number`: a JSON number.
 */
export type LeafForm = 'text' | 'arguments' | 'name' | 'id' | 'url' | 'number';

export interface Leaf {
  readonly form: LeafForm;
  readonly text: string;
  /** What the text stands under, such as the member `password` of an object. */
  readonly name: string | null;
  /** In the request's terms. */
  readonly path: string;
}

export type VisitLeaf = (leaf: Leaf) => string;

export interface Walk {
  readonly visit: VisitLeaf;
  readonly allowMedia: boolean;
}

export interface FieldContext extends Walk {
  readonly path: string;
}

export type Handlers<Shape> = {
  readonly [Field in keyof Shape]-?: (value: NonNullable<Shape[Field]>, context: FieldContext) => unknown;
};

export const keep = (value: unknown): unknown => value;
const dropped = Symbol('dropped');
export const drop = (): unknown => dropped;
export const unknownField = (path: string): RedactionError =>
  new RedactionError('unknown-field', `Cannot redact ${path}: nobody decided whether it may leave.`, { param: path });

const unsupported = (path: string, problem: string): RedactionError =>
  new RedactionError('unsupported-value', `Cannot redact ${path}: ${problem}.`, { param: path });

/** Visits the fields in the handlers' order and gives them back in the object's own. */
export const walkFields = <Shape extends object>(
  value: Shape,
  { handlers, context }: { readonly handlers: Handlers<Shape>; readonly context: FieldContext },
): Shape => {
  const { path } = context;
  if (typeof value !== 'object') throw unsupported(path, `it is a ${typeof value}, not an object`);
  // A field that nobody knows could be named after anything.
  const shown = (field: string): string => (/^\w{1,40}$/.test(field) ? field : '?');
  const at = (field: string): string => (path === '' ? shown(field) : `${path}.${shown(field)}`);
  const source = new Map<string, unknown>(Object.entries(value));
  for (const field of source.keys()) if (!Object.hasOwn(handlers, field)) throw unknownField(at(field));
  const results = new Map<string, unknown>();
  for (const [field, handle] of Object.entries(handlers) as [
    string,
    (value: unknown, context: FieldContext) => unknown,
  ][]) {
    const member = source.get(field);
    if (!source.has(field)) continue;
    results.set(
      field,
      member === undefined || member === null ? member : handle(member, { ...context, path: at(field) }),
    );
  }
  const entries = [...source.keys()].map((field): [string, unknown] => [field, results.get(field)]);
  return Object.fromEntries(entries.filter(([, member]) => member !== dropped)) as Shape;
};

export const leaf =
  (form: LeafForm) =>
  (text: string, { visit, path }: FieldContext): string => {
    if (typeof text !== 'string') throw unsupported(path, `it is a ${typeof text}, not a text`);
    return visit({ form, text, name: null, path });
  };

export const list =
  <Item>(handle: (item: Item, context: FieldContext) => unknown) =>
  (items: readonly Item[], context: FieldContext): unknown => {
    const { path } = context;
    if (!Array.isArray(items)) throw unsupported(path, 'it is no list');
    return items.map((item: Item, index) => handle(item, { ...context, path: `${path}[${index}]` }));
  };

export const fields =
  <Shape extends object>(handlers: Handlers<Shape>) =>
  (value: Shape, context: FieldContext): unknown =>
    walkFields(value, { handlers, context });

export const json = (value: unknown, { visit, path }: FieldContext): unknown => {
  const visitor: Visit = {
    text: (text, { name }) => visit({ form: 'text', text, name, path }),
    number: (text, { name }) => visit({ form: 'number', text, name, path }),
  };
  return walkJson(value, { visit: visitor, path });
};

const of =
  (type: 'number' | 'boolean') =>
  (value: unknown, { path }: FieldContext): unknown => {
    if (typeof value === type) return value;
    throw unsupported(path, `it is a ${typeof value}, not a ${type}`);
  };
export const number = of('number');
export const flag = of('boolean');
