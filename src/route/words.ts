/**
 * How routing writes counts, times, money and names in its one-sentence details. Pure, and without `Intl`, because
 * every request writes some.
 */

/** `9000` -> `9,000`. */
export const writeCount = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `850 ms`, `12.3 s`; below 10 ms with one decimal. */
export const writeMs = (ms: number): string => {
  if (ms < 9.95) return `${ms.toFixed(1).replace(/\.0$/, '')} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`;
};

/** Whole nanodollars, exactly: 12500000 -> `$0.0125`, 5e9 -> `$5.00`. */
export const writeUsd = (nanoUsd: number): string => {
  const digits = String(Math.abs(nanoUsd)).padStart(10, '0');
  const decimals = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${nanoUsd < 0 ? '-' : ''}$${writeCount(Number(digits.slice(0, -9)))}.${decimals}`;
};

const longestName = 60;

/** A name as somebody sent it, in quotes: cut, and without characters that steer a terminal. */
export const writeName = (name: string): string => {
  const cut = name.length > longestName ? `${name.slice(0, longestName)}...` : name;
  return `"${cut.replace(/[\p{C}"\\]/gu, '?')}"`;
};
