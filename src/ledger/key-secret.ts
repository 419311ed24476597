/**
 * The secrets of keys: how they are made, recognised and stored.
 *
 * A secret is 32 random bytes, so its SHA-256 tells nothing that could be guessed: slow hashes (scrypt, argon2) protect
 * secrets that people choose, and would cost each request what they are built to cost. Only the hash is stored.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const prefix = 'sk-spillway-';

/** `sk-spillway-` and 43 characters of base64url. */
export const createSecret = (): string => prefix + randomBytes(32).toString('base64url');

/** The form of a secret; says nothing of whether a key has it. */
export const looksLikeSecret = (text: string): boolean => /^sk-spillway-[A-Za-z0-9_-]{43}$/.test(text);

/** SHA-256 in lower-case hex, for secrets of keys and tokens of consents alike. */
export const hashSecret = (secret: string): string => hash('sha256', secret);

/** True for equal hashes, in a time that does not tell how much of them is equal. */
export const isSameHash = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === 32 && right.length === 32 && timingSafeEqual(left, right);
};
