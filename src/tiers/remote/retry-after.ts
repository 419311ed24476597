/**
 * How long an endpoint wants to be left alone: Retry-After in seconds or as a date (RFC 9110, section 10.2.3), and
 * `retry-after-ms`, which OpenAI sends beside it. Knows no clock.
 */

/** Waits beyond this are no waits any more, and would overflow timers. */
const longestMs = 24 * 60 * 60 * 1000;

const clamped = (ms: number): number => Math.min(Math.max(Math.round(ms), 0), longestMs);

type Header = string | readonly string[] | undefined;

const firstOf = (value: Header): string | undefined => (typeof value === 'string' ? value : value?.[0])?.trim();

/** Milliseconds, 0 to one day; undefined for headers that are absent or neither form. `nowMs` is since 1970. */
export const retryAfterMs = (headers: Readonly<Record<string, Header>>, nowMs: number): number | undefined => {
  const exact = firstOf(headers['retry-after-ms']);
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact)) return clamped(Number(exact));
  const value = firstOf(headers['retry-after']);
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return clamped(Number(value) * 1000);
  // Dates begin with the day's name; without that check Date.parse takes "-5" for a year.
  if (!/^[A-Z][a-z]{2,8}, /.test(value)) return undefined;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : clamped(atMs - nowMs);
};
