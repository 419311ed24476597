// Days, dates and whole time phrases as people say them, copied as said; only a leading "on", "at" or "for" is left
// off the canonical span. It does not know today's date: nothing is resolved.

import type { Rng } from '../rng.js';
import { ordinalDigits, ordinalWords } from './number-words.js';
import { drawBareClock, drawClockSaid } from './slot-clock.js';
import { drawInDuration } from './slot-duration.js';
import type { Filler } from './template.js';

const list = (text: string): string[] => text.split(';').map((item) => item.replace(/\s+/g, ' ').trim());

export const WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');
export const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const SHORT_MONTHS = 'jan feb mar apr jun jul aug sept oct nov dec'.split(' ');
const SHORT_DAYS = 'mon tues weds thurs fri sat sun'.split(' ');
const DAY_PARTS = ['morning', 'afternoon', 'evening', 'night'];
const HOLIDAYS = list(`christmas; christmas eve; new year's eve; new year's day; thanksgiving; easter; halloween;
  valentine's day; mother's day; father's day; labor day; memorial day; good friday; my birthday`);

const same = (text: string): Filler => ({ surface: text, canonical: text });

export function drawWeekday(rng: Rng): string {
  return rng.chance(0.04) ? rng.pick(SHORT_DAYS) : rng.pick(WEEKDAYS);
}

/** "the 5th", "the twenty first". */
export function drawDayOfMonth(rng: Rng): string {
  const n = rng.between(1, 31);
  return `the ${rng.chance(0.75) ? ordinalDigits(n) : ordinalWords(n)}`;
}

/** A calendar date with its month: "march 5th", "the 5th of march", "5/12", "friday the 3rd". */
export function drawDate(rng: Rng): string {
  const n = rng.between(1, 28);
  const month = rng.chance(0.07) ? rng.pick(SHORT_MONTHS) : rng.pick(MONTHS);
  const day = rng.pick([String(n), ordinalDigits(n), ordinalDigits(n), ordinalWords(n)]);
  const roll = rng.next();
  if (roll < 0.53) return `${month} ${day}`;
  if (roll < 0.58) return `${month} the ${ordinalDigits(n)}`;
  if (roll < 0.67) return `the ${ordinalDigits(n)} of ${month}`;
  if (roll < 0.71) return `${n} ${month}`;
  if (roll < 0.85) return `${month} ${day}${rng.chance(0.5) ? ',' : ''} ${rng.between(2018, 2031)}`;
  if (roll < 0.91) return `${rng.between(1, 12)}/${n}`;
  if (roll < 0.93) return `${rng.between(1, 12)}/${n}/${rng.between(2019, 2030)}`;
  return `${rng.pick(WEEKDAYS)}${rng.chance(0.3) ? ',' : ''} ${month} ${day}`;
}

// Days that take no preposition.
function freeDay(rng: Rng): string {
  const roll = rng.next();
  if (roll < 0.3) return 'tomorrow';
  if (roll < 0.38) return 'today';
  if (roll < 0.6) return `${rng.pick(['next', 'this', 'this', 'this coming'])} ${drawWeekday(rng)}`;
  if (roll < 0.68) return `tomorrow ${rng.pick(DAY_PARTS)}`;
  if (roll < 0.74) return 'tonight';
  if (roll < 0.8) return `${rng.pick(['this', 'next'])} ${rng.pick(['week', 'month', 'weekend', 'weekend'])}`;
  if (roll < 0.85) return `this ${rng.pick(['morning', 'afternoon', 'evening'])}`;
  if (roll < 0.89) return `${rng.pick(WEEKDAYS)} ${rng.pick(['next week', 'after next', 'of next week'])}`;
  if (roll < 0.92)
    return rng.pick(['the day after tomorrow', 'day after tomorrow', 'tmrw', 'the end of the week', 'the weekend']);
  return `${drawWeekday(rng)} ${rng.pick(DAY_PARTS)}`;
}

// A day that a clock time may stand with: not a whole week, and not one that names its half itself.
function dayOfClock(rng: Rng): string {
  for (;;) {
    const day = freeDay(rng);
    if (!/month|weekend|the week|(?:this|next) week$|morning|afternoon|evening|night/.test(day)) return day;
  }
}

// "tomorrow morning at 7", "friday night at eight thirty".
function partOfDayAt(rng: Rng): string {
  const half = rng.pick(['am', 'pm'] as const);
  const part = half === 'am' ? 'morning' : rng.pick(['afternoon', 'evening', 'night']);
  const day = rng.pick(['tomorrow', 'this', 'tomorrow', drawWeekday(rng)]);
  return `${day} ${day === 'this' && part === 'night' ? 'evening' : part} at ${drawBareClock(rng, half).surface}`;
}

// Days that want "on" or "for" in a sentence.
function onDay(rng: Rng): string {
  const roll = rng.next();
  if (roll < 0.46) return drawWeekday(rng);
  if (roll < 0.58) return drawDayOfMonth(rng);
  if (roll < 0.84) return drawDate(rng);
  if (roll < 0.89) return rng.pick(HOLIDAYS);
  return `${rng.pick(WEEKDAYS)} ${drawDayOfMonth(rng)}`;
}

/** A day with the preposition that it needs: "on friday" (canonical "friday"), "tomorrow". */
export function drawDay(rng: Rng): Filler {
  if (rng.chance(0.5)) return same(freeDay(rng));
  const day = onDay(rng);
  return { surface: rng.chance(0.85) ? `on ${day}` : day, canonical: day };
}

/** A day alone, for after "for", "on" or nothing. */
export function drawBareDay(rng: Rng): Filler {
  return same(rng.chance(0.5) ? freeDay(rng) : onDay(rng));
}

const REPEATED =
  list(`every weekday; every day; daily; every morning; each day; each morning; every night; every weekend;
  all week; monday through friday; monday to friday; weekdays; everyday; every other day; every week; each weekday`);

/** Days of a repeated thing: "every weekday", "on mondays" (canonical "mondays"), "daily". */
export function drawRepeatedDay(rng: Rng): Filler {
  const [one, other] = [rng.pick(WEEKDAYS), rng.pick(WEEKDAYS)];
  const roll = rng.next();
  if (roll < 0.35) return same(rng.pick(REPEATED));
  if (roll < 0.6) return same(`every ${one}`);
  if (roll < 0.7 && one !== other) return same(`every ${one} and ${other}`);
  const days = rng.pick([`${one}s`, 'weekdays', 'weekends', `${one}s and ${other === one ? 'weekends' : `${other}s`}`]);
  return rng.chance(0.6) ? { surface: `on ${days}`, canonical: days } : same(days);
}

const VAGUE =
  list(`in the morning; in the evening; in the afternoon; first thing in the morning; later; later today; later on;
  later tonight; before bed; after lunch; after work; before lunch; after dinner; at lunchtime; at the end of the day;
  before i leave; when i get home; when i get to work; when i leave work; when i leave the house; when i wake up;
  as soon as i get home; at the end of the month; next month; next year; by the end of the week; by the end of the day;
  in two weeks; a week from now; a week from today; in the next hour; in a bit; once i am home; before noon; by noon;
  in a few days; before school; after school; during my break; on my way home; at sunset; at dawn; at bedtime;
  when i'm at the store; when i get back; the next time it rains; two hours before my flight; the night before; over the weekend;
  next time i'm at the office; when i arrive at work; an hour before the meeting; in the middle of the night; over lunch`);

/** Any time phrase, canonical as said without a leading "on", "at" or "for". */
export function drawWhen(rng: Rng): Filler {
  const roll = rng.next();
  const at = rng.chance(0.85) ? 'at ' : 'around ';
  if (roll < 0.2) return drawDay(rng);
  if (roll < 0.36) return lead('at ', drawClockSaid(rng), rng, 0.9);
  if (roll < 0.45) return same(`${dayOfClock(rng)} ${at}${drawClockSaid(rng)}`);
  if (roll < 0.48) return same(partOfDayAt(rng));
  if (roll < 0.56) return lead('on ', `${onDay(rng)} ${at}${drawClockSaid(rng)}`, rng, 0.85);
  if (roll < 0.62)
    return lead('at ', `${drawClockSaid(rng)} ${rng.chance(0.2) ? 'tonight' : dayOfClock(rng)}`, rng, 0.85);
  if (roll < 0.67) return lead('at ', `${drawClockSaid(rng)} on ${onDay(rng)}`, rng, 0.9);
  if (roll < 0.77) return drawInDuration(rng);
  if (roll < 0.82) return drawRepeatedDay(rng);
  if (roll < 0.85) return same(`${drawRepeatedDay(rng).canonical} ${at}${drawClockSaid(rng)}`);
  if (roll < 0.87) return same(`by ${rng.chance(0.5) ? onDay(rng) : drawClockSaid(rng)}`);
  const vague = rng.pick(VAGUE);
  return { surface: vague, canonical: vague.replace(/^at /, '') };
}

export function drawPastWhen(rng: Rng): string {
  return rng.pick([
    'yesterday',
    'last week',
    'last month',
    'last night',
    'this morning',
    'earlier',
    'earlier today',
    'last year',
    `last ${drawWeekday(rng)}`,
    `last ${drawWeekday(rng)}`,
    `${rng.between(2, 9)} days ago`,
    'the other day',
  ]);
}

function lead(preposition: string, text: string, rng: Rng, chance: number): Filler {
  return { surface: rng.chance(chance) ? preposition + text : text, canonical: text };
}
