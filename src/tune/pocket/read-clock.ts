// Reads one clock time as people say it ("half past six", "615am", "3 in the afternoon", "noon") as 24-hour "HH:MM".
// Without am or pm an hour from 1 to 11 is a morning one and 12 is noon, as the taxonomy's conventions say. Knows nothing
// of days or dates; a part of the day that does not fit the hour is null.

import { readNumber } from './read-number.js';

export type DayPart = 'am' | 'pm' | 'morning' | 'afternoon' | 'evening' | 'night';

const NAMED: Record<string, string> = {
  noon: '12:00',
  '12 noon': '12:00',
  'twelve noon': '12:00',
  midday: '12:00',
  'mid day': '12:00',
  'high noon': '12:00',
  midnight: '00:00',
  '12 midnight': '00:00',
  'twelve midnight': '00:00',
};

/** "HH:MM", or null when `text` is not exactly one clock time. `part` is what is known of the part of the day. */
export function readClock(text: string, part?: DayPart): string | null {
  const cut = cutDayPart(text.replace(/^(?:exactly|about|around) /, '').trim());
  const said = cut.rest.replace(/ (?:sharp|on the dot|exactly)$/, '');
  const known = cut.part ?? part;
  const named = NAMED[said];
  if (named !== undefined) return named;
  const face = readFace(said.replace(/ ?(?:o'? ?clock|hours)$/, ''));
  if (!face) return null;
  const hour = toHour24(face.hour, known);
  return hour === null ? null : `${String(hour).padStart(2, '0')}:${String(face.minute).padStart(2, '0')}`;
}

function cutDayPart(text: string): { rest: string; part: DayPart | undefined } {
  const meridiem = /^(.*?) ?\b(?:(?<=\d)|\b)(a|p)\.? ?m\.?$/.exec(text.replace(/(\d)([ap]\.?m)/, '$1 $2'));
  if (meridiem) return { rest: (meridiem[1] ?? '').trim(), part: meridiem[2] === 'a' ? 'am' : 'pm' };
  const named = /^(.*?),? (?:in the|this|at) (morning|afternoon|evening|night)$/.exec(text);
  if (named) return { rest: named[1] ?? '', part: named[2] as DayPart };
  const tonight = /^(.*?),? tonight$/.exec(text);
  return tonight ? { rest: tonight[1] ?? '', part: 'evening' } : { rest: text, part: undefined };
}

function readFace(said: string): { hour: number; minute: number } | null {
  const digits = /^(\d{1,2})(?:[:. ]?(\d{2}))?$/.exec(said);
  if (digits) return face(Number(digits[1]), Number(digits[2] ?? 0));
  const past = /^(?:a )?(half|quarter|[a-z0-9 -]+?)(?: minutes?)? (past|after|to|till|before|of) ([a-z0-9]+)$/.exec(
    said,
  );
  if (past) {
    const minute =
      past[1] === 'half' ? 30 : past[1] === 'quarter' ? 15 : Number(readNumber(past[1] ?? '') ?? Number.NaN);
    const hour = Number(readNumber(past[3] ?? '') ?? Number.NaN);
    if (!(minute >= 1 && minute <= 59) || !(hour >= 1 && hour <= 12)) return null;
    if (past[2] === 'past' || past[2] === 'after') return face(hour, minute);
    return past[1] === 'half' ? null : face(hour === 1 ? 12 : hour - 1, 60 - minute);
  }
  const british = /^half ([a-z0-9]+)$/.exec(said)?.[1];
  if (british !== undefined) return readFace(`half past ${british}`);
  const words = said.split(/[ -]+/);
  const hour = Number(readNumber(words[0] ?? '') ?? Number.NaN);
  const rest = words
    .slice(1)
    .join(' ')
    .replace(/^(?:oh|o) (?=\w)/, '');
  const minute = rest === '' ? 0 : Number(readNumber(rest) ?? Number.NaN);
  if (!Number.isInteger(hour) || hour < 1 || hour > 12 || !Number.isInteger(minute)) return null;
  if (minute > 0 && minute < 10 && !/ (?:oh|o) /.test(said)) return null;
  return face(hour, minute);
}

function face(hour: number, minute: number): { hour: number; minute: number } | null {
  return hour <= 23 && minute <= 59 ? { hour, minute } : null;
}

function toHour24(hour: number, part: DayPart | undefined): number | null {
  if (hour > 12 || hour === 0) return part === undefined || (part === 'am') === (hour === 0) || hour > 12 ? hour : null;
  switch (part) {
    case 'am':
      return hour % 12;
    case 'pm':
      return (hour % 12) + 12;
    case undefined:
      return hour;
    case 'morning':
      return hour % 12;
    case 'afternoon':
      return hour === 12 || hour <= 7 ? (hour % 12) + 12 : null;
    case 'evening':
      return hour === 12 ? null : hour + 12;
    case 'night':
      return hour === 12 ? 0 : hour <= 4 ? hour : hour + 12;
    default:
      return part satisfies never;
  }
}
