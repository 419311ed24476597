/**
 * Finished responses, kept in memory for `previous_response_id` and retrieval: bounded by number, bytes and age, the
 * longest unused dropped first, each visible only to the owner that made it. Kept as JSON bytes, so that the bound is
 * the memory they take. Knows nothing of what is in them.
 */
import type { Item } from './items.js';

export interface StoredResponse {
  readonly id: string;
  /** Who may see it; '' where no keys are configured. */
  readonly owner: string;
  /** The response before it in its conversation. */
  readonly previousId: string | null;
  /** The items that this request brought. */
  readonly input: readonly Item[];
  /** The items that it answered with. */
  readonly output: readonly Item[];
  /** The whole body as it was sent. */
  readonly body: object;
}

export interface ResponseStore {
  /** Keeps a response; one larger than the whole store is not kept. */
  put(response: StoredResponse): void;
  get(id: string, owner: string): StoredResponse | null;
  /** False when there was none. */
  delete(id: string, owner: string): boolean;
  readonly bytes: number;
  readonly size: number;
}

interface Entry {
  readonly owner: string;
  readonly storedMs: number;
  readonly json: Buffer;
}

/** `nowMs` is a clock in milliseconds. */
export const createResponseStore = (
  limits: { readonly count: number; readonly bytes: number; readonly ageMs: number },
  nowMs: () => number = () => performance.now(),
): ResponseStore => {
  // In the order of last use, oldest first.
  const entries = new Map<string, Entry>();
  let bytes = 0;

  const drop = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    bytes -= entry.json.length;
  };

  const find = (id: string, owner: string): Entry | null => {
    const entry = entries.get(id);
    if (entry === undefined || entry.owner !== owner) return null;
    if (nowMs() - entry.storedMs > limits.ageMs) {
      drop(id);
      return null;
    }
    entries.delete(id);
    entries.set(id, entry);
    return entry;
  };

  const get = (id: string, owner: string): StoredResponse | null => {
    const entry = find(id, owner);
    return entry === null ? null : (JSON.parse(entry.json.toString('utf8')) as StoredResponse);
  };

  const put = (response: StoredResponse): void => {
    const json = Buffer.from(JSON.stringify(response));
    drop(response.id);
    if (json.length > limits.bytes || limits.count === 0) return;
    entries.set(response.id, { owner: response.owner, storedMs: nowMs(), json });
    bytes += json.length;
    for (const id of entries.keys()) {
      if (entries.size <= limits.count && bytes <= limits.bytes) break;
      drop(id);
    }
  };

  return {
    put,
    get,
    delete: (id, owner) => {
      if (find(id, owner) === null) return false;
      drop(id);
      return true;
    },
    get bytes() {
      return bytes;
    },
    get size() {
      return entries.size;
    },
  };
};
