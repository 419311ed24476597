/**
 * Sums that stay exact: whole nanodollars (1e-9 USD) and tokens as safe integers, checked, and dollars as people write
 * them. Pure.
 */
import { LedgerError } from './ledger-error.js';

const nanoPerUsd = 1_000_000_000n;

/** a + b; throws LedgerError `overflow` past 2^53 - 1 (9,007,199.25 USD), where numbers would no longer be exact. */
export const addExactly = (a: number, b: number): number => {
  const sum = a + b;
  if (!Number.isSafeInteger(sum))
    throw new LedgerError('overflow', `Cannot add ${b} to ${a}: sums are exact up to ${Number.MAX_SAFE_INTEGER} only.`);
  return sum;
};

/** `12.5` -> 12500000000. Exact, without floating point; null for text that is no amount or has over nine decimals. */
export const parseUsd = (text: string): number | null => {
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return null;
  const nano = BigInt(match[1]!) * nanoPerUsd + BigInt((match[2] ?? '').padEnd(9, '0'));
  return nano <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(nano) : null;
};

/** 12500000000 -> `12.50`; as many decimals as it takes to be exact, at least two. */
export const formatUsd = (nanoUsd: number): string => {
  const digits = String(Math.abs(nanoUsd)).padStart(10, '0');
  const decimals = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${nanoUsd < 0 ? '-' : ''}${digits.slice(0, -9)}.${decimals}`;
};
