/** Calendar months and days in UTC, as budgets and usage count them. Pure. */

export const dayMs = 86_400_000;

/** `2026-03` of a time in milliseconds since 1970. */
export const monthOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 7);

/** `2026-03-09` of a number of days since 1970. */
export const dayName = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/** First millisecond of the month before the one of `timeMs`. */
export const previousMonthStartMs = (timeMs: number): number => {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth() - 1, 1);
};
