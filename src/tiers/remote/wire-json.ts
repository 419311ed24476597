/**
 * Reading JSON that somebody else wrote: every field is unknown until it is looked at. Knows no provider.
 *
 * What JSON.parse says of a fault is thrown away, because it quotes the text.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

const nothing: readonly unknown[] = [];

/** The object; null for anything else, arrays included. */
export const asObject = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/** The array; an empty one for anything else. */
export const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : nothing);

/** The text; empty for anything else. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A count of tokens; null for anything that is none. */
export const asCount = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** The object that this text is; null for no JSON and for JSON that is no object. */
export const parseObject = (text: string): JsonObject | null => {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
};

/** As `parseObject`, from UTF-8. */
export const parseObjectBytes = (bytes: Uint8Array): JsonObject | null =>
  parseObject(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));

/** The bytes of a JSON body. */
export const jsonBytes = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
