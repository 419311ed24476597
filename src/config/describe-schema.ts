/** What a schema takes and what a value is, in words for people. Knows no particular schema. */
import type { TSchema } from '@sinclair/typebox';

const writeNumber = (number: number): string => number.toLocaleString('en-US');

const describeRange = (minimum: number | undefined, maximum: number | undefined): string => {
  const open = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  if (minimum === undefined) return '';
  return open ? ` of at least ${writeNumber(minimum)}` : ` from ${writeNumber(minimum)} to ${writeNumber(maximum)}`;
};

/** `a whole number from 1 to 256`, `one of device, private, third-party`. */
export const describeSchema = (schema: TSchema): string => {
  if (schema.anyOf !== undefined) return (schema.anyOf as TSchema[]).map(describeSchema).join(' or ');
  if (schema.enum !== undefined) return `one of ${(schema.enum as string[]).join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${describeRange(schema.minimum, schema.maximum)}`;
    case 'number':
      return `a number${describeRange(schema.minimum, schema.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'array':
      return 'a list';
    case 'null':
      return 'null';
    default:
      return 'settings by name';
  }
};

/** `a number`, `a list`; never the value itself. */
export const describeValue = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return Number.isInteger(value) ? 'a whole number' : 'a number';
    case 'boolean':
      return String(value);
    case 'object':
      return 'settings by name';
    default:
      return `a ${typeof value}`;
  }
};

/** A value as the file writes it, where that says more than its kind; texts in quotes, cut. */
export const writeValue = (value: unknown): string => {
  if (typeof value === 'string') return `"${value.slice(0, 60).replace(/[\p{C}"\\]/gu, '?')}"`;
  return typeof value === 'number' ? String(value) : describeValue(value);
};
