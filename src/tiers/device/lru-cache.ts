/**
 * A map that keeps the entries used last, up to a number of them. Knows nothing of what it keeps.
 */

export interface LruCache<Value> {
  /** The value of the key, made by `create` where it is not there; a `create` that throws leaves nothing behind. */
  getOrCreate(key: string, create: () => Value): Value;
  readonly size: number;
}

/** Keys longer than `maxKeyCharacters` are not kept, so that the cache stays small whatever requests bring. */
export const createLruCache = <Value>(options: {
  readonly maxEntries: number;
  readonly maxKeyCharacters?: number;
}): LruCache<Value> => {
  const entries = new Map<string, Value>();
  const { maxEntries, maxKeyCharacters = 200_000 } = options;
  return {
    getOrCreate(key, create) {
      if (entries.has(key)) {
        const value = entries.get(key) as Value;
        entries.delete(key);
        entries.set(key, value);
        return value;
      }
      const value = create();
      if (key.length > maxKeyCharacters) return value;
      entries.set(key, value);
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
      return value;
    },
    get size() {
      return entries.size;
    },
  };
};
