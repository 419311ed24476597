/**
 * Remembers for a moment what `identify` found, so that a request costs no query. Bounded in time, so that a revocation
 * holds everywhere within that time, and in number, so that made-up secrets cannot fill memory.
 *
 * Time is the process's own clock that never jumps. Holds hashes of secrets, not secrets.
 */
import type { KeyRecord } from './ledger.js';

export interface KeyCache {
  /** What `find` said within the last moments, or what it says now; callers of one hash at once share one query. */
  get(hash: string, find: () => Promise<KeyRecord | null>): Promise<KeyRecord | null>;
  clear(): void;
}

interface Entry {
  readonly found: Promise<KeyRecord | null>;
  readonly untilMs: number;
}

export const createKeyCache = (options: { readonly ttlMs: number; readonly most: number }): KeyCache => {
  const entries = new Map<string, Entry>();
  return {
    get(hash, find) {
      const nowMs = performance.now();
      const known = entries.get(hash);
      if (known !== undefined && known.untilMs > nowMs) return known.found;
      const found = find();
      const entry = { found, untilMs: nowMs + options.ttlMs };
      entries.delete(hash);
      entries.set(hash, entry);
      // Insertion order is age: the oldest goes.
      for (const oldest of entries.keys()) {
        if (entries.size <= options.most) break;
        entries.delete(oldest);
      }
      found.catch(() => {
        if (entries.get(hash) === entry) entries.delete(hash);
      });
      return found;
    },
    clear: () => entries.clear(),
  };
};
