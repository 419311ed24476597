/** Pieces that the schemas of the configuration share. Knows no setting. */
import { type TSchema, Type } from '@sinclair/typebox';

/** An object that takes no other keys. */
export const group = <T extends Record<string, TSchema>>(properties: T, options: { description: string }) =>
  Type.Object(properties, { ...options, additionalProperties: false });

/** A text out of a closed list. */
export const oneOf = <T extends string>(words: readonly T[], options: { description: string; default?: T }) =>
  Type.Unsafe<T>({ type: 'string', enum: [...words], ...options });

/** A whole number from 1. */
export const positive = (description: string, options: { default?: number; maximum?: number } = {}) =>
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description, ...options });

export const optionalGroup = <T extends Record<string, TSchema>>(description: string, properties: T) =>
  Type.Optional(group(properties, { description }));

/** Keys of somebody's own choosing that match a pattern, all with values of one kind. */
export const dictionary = <T extends TSchema>(pattern: string, values: T, options: { description: string }) =>
  Type.Record(Type.String({ pattern }), values, { ...options, additionalProperties: false });

/** Names of endpoints and rules. */
export const namePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
/** Names of models, as providers have them. */
export const modelPattern = '^\\S{1,512}$';
/** Names of keys, apps, people, places. */
export const labelPattern = '^\\S(.{0,126}\\S)?$';

/** How far requests may go. */
export const reach = (description: string) => oneOf(['device', 'private', 'third-party'], { description });
