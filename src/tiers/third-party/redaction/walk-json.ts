/**
 * Walks a value that will be JSON (schemas, template variables) and rebuilds it with every string, name and number as a
 * visitor gives it back.
 */
import { RedactionError } from './redaction-error.js';

/** A number's text may come back as the text of a string; `name` is that of the member it stands under. */
export interface Visit {
  text(text: string, context: { readonly name: string | null; readonly path: string }): string;
  number(text: string, context: { readonly name: string | null; readonly path: string }): string;
}

const maxDepth = 100;

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

export const walkJson = (
  value: unknown,
  { visit, path, name = null, depth = 0 }: { visit: Visit; path: string; name?: string | null; depth?: number },
): unknown => {
  const refuse = (what: string): RedactionError =>
    new RedactionError('unsupported-value', `Cannot redact ${path}: it holds ${what}.`, { param: path });
  if (depth > maxDepth) throw refuse(`values nested more than ${maxDepth} deep`);
  switch (typeof value) {
    case 'string':
      return visit.text(value, { name, path });
    case 'number': {
      const text = JSON.stringify(value);
      const visited = visit.number(text, { name, path });
      return visited === text ? value : visited;
    }
    case 'boolean':
    case 'undefined':
      return value;
    case 'object': {
      if (value === null) return null;
      if (Array.isArray(value))
        return value.map((item: unknown) => walkJson(item, { visit, path, name, depth: depth + 1 }));
      if (!isPlainObject(value)) throw refuse('an object that is no plain one');
      return Object.fromEntries(
        Object.entries(value).map(([key, member]): [string, unknown] => [
          visit.text(key, { name: null, path }),
          walkJson(member, { visit, path, name: key, depth: depth + 1 }),
        ]),
      );
    }
    default:
      throw refuse(`a ${typeof value}, which no JSON can say`);
  }
};
