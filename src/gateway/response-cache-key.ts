/**
 * Which requests have the same answer: a digest of all that was asked, by whom, and how far it could go.
 *
 * Equal digests mean equal requests; requests that mean the same and are written differently have different ones.
 */
import { createHash } from 'node:crypto';
import type { Reach } from '../route/reach.js';
import type { ChatRequest, CompletionRequest } from '../tiers/tier.js';

/** A request as it came, before routing or redaction changed it. */
export interface CacheQuestion {
  readonly operation: 'chat' | 'completion';
  readonly request: ChatRequest | CompletionRequest;
  /** Null for a caller without a key; callers share nothing with other keys. */
  readonly keyId: string | null;
  /** As it holds for the request, after keys and policies. */
  readonly reach: Reach;
}

const maxDepth = 200;

/** JSON with sorted names; numbers that JSON cannot say as themselves. Null for a value that is no data. */
const canonical = (value: unknown, depth = 0): string | null => {
  if (depth > maxDepth) return null;
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
    case 'boolean':
      return String(value);
    case 'object': {
      if (value === null) return 'null';
      const isArray = Array.isArray(value);
      const prototype: unknown = Object.getPrototypeOf(value);
      if (!isArray && prototype !== Object.prototype && prototype !== null) return null;
      const members = isArray
        ? value.map((item: unknown) => canonical(item, depth + 1))
        : Object.entries(value)
            .filter(([, member]) => member !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => {
              const text = canonical(member, depth + 1);
              return text === null ? null : `${JSON.stringify(name)}:${text}`;
            });
      if (members.includes(null)) return null;
      return isArray ? `[${members.join()}]` : `{${members.join()}}`;
    }
    default:
      return null;
  }
};

/** 32 bytes (SHA-256) as base64url; null for a request that is no plain data, and so has no digest. */
export const cacheKey = ({ operation, request, keyId, reach }: CacheQuestion): string | null => {
  const text = canonical({ operation, keyId, reach, request });
  return text === null ? null : createHash('sha256').update(text).digest('base64url');
};

/** True where asking again should give the same answer: greedy, or with a seed. */
export const isDeterministic = ({ sampling }: ChatRequest | CompletionRequest): boolean =>
  sampling?.temperature === 0 || sampling?.seed !== undefined;
