// Clock times as people say and dictation writes them, with their canonical "HH:MM".
// Without a word for the half of the day an hour from 1 to 11 is a morning one and 12 is noon; days are not known here.

import type { Rng } from '../rng.js';
import { numberWords } from './number-words.js';
import type { Filler } from './template.js';

/** "HH:MM" of a minute of the day, 0 to 1439. */
export function clockCanonical(minuteOfDay: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}`;
}

/** The hour and minute without a half of the day: "7:05", "seven oh five", "five past seven", "7 o'clock". */
export function bareClockForms(minuteOfDay: number): string[] {
  const hour = Math.floor(minuteOfDay / 60) % 12 || 12;
  const minute = minuteOfDay % 60;
  const word = numberWords(hour);
  const next = hour === 12 ? 1 : hour + 1;
  if (minute === 0) return [`${hour}`, word, `${hour}:00`, `${hour} o'clock`, `${word} o'clock`, `${hour} oclock`];
  const padded = String(minute).padStart(2, '0');
  const minuteWords = minute < 10 ? `oh ${numberWords(minute)}` : numberWords(minute);
  const forms = [`${hour}:${padded}`, `${word} ${minuteWords}`, `${hour} ${padded}`];
  if (minute >= 10) forms.push(`${hour}${padded}`, `${word} ${minute}`, `${hour}.${padded}`);
  if (minute > 20 && minute % 10 !== 0) forms.push(`${word} ${numberWords(minute, { join: '-' })}`);
  const past = (n: number, of: number): string[] => [
    `${numberWords(n)} past ${numberWords(of)}`,
    `${n} past ${of}`,
    `${numberWords(n)} minutes past ${numberWords(of)}`,
    `${n} after ${of}`,
  ];
  const to = (n: number): string[] => [
    `${numberWords(n)} to ${numberWords(next)}`,
    `${n} to ${next}`,
    `${numberWords(n)} minutes to ${numberWords(next)}`,
    `${n} till ${next}`,
    `${n} of ${next}`,
  ];
  if (minute === 30) forms.push(`half past ${word}`, `half past ${hour}`, `half ${word}`);
  else if (minute === 15) forms.push(`quarter past ${word}`, `quarter after ${hour}`, `a quarter past ${hour}`);
  else if (minute === 45) forms.push(`quarter to ${numberWords(next)}`, `a quarter to ${next}`, `quarter till ${next}`);
  else if (minute % 5 === 0) forms.push(...(minute < 30 ? past(minute, hour) : to(60 - minute)));
  return forms;
}

/** Words that put an hour of the day (0 to 23) into its half, each with the space or none before it. */
function halfWords(hour: number): string[] {
  const half = hour < 12 ? 'am' : 'pm';
  const dotted = hour < 12 ? 'a.m.' : 'p.m.';
  const words = [
    ` ${half}`,
    ` ${half}`,
    ` ${half}`,
    `${half}`,
    `${half}`,
    ` ${dotted}`,
    `${dotted}`,
    hour < 12 ? ' a m' : ' p m',
  ];
  if (hour >= 1 && hour < 12) words.push(' in the morning', ' in the morning', ' this morning');
  if (hour >= 12 && hour < 18) words.push(' in the afternoon', ' this afternoon');
  if (hour >= 17 && hour < 22) words.push(' in the evening', ' this evening');
  if (hour >= 18) words.push(' tonight', ' at night');
  if (hour < 1) words.push(' at night', ' tonight');
  return words;
}

/** Every surface form of a minute of the day (0 to 1439) whose canonical value is that minute. */
export function clockForms(minuteOfDay: number): string[] {
  const hour = Math.floor(minuteOfDay / 60);
  const bare = bareClockForms(minuteOfDay);
  const forms = bare.flatMap((form) =>
    halfWords(hour)
      .filter((half) => fits(form, half, hour))
      .map((half) => form + half),
  );
  if (hour >= 1 && hour <= 12) forms.push(...bare);
  if (hour >= 13 || hour === 0) {
    forms.push(clockCanonical(minuteOfDay));
    if (minuteOfDay % 60 !== 0) forms.push(clockCanonical(minuteOfDay).replace(':', '.'));
  }
  if (hour >= 1 && hour <= 9) forms.push(clockCanonical(minuteOfDay));
  if (minuteOfDay === 720) forms.push('noon', '12 noon', 'midday', 'twelve noon', 'mid day');
  if (minuteOfDay === 0) forms.push('midnight', '12 midnight', 'twelve midnight');
  return forms;
}

// "7 o'clock pm" is not said, "half past six p.m." is not written tight, and "quarter to 12 am" would name the other half.
function fits(form: string, half: string, hour: number): boolean {
  const short = /^ ?[ap](\.| )?m/.test(half);
  if (short && form.includes('clock')) return false;
  if (hour % 12 === 11 && / (to|till|of) /.test(form) && !/night/.test(half)) return false;
  const digitsLast = /\d$/.test(form);
  return half.startsWith(' ') || (digitsLast && !/past|after|to|till|of/.test(form));
}

/** Hours of the day in the proportion in which people set things for them, then quarter hours before odd minutes. */
export function drawMinuteOfDay(rng: Rng, options: { fromHour?: number; toHour?: number } = {}): number {
  const from = options.fromHour ?? 0;
  const to = options.toHour ?? 23;
  const usual = (hour: number): number => (hour >= 5 && hour <= 9 ? 3 : hour >= 10 && hour <= 21 ? 1.6 : 0.8);
  const hours = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const hour = rng.pickWeighted(hours, usual);
  const roll = rng.next();
  const minute =
    roll < 0.45 ? 0 : roll < 0.62 ? 30 : roll < 0.74 ? rng.pick([15, 45]) : roll < 0.86 ? rng.int(12) * 5 : rng.int(60);
  return hour * 60 + minute;
}

const USUAL_DIGITS = /^\d{1,2}(?::\d\d)?(?: ?[ap]m| o'clock)?(?: (?:in the|this|at|tonight)\b.*)?$/;

// The usual written forms more often than words, and those more often than "6 30", "630 p.m." and the like.
function pickForm(forms: readonly string[], rng: Rng): string {
  const roll = rng.next();
  const usual = forms.filter((form) =>
    roll < 0.5 ? USUAL_DIGITS.test(form) : /^[a-z' ]+$/.test(form) && !/ [ap] m$/.test(form),
  );
  return rng.pick(roll < 0.78 && usual.length > 0 ? usual : forms);
}

/** Any clock time. `anyDay` leaves out the forms that name today ("7 tonight"), for sentences that name another day. */
export function drawClock(rng: Rng, options: { anyDay?: boolean } = {}): Filler {
  const minuteOfDay = drawMinuteOfDay(rng);
  const forms = clockForms(minuteOfDay);
  const usable = options.anyDay === true ? forms.filter((form) => !/ (?:this|tonight)/.test(form)) : forms;
  return { surface: pickForm(usable, rng), canonical: clockCanonical(minuteOfDay) };
}

/** A clock time without its half of the day, where the sentence says morning (`am`) or evening (`pm`) elsewhere. */
export function drawBareClock(rng: Rng, half: 'am' | 'pm'): Filler {
  const [fromHour, toHour] = half === 'am' ? [4, 11] : [13, 23];
  const minuteOfDay = drawMinuteOfDay(rng, { fromHour, toHour });
  return { surface: pickForm(bareClockForms(minuteOfDay), rng), canonical: clockCanonical(minuteOfDay) };
}

/** A clock time as said, for spans that are copied: any half of the day, with or without a word for it, any day. */
export function drawClockSaid(rng: Rng): string {
  return rng.chance(0.4)
    ? drawBareClock(rng, rng.pick(['am', 'pm'])).surface
    : drawClock(rng, { anyDay: true }).surface;
}
