/**
 * Finished responses wherever they are kept: here, or by another server of the same port. A conversation may lie with
 * several.
 */
import type { Siblings } from '../siblings.js';
import type { ResponseStore, StoredResponse } from './response-store.js';

export interface SharedResponses {
  /** Kept here. */
  put(response: StoredResponse): void;
  get(id: string, owner: string): Promise<StoredResponse | null>;
  /** False when there was none. */
  delete(id: string, owner: string): Promise<boolean>;
  /** A response and all before it, oldest first; null when any of them is gone. */
  chain(id: string, owner: string): Promise<StoredResponse[] | null>;
}

/** `siblings` undefined: there is no other server. */
export const shareResponses = (own: ResponseStore, siblings: Siblings | undefined): SharedResponses => {
  const get: SharedResponses['get'] = async (id, owner) => {
    const here = own.get(id, owner);
    if (here !== null || siblings === undefined) return here;
    const answers = await siblings.ask({ type: 'response', id, owner });
    return (answers.find((answer) => answer !== null) as StoredResponse | undefined) ?? null;
  };
  return {
    put: own.put,
    get,
    async delete(id, owner) {
      if (own.delete(id, owner)) return true;
      if (siblings === undefined) return false;
      return (await siblings.ask({ type: 'delete-response', id, owner })).includes(true);
    },
    async chain(id, owner) {
      const responses: StoredResponse[] = [];
      const seen = new Set<string>();
      for (let next: string | null = id; next !== null && !seen.has(next); ) {
        seen.add(next);
        const response: StoredResponse | null = await get(next, owner);
        if (response === null) return null;
        responses.unshift(response);
        next = response.previousId;
      }
      return responses;
    },
  };
};
