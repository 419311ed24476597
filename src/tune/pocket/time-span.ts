// Finds when something is to happen, as words of the sentence: dates, days, clock times, "in 20 minutes", "when i get
// home". It marks spans and trims them; it computes no date and does not judge whether a span fits its sentence.

import { NUMBER_SOURCE } from './read-number.js';

const MONTH =
  '(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)';
const ORDINAL_WORD =
  '(?:(?:twenty|thirty)[ -](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|first|second|third|fourth|fifth' +
  '|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth)';
const ORDINAL = `(?:\\d{1,2}(?:st|nd|rd|th)s?|${ORDINAL_WORD})`;
const WEEKDAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?';
const TOMORROW = '(?:tomorrow|tommorr?ow|tomorow|tomrr?ow|tmrw|today|tonight|tonite)';
const PART = '(?:morning|afternoon|evening|night)';
const UNIT = '(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)';
const COUNT = `(?:an?|half an?|a half|a few|a couple(?: of)?|several|${NUMBER_SOURCE})`;
const HOLIDAY =
  "(?:easter(?: sunday)?|christmas(?: eve| day)?|xmas|the holidays|columbus day|new year'?s|thanksgiving(?: day)?|halloween|black friday|new year'?s'? (?:eve|day)" +
  "|(?:st\\.?|saint) patrick'?s day|valentine'?s'? day|mother'?s'? day|father'?s'? day|memorial day|labor day|veterans day" +
  '|independence day|the fourth of july|(?:the )?4th of july|good friday|cinco de mayo|hanukkah|ramadan)';
const CLOCK_WORD = '(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)';
const MERIDIEM = '(?:[ap]\\.?m\\b\\.?)';
const CLOCK_PART = `(?: in the (?:morning|afternoon|evening)| at night)`;
const HALF_HOUR = '(?:fifteen|twenty|thirty|forty[ -]five|forty|ten|fifty)';

const CLOCK =
  `(?:(?:\\d{1,2}(?:[:.]\\d{2})?|\\d{3,4}|${CLOCK_WORD}(?:[ -]${HALF_HOUR})?) ?${MERIDIEM}` +
  `|\\d{1,2}[:.]\\d{2}${CLOCK_PART}?|(?:12 )?noon|midnight|midday` +
  `|(?:\\d{1,2}|${CLOCK_WORD})(?: o'?clock)${CLOCK_PART}?|(?:\\d{1,2}|${CLOCK_WORD}(?: ${HALF_HOUR})?)${CLOCK_PART}` +
  `|(?:half past|(?:a )?quarter (?:past|to|till|after)|(?:five|ten|twenty|\\d{1,2}) (?:past|to|till)) (?:\\d{1,2}|${CLOCK_WORD})(?: ?${MERIDIEM}|${CLOCK_PART})?)`;
const BARE_CLOCK = `(?:\\d{1,2}|${CLOCK_WORD}(?: ${HALF_HOUR})?)(?![\\w:-]|\\.\\d)(?! (?:\\d|people|persons?|guests|times|percent|dollars|${UNIT}))`;

/** Source of one calendar date or weekday: "march 5th", "the 21st", "next friday". */
export const DATE_SOURCE =
  `(?:\\d{1,2} (?!may\\b|march (?:to|on|for))${MONTH}|${MONTH} (?:the )?(?:\\d{1,2}(?![\\d:])|${ORDINAL})(?:st|nd|rd|th)?(?:'?s\\b)?(?:,? \\d{4})?` +
  `|(?:the )?${ORDINAL}(?: day)? of (?:${MONTH}(?:,? \\d{4})?|(?:this|next|the|every|each) month)` +
  `|the ${ORDINAL}(?! (?:one|time|item|thing|floor|street|of))|\\d{1,2}/\\d{1,2}(?:/\\d{2,4})?` +
  `|(?:(?:this|next|last|every|each|this coming|this upcoming|the following) )?${WEEKDAY}(?:,? ${PART})?(?:,? (?:of )?(?:next|this) week)?` +
  `(?:,? the ${ORDINAL}(?: of ${MONTH})?)?(?:,? of (?:next|this) week)?|(?:this|next|last|in) ${MONTH}(?! \\d)|(?:this|next|this coming|every) (?:mon|tues?|weds?|thurs?|fri|sat|sun)\\b)`;
const RELATIVE =
  `(?:(?:the )?day after tomorrow|(?:early |late )?${TOMORROW}(?: ${PART})?|(?:the )?(?:this|next|last|coming|rest of the|all|later this|end of the)` +
  ` (?:week|weekend|month|year|day|days|hour|${PART})(?: ${PART})?|(?:this|the) very (?:moment|day)|the weekend|overnight|the night before|all day` +
  `|(?:a|one|two) weeks? from (?:today|tomorrow|${WEEKDAY})|later(?: (?:today|tonight|on|this (?:week|month|${PART})))?` +
  `|(?:the |in the )?next (?:${NUMBER_SOURCE}|few|couple(?: of)?) ${UNIT})`;
const OFFSET =
  `(?:in (?:about )?(?:${COUNT}|(?:a |three )?quarters?(?: of)? an) ?${UNIT}(?: and a half)?(?:(?: and)? ${NUMBER_SOURCE}(?: ${UNIT})?)?(?: time)?|(?:in|after) ${NUMBER_SOURCE} ?(?:m|h|hrs?|mins?)|after ${COUNT} ${UNIT}|(?:${COUNT} ${UNIT}|\\d+ ?(?:m|h|mins?|hrs?)) from (?:now|today)` +
  '|in (?:a bit|a ?while|a little(?: while| bit)?|a moment|half an hour|an hour and a half))';
const REPEAT = `(?:everyday|(?:every|each) (?:single |other )?(?:day|week|weekday|weekend|month|year|hour|${PART}|${WEEKDAY}|${NUMBER_SOURCE} ${UNIT})|daily|weekly|monthly|weekdays|weekends)`;
const VAGUE = `in the ${PART}|at night|at (?:a later time|some point|lunch ?time|dinner ?time|bed ?time|sunset|sunrise|dawn|dusk|noon)|around (?:lunch|dinner|bed) ?time|first thing(?: in the morning)?|some other time|soon|during my (?:lunch )?break|on my way home|on my birthday`;

const ATOM = `(?:${CLOCK}|at ${BARE_CLOCK}|${DATE_SOURCE}|${RELATIVE}|${OFFSET}|${REPEAT}|${VAGUE}|(?:on|at|for|by|this|next) ${HOLIDAY})`;
const LEAD =
  '(?:(?:on|at|for|by|before|after|from|until|till|around|over|during|starting)(?: the (?:date of|day of))? )?';

/** Source of one whole span: one or more expressions of time with the small words between them. */
export const TIME_SOURCE = `(?:${LEAD}${ATOM}(?:,? (?:and )?${LEAD}${ATOM})*)`;

const BOUNDARY_BEFORE = "(?<![\\w'/-])";
const BOUNDARY_AFTER = "(?![\\w/-]|'s)";
/** The rest of a clause, up to where the thing to do may begin. */
const ON = '(?:(?! to (?!work|school|bed|the|my)| about | (?:so|and|can|could|please|i (?:have|need|must|should)) ).)*';
const CLAUSE =
  `(?:when(?:ever)? (?:i|we|i'm|im|my \\w+|it'?s?) (?:get|arrive|leave|wake|reach|am|finish|come|go|is|starts?|stops?|rains|walk|at|in|on|home|back)\\b${ON}` +
  `|(?:the )?next time ${ON}|(?:after|before) (?:work|school|lunch|dinner|breakfast|bed|class|noon|i (?:leave|go|get|eat|start)\\b${ON})` +
  `|(?:an hour|\\w+ (?:hours|minutes|days)|the (?:day|night)) before ${ON}|as soon as ${ON}|once i ${ON})`;

const WHOLE = new RegExp(`^(?:${TIME_SOURCE}|${HOLIDAY}|${CLAUSE}|${MONTH})$`);
const TRAILING = new RegExp(`^(?<rest>.*?)[ ,;]*${BOUNDARY_BEFORE}(?<time>${TIME_SOURCE}|${CLAUSE})$`);
const LEADING = new RegExp(`^(?<time>${TIME_SOURCE})${BOUNDARY_AFTER}[ ,;]*(?<rest>.*)$`);
const ANYWHERE = new RegExp(`${BOUNDARY_BEFORE}${TIME_SOURCE}${BOUNDARY_AFTER}`, 'g');

export interface TimeSplit {
  /** The words outside of the span. */
  rest: string;
  /** The span as said, without a leading "on", "at" or "for". */
  time: string | null;
  /** The preposition that was taken off the span. */
  preposition: 'on' | 'at' | 'for' | null;
}

/** Whether all of the text says when. */
export function isTimeSpan(text: string): boolean {
  return WHOLE.test(text.trim());
}

/** Splits off the longest span at the end: "call bob on friday at 5" -> "call bob", "friday at 5". */
export function splitTrailingTime(text: string): TimeSplit {
  return toSplit(TRAILING.exec(text), text);
}

/** Splits off the span at the front: "tomorrow at 5 call bob" -> "call bob", "tomorrow at 5". */
export function splitLeadingTime(text: string): TimeSplit {
  return toSplit(LEADING.exec(text), text);
}

/** All spans, as they stand in the text, left to right. */
export function findTimeSpans(text: string): string[] {
  return [...text.matchAll(ANYWHERE)].map((match) => match[0]);
}

/** A span without the preposition that adds nothing ("on friday" -> "friday"; "in an hour" and "by 5" stay). */
export function trimTime(span: string): string {
  return span.trim().replace(/^(?:on|at|for)(?: the (?:date|day) of)? (?=\S)/, '');
}

function toSplit(match: RegExpExecArray | null, text: string): TimeSplit {
  const time = match?.groups?.time;
  if (time === undefined) return { rest: text, time: null, preposition: null };
  const preposition = (/^(on|at|for) /.exec(time)?.[1] ?? null) as TimeSplit['preposition'];
  return { rest: (match?.groups?.rest ?? '').trim(), time: trimTime(time), preposition };
}
