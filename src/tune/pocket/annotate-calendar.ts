// Arguments of update_calendar (title, time, op) and list_events (when). A change is read by rules over the whole
// sentence; a question is searched for its one expression of time, and null when it has several or a doubtful one.

import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';
import { findTimeSpans, isTimeSpan, splitLeadingTime, splitTrailingTime, trimTime } from './time-span.js';

const CALENDAR =
  '(?:(?:my|the|this|our|your)(?: house| family| work| google| personal)? )?(?:calend[ae]r|schedule|agenda|planner|diary)';
const INTO = '(?:to|on|onto|in|into|on to|for)';
const OUT_OF = '(?:from|off|off of|out of|on|in|of)';
const ADD =
  '(?:add|put(?: down)?|schedule|book|write(?: down)?|mark(?: down)?|pencil in|pencil|include|place|insert|set up|set|create|make not(?:e)? of|note(?: down)?|enter|log|plan|save|plug in|input|jot down|have|fit|slot)';
const REMOVE =
  '(?:remove|delete|cancel|take|erase|scratch|clear|get rid of|drop|scrap|cross|wipe|undo|strike|pull|edit|eliminate|nix)(?: off| out)?';
const DATE_OF = '(?: (?:for|on|at))?(?: the)?(?: (?:date|day))?(?: of)?';

const CHANGE_RULES: Rule[] = [
  [
    whole(
      `(?:clear|wipe|free up|empty|erase|delete|remove)(?: out)?(?: my| the)?(?: entire| whole| all)? ?(?:of )?${CALENDAR}(?: ${DATE_OF})? (?<time>.+)`,
    ),
    cleared,
  ],
  [
    whole(
      `(?:clear|wipe|erase|delete|remove|cancel|get rid of|take|drop)(?: out)? (?:everything|all|any|all of my|all my|the|entries|all the)(?: (?:events?|entries|items|appointments|meetings|plans))?(?: off| from)? (?:(?:on|in|from|off) )?${CALENDAR}(?: that's| that is| that are)?(?: set| scheduled)?(?: ${DATE_OF})? (?<time>.+)`,
    ),
    cleared,
  ],
  [
    whole(
      `(?:make sure|see that|i want|i need)(?: that)? ${CALENDAR} (?:is |to be )?(?:clear|cleared|empty|free|open)(?: ${DATE_OF})? (?<time>.+)`,
    ),
    cleared,
  ],
  [whole(`(?:i need|i want|give me) a (?:clear|clean|empty) calendar (?:for|on) (?<time>.+)`), cleared],
  [
    whole(
      `(?:i want |i need |have |get )?(?:the |all |all the |any |my )*(?:events?|everything|entries|items|appointments|meetings) (?:on|in|from) ${CALENDAR} (?:for|on) (?<time>.+?) (?:to be )?(?:cleared|removed|deleted|erased|cancelled)`,
    ),
    cleared,
  ],
  [whole(`make sure (?:that )?(?<time>.+?) is (?:clear|free|empty|cleared) (?:on|in) ${CALENDAR}`), cleared],
  [whole(`(?<time>.+?) needs to be (?:cleared|free|empty|wiped)(?: on| off| from| in)? ${CALENDAR}`), cleared],
  [
    whole(`(?:clear|wipe|empty|erase|delete)(?: out)?(?: my| the)?(?: entire| whole)? ?${CALENDAR}`),
    () => ({ op: 'remove' }),
  ],
  [
    whole(
      `(?:change|move|switch|shift|reschedule|push|postpone|bring forward)(?: the (?:date|time|day) (?:of|for))? (?<title>.+?)(?: (?:on|in) ${CALENDAR})?(?: from (?<from>.+?))? (?:to|until|till) (?<time>.+)`,
    ),
    moved,
  ],
  [
    whole(
      `(?:${ADD}) (?:an?|the|this) (?:new )?(?:item|event|entry|reminder|note|appointment) ${INTO} ${CALENDAR},? (?:that|called|named|to|saying|of) (?<title>.+)`,
    ),
    added,
  ],
  [whole(`(?:${ADD}) (?<title>.+?) ${INTO} ${CALENDAR}(?:(?: date| day)? ${DATE_OF})?(?<time> .+)?`), added],
  [whole(`(?:${ADD}) ${INTO} ${CALENDAR}(?: that)?(?: for)?[, ]+(?<title>.+)`), added],
  [whole(`(?:on|to|for|in) ${CALENDAR},? (?:please )?(?:${ADD}) (?<title>.+)`), added],
  [whole(`(?:for|on|to) ${CALENDAR},? (?:for|on) (?<time>.+?),? (?:please )?(?:${ADD}) (?<title>.+)`), added],
  [
    whole(
      `(?<title>.+?) (?:needs|has|ought|should) (?:to )?(?:be |go )(?:added|put|scheduled|placed|entered)? ?${INTO} ${CALENDAR}`,
    ),
    added,
  ],
  [
    whole(
      `i (?:need|want|'d like|would like|have) (?:to have )?(?<title>.+?) (?:added |put |scheduled |placed )?${INTO} ${CALENDAR}(?:(?: date)? ${DATE_OF})?(?<time> .+)?`,
    ),
    added,
  ],
  [whole(`(?:${REMOVE}) (?<title>.+?) ${OUT_OF} ${CALENDAR}(?: ${DATE_OF})?(?<time> .+)?`), removed],
  [whole(`(?:${REMOVE}) (?<title>.+?) (?:from|off|off of) ${CALENDAR} for (?:[a-z]{5,})`), removed],
  [whole(`(?:${REMOVE}) ${OUT_OF} ${CALENDAR}[, ]+(?<title>.+)`), removed],
  [whole(`i no longer (?:want|need) (?<title>.+?) ${OUT_OF} ${CALENDAR}(?: ${DATE_OF})?(?<time> .+)?`), removed],
  [
    whole(
      `(?:remove|delete|cancel|erase|get rid of|scrap) (?<title>.+?)(?: (?:that )?i (?:have|had|'ve|have got)(?: got)?(?: scheduled| planned| set)?(?: for)?)? (?:from )?(?<time>(?:on|for|at|this|next|tomorrow|today|tonight)\\b.+)`,
    ),
    removed,
  ],
  [
    whole(
      `(?:i have|i've got|there's|there is|i'm having) (?<title>.+?),? (?:so |and )?(?:please |can you )*(?:add|put) (?:it|that) (?:to|in|on|into) ${CALENDAR}`,
    ),
    addedTimed,
  ],
  [
    whole(
      `(?:my |the )?(?<title>.+?) is (?:on |at )?(?<time>.+?),? (?:so |and )?(?:please |can you )*(?:add|put) (?:it|that) (?:to|in|on|into) ${CALENDAR}`,
    ),
    added,
  ],
  [
    whole(
      `(?:get rid of|cancel|delete|remove|drop|scrap) (?<time>(?:today|tomorrow|tonight|${'(?:mon|tues|wednes|thurs|fri|satur|sun)'}day))'s (?<title>.+)`,
    ),
    removed,
  ],
  [
    whole(
      '(?:clear|free up|cancel) my (?<time>(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: \\w+)?)|i want (?<day>.+?) cleared',
    ),
    ({ time = '', day = '' }) => cleared({ time: time || day }),
  ],
  [
    whole(
      '(?:cancel|delete|remove|clear) (?:all (?:of )?)?(?:my )?(?:appointments|meetings|events|plans) (?<time>(?:on|for|this|next|tomorrow|today|tonight)\\b.+)',
    ),
    cleared,
  ],
  [whole('(?:reschedule|push|postpone) (?<title>.+?) for (?<time>.+)'), moved],
  [
    whole(
      '(?:create|add|schedule|set up|set|make|new) (?:an? |the )?(?:new )?(?:calendar )?(?:event|appointment|entry) (?:called|named|titled|for) (?<title>.+)',
    ),
    added,
  ],
  [whole('(?:add|schedule|book|plan|put down|pencil in|slot in|set up|note) (?<title>.+)'), addedTimed],
];

/** Arguments of update_calendar. */
export function annotateCalendarChange(text: string): Args | null {
  const core = stripCourtesyAndNow(text).replace(/^(?:how (?:do|can) i|put down|to|remember to) (?=\w+ )/, (lead) =>
    lead === 'put down ' ? lead : '',
  );
  if (/ and (?:add|put|remove|delete|replace|move)\b|\bword\b|\breplace\b/.test(core)) return null;
  return applyRules(core, CHANGE_RULES);
}

function added(groups: Args): Args | null {
  return change('add', groups.title, groups.time);
}

function removed(groups: Args): Args | null {
  return change('remove', groups.title, groups.time);
}

function addedTimed(groups: Args): Args | null {
  const args = change('add', groups.title, undefined);
  return args?.time !== undefined && args.title !== undefined ? args : null;
}

function cleared(groups: Args): Args | null {
  const time = trimTime(groups.time ?? '');
  return isTimeSpan(time) ? { time, op: 'remove' } : null;
}

function moved(groups: Args): Args | null {
  const time = (groups.time ?? '').trim();
  if (!isTimeSpan(time) || (groups.from !== undefined && !isTimeSpan(groups.from))) return null;
  const { rest, time: old } = splitTrailingTime(groups.title ?? '');
  const title = readTitle(rest);
  return title === null || (old !== null && groups.from !== undefined)
    ? null
    : defined({ title, time: trimTime(time), op: 'move' });
}

function change(op: 'add' | 'remove', saidTitle = '', saidTime = ''): Args | null {
  const time = trimTime(saidTime.trim().replace(/^(?:date|day) (?:of )?/, ''));
  if (time !== '' && !isTimeSpan(time)) return null;
  let { rest, time: within } = splitTrailingTime(
    saidTitle.replace(
      / (?:that is |that's |i have |i had |that i had |i've )?(?:scheduled|planned)?(?= (?:for|on|at) )/,
      '',
    ),
  );
  if (within === null) {
    const front = splitLeadingTime(saidTitle.replace(/^(?:the|my) /, ''));
    if (front.time !== null && front.rest !== '') ({ rest, time: within } = front);
  }
  if (time !== '' && within !== null) return null;
  const title = readTitle(rest.replace(/ (?:that is|i have|i had|that i had)?(?: scheduled| planned| set)?$/, ''));
  return title === null ? null : defined({ title, time: time || within, op });
}

/** The title proper; empty for "an event"; null where words of the request may still be in it. */
function readTitle(said: string): string | null {
  const title = bareSpan(said)
    .replace(
      /^(?:(?:the |an? )?(?:recurring )?(?:event|entry|item|appointment)s? )(?:called|named|titled|for|that (?:says )?i (?:need|have) to|that i have) /,
      '',
    )
    .replace(/^(?:that )?i have (?:an? )?|^(?:that )?i (?:need|have) to /, '')
    .replace(
      /^(?:new )?(?:recurring |repeating |weekly )?(?:event |events )?(?:for )?(?:a |an |my )?(?=\w+ \w+|\w{3,}$)/,
      '',
    )
    .replace(/^['"](.+)['"]$/, '$1')
    .replace(/^(?:my|the|an?) /, '');
  if (
    /^(?:that |this |an? |any |the |last |next |all |new |my )*(?:event|appointment|day|item|entry|something|it|that|this|things?|plans|anything|everything|stuff|new event)s?$/.test(
      title,
    )
  )
    return '';
  if (
    title === '' ||
    /['"]$|^['"]|^(?:for|to|on|from|me|club|back|down|weekly|monthly|daily|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|mon|tues|fri|sat|sun)|up|in|clear|entries|last|next|every|any|all|everything)\b|\b(?:calendar|schedule|cleared|removed|called|remind|reminder|added|back|agenda|planner|diary)\b|\d (?:january|february|march|april|june|july|august|september|october|november|december)\b/.test(
      title,
    )
  )
    return null;
  return findTimeSpans(title).length > 0 || (/'?s$/.test(title.split(' ')[0] ?? '') === false && isTimeSpan(title))
    ? null
    : title.replace(/ events?$/, '');
}

const DATE_WORD =
  /\b(?:holiday|last|before|after|until|through|to the|week|month|weekend|morning|evening|afternoon|night|\d+(?:st|nd|rd|th)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|weds?|thurs?|sat|january|february|april|june|july|august|september|october|november|december|easter|christmas|valentines?|halloween|thanksgiving|\w+ty (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|year|\d{4})\b|\d(?:am|pm)|\bnext (?!to)|\bupcoming\b|\bcoming up\b|\blater\b|\bsoon\b|\bbetween\b/;
/** Words with which a question of when, who or what may go on that name no time. */
const OTHER_TAIL =
  /\b(?:on|for|at|during) (?!(?:my|the|our|this) (?:(?:work|family|google|house) )?(?:calend|schedule|agenda|books|planner|diary|docket|table)|calend|schedule|it$|it\b|me\b|agenda|file)/;

/** Arguments of list_events. */
export function annotateEvents(text: string): Args | null {
  const now = /\bright now\b/.test(text) ? 'right now' : undefined;
  const core = stripCourtesyAndNow(text)
    .replaceAll(
      /\b(today|tonight|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day|this (?:week|weekend|morning|afternoon|evening))'s\b/g,
      '$1',
    )
    .replaceAll(/\bfirst thing\b/g, 'first one');
  const spans = findTimeSpans(core).map(trimTime);
  const when = spans[0];
  if (when === undefined) return DATE_WORD.test(core) || OTHER_TAIL.test(core) ? null : defined({ when: now });
  const outside = core.replace(when, '');
  const named = /\b(?:called|named|titled|note on|noted|search my)\b|["']\w+ \w+$/.test(core);
  return spans.length > 1 || named || now !== undefined || DATE_WORD.test(outside) ? null : { when };
}
