/** Calendar months and days in UTC, as budgets and usage count them. */

export const dayMs = 86_400_000;

let last = { fromMs: 0, untilMs: 0, name: '' };

/** `2026-03` of a time in milliseconds since 1970. */
export const monthOf = (timeMs: number): string => {
  // Times that come one after the other are nearly always of one month: it is not worked out again for each.
  if (timeMs >= last.fromMs && timeMs < last.untilMs) return last.name;
  const time = new Date(timeMs);
  const [year, month] = [time.getUTCFullYear(), time.getUTCMonth()];
  last = { fromMs: Date.UTC(year, month), untilMs: Date.UTC(year, month + 1), name: time.toISOString().slice(0, 7) };
  return last.name;
};

/** `2026-03-09` of a number of days since 1970. */
export const dayName = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/** First millisecond of the month before the one of `timeMs`. */
export const previousMonthStartMs = (timeMs: number): number => {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth() - 1);
};
