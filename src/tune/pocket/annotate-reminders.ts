// Arguments of set_reminder (text, time) by rules over the whole sentence. A time that could be read as part of the text
// ("for friday", "tomorrow's meeting") makes the row null.

import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripClosing, stripCourtesyAndNow } from './strip-courtesy.js';
import { findTimeSpans, isTimeSpan, splitLeadingTime, splitTrailingTime, trimTime } from './time-span.js';

const MAKE =
  '(?:set|make|create|add|give|get|have|put|open|start|schedule|need|want|up|in|me|a|an|another|the|new|quick|my|one|for me|how about|like) ';
const NOTIFY =
  "(?:remind (?:me|us)|be reminded|be notified|get reminded|have you remind me|notify me|alert me|tell me|don'?t let me forget|reminder|remember|not forget|remind)";

const CORE = `(?:(?:i(?:'d| would)? (?:need|want|like|love) )?(?:${MAKE})*(?:reminder|alert|notification)s?(?: set| made| put)?(?: up)?(?: for me)?(?= |,|:|$)|(?:(?:set up|set|use) an? alarm to )?${NOTIFY})`;

const SAID_FIRST: Rule[] = [
  [
    whole(
      "(?:i (?:need|have|'ve got|got|want) to|i must|i should) (?<said>.+?)[,;]? (?:so |and )?(?:please |can you |could you )*(?:remind me|set (?:me )?a reminder|don't let me forget)(?: (?:about it|of it|to do it|for it|of that|about that|to do (?:that|so)))?(?: (?<time>.+))?",
    ),
    saidFirst,
  ],
];
const REMINDER_RULES: Rule[] = [
  [whole(`(?<time>.+?),? (?:please |can you |could you |i need you to |i want you to )*(?<rest>${CORE}.*)`), timeFirst],
  [
    whole(`${CORE}(?:,? (?:again|(?:of|about) something|for something|to do something|of something later))?`),
    () => ({}),
  ],
  [whole(`${CORE}(?<rest>[ ,:].+)`), (groups) => readRest(groups.rest ?? '')],
];

/** Arguments of set_reminder. */
export function annotateReminder(text: string): Args | null {
  const args = applyRules(stripClosing(text), SAID_FIRST) ?? applyRules(stripCourtesyAndNow(text), REMINDER_RULES);
  return args && isSound(args) ? args : null;
}

function saidFirst(groups: Args): Args | null {
  const { rest, time } = splitTrailingTime(groups.said ?? '');
  if (groups.time === undefined) return withText(rest, time);
  return time === null && isTimeSpan(groups.time) ? withText(rest, trimTime(groups.time)) : null;
}

function timeFirst(groups: Args): Args | null {
  if (!isTimeSpan(groups.time ?? '')) return null;
  const args = applyRules(stripCourtesyAndNow(groups.rest ?? ''), REMINDER_RULES.slice(1));
  return args && args.time === undefined ? { ...args, time: trimTime(groups.time ?? '') } : null;
}

/** What follows the core: "to ...", "that ...", "about ...", "for ...", a time, or a time and then one of these. */
function readRest(said: string): Args | null {
  const rest = said
    .replace(/^[ ,:]+/, '')
    .replace(/^(?:for me|me) /, '')
    .replace(/^(?:for|to|that will|which will|and) (?=remind(?:ing)? me )/, '')
    .replace(/^remind(?:ing)? me /, '');
  if (isTimeSpan(rest)) return { time: trimTime(rest) };
  const link = /^(?<link>to|that|about|of|for|called|saying|titled|,)[ ,:]+(?<said>.+)$/.exec(rest)?.groups;
  if (link) return readLinked(link.link ?? '', link.said ?? '');
  const front = splitLeadingTime(rest);
  if (front.time === null || front.rest === '') {
    const bare =
      /^(?:on|in|at|from|with|when|if|and|or|by|before|after|until|so|the|again|please|set|in case) |^\S+$/.test(rest);
    return bare && !/^[,:]/.test(said) ? null : readLinked('to', rest);
  }
  const after = /^(?:to|that|about|of|for)[ ,:]+(?<said>.+)$/.exec(front.rest)?.groups?.said ?? front.rest;
  const text = stripClosing(after);
  return splitTrailingTime(text).time === null ? withText(text, front.time) : null;
}

function readLinked(link: string, said: string): Args | null {
  if (link === 'for') {
    const front = splitLeadingTime(said);
    if (front.time !== null) {
      const after = /^(?:to|that|about|for|,|:)[ ,:]*(?<said>.+)$/.exec(front.rest)?.groups?.said ?? front.rest;
      return splitTrailingTime(after).time === null ? withText(after, front.time) : null;
    }
  }
  const { rest, time, preposition } = splitTrailingTime(said);
  if (preposition === 'for' && link !== 'for') return null;
  return withText(link === 'to' || link === 'that' ? rest : bareSpan(rest), time, link);
}

function withText(said: string, time: string | null, link = 'to'): Args | null {
  const text = said
    .replace(/^(?:that )?(?:i (?:need|have|'ve got|ought) to|i must|i gotta|i've gotta|to)(?: remember to)? (?=\S)/, '')
    .replace(/[ ,]+$/, '');
  if (text === '' || /^(?:me|remind|set|for|at|on|by|the|a|to|i|for me)$/.test(text)) return null;
  if (/^(?:this|that|it|something|that thing|them)$/.test(text)) return defined({ time });
  return link === 'that' && /^(?:it is|it's)\b/.test(text) ? null : defined({ text, time });
}

/** No expression of time may be left in the text, and none may have been cut out of a longer phrase. */
function isSound({ text, time }: Args): boolean {
  if (time !== undefined && /^(?:from|until|till|during)\b/.test(time)) return false;
  if (text === undefined) return true;
  if (
    /^(?:remind me|remember|don't|me |us )|\b(?:would be (?:nice|great|good)|something|weekdays|weekends|[ap] m)\b|\b(?:when|after|before|half past|half) |, (?:\w+ )?\w+ (?:\w+teen|ten|twenty|thirty|forty|fifty|five)$|^\W|^(?:\d|is |on my |at |around |before |next time |eleven |twelve |(?:new year|mother|father|christmas|easter|halloween|thanksgiving)\S* (?:to|that|,))|\b(?:at|is) \d|\b(?:at|to|past) (?:half|quarter|(?:\w+ )?minutes|\w+ to \w+$)| half$| is$| on (?:mon|tues?|weds?|thurs?|fri|sat|sun)$|\b(?:today|tomorrow|everyday)\b|\b(?:tomorrow|tommorow|today|tonight)'?s?\b|\bremind me\b|"/.test(
      text,
    )
  )
    return false;
  if (/ (?:for|from|of|the|my|a|an|at|on|and|until|to)$/.test(text)) return false;
  if (time !== undefined && /\b(?:ask|check|see|find out|know|figure out)\b.* when\b|\bif\b/.test(`${text} ${time}`))
    return false;
  return findTimeSpans(text).length === 0;
}
