/**
 * Who may call: the check of `Authorization: Bearer` against the configured keys, in constant time.
 * It neither stores nor logs what was presented, and knows nothing of budgets or users.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ServerError } from './server-error.js';

export interface ApiKeys {
  /**
   * The caller's name for fairness and cache scope, `key:<index>`, or null where no keys are configured.
   * Throws `invalid-api-key` otherwise.
   */
  identify(authorization: string | undefined): string | null;
}

const bearerOf = (authorization: string | undefined): string | undefined =>
  /^bearer +(\S.*)$/i.exec(authorization?.trim() ?? '')?.[1];

const keyWanted = (): ServerError =>
  new ServerError(
    'invalid-api-key',
    'This server wants an API key: send it as "Authorization: Bearer KEY" (in OpenAI clients, the option apiKey)',
  );

/**
 * The record of a key that is kept elsewhere; null where none is wanted and none was sent. Clients send made-up keys to
 * servers without any, so an unknown one is refused only where keys are required. Throws `invalid-api-key`.
 */
export const identifyKept = async <Key>(
  keys: { identify(secret: string): Promise<Key | null>; areRequired(): Promise<boolean> },
  authorization: string | undefined,
): Promise<Key | null> => {
  const presented = bearerOf(authorization);
  const known = presented === undefined ? null : await keys.identify(presented);
  if (known !== null || !(await keys.areRequired())) return known;
  throw presented === undefined
    ? keyWanted()
    : new ServerError('invalid-api-key', 'The API key is not one of this server');
};

/** Hashing under a key made at start gives equal lengths and tells nothing about the real key by timing. */
export const createApiKeys = (keys: readonly string[]): ApiKeys => {
  const processKey = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', processKey).update(text).digest();
  const known = keys.map(digest);

  const identify = (authorization: string | undefined): string | null => {
    if (known.length === 0) return null;
    const presented = bearerOf(authorization);
    if (presented === undefined) throw keyWanted();
    const presentedDigest = digest(presented);
    let found = -1;
    for (const [index, candidate] of known.entries()) if (timingSafeEqual(candidate, presentedDigest)) found = index;
    if (found < 0) throw new ServerError('invalid-api-key', 'The API key is not one of this server');
    return `key:${found}`;
  };
  return { identify };
};
