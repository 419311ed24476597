// Arguments of set_alarm (time, day, label) by rules over the whole sentence. Two alarms in one sentence, and everything
// that the rules do not account for to the last word, are null.

import { type DayPart, readClock } from './read-clock.js';
import { readDuration } from './read-duration.js';
import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';
import { DATE_SOURCE, findTimeSpans } from './time-span.js';

const VERB =
  '(?:set|make|create|schedule|initiate|put in|put|add|have|let|start|turn on|get|program|run|give|need|want|make sure|place|book|activate|enable|reset|prepare|adjust|change|ring|sound|play|trigger|switch on)';
const FOR_A =
  "(?:(?:i|we)(?:'d)? (?:like|need|want|would like)|give me|let me have|there should be|make sure|how about|what about)";
const SET_AN = `(?:${FOR_A} )?(?:${VERB}(?: me)?(?: up)? )?(?:(?:up|my|the|an?|another|one|new|brand new|phone|gentle|loud|quick) )*`;
const GOES_OFF =
  '(?:(?: be| is)?(?: set| scheduled| created)?(?: up)?(?: for me)?(?: and)?(?: to| that will)?(?: go off| ring| sound| be set| wake me(?: up)?| start| get me up)?)';
const RISE =
  '(?:wake me(?: up)?|(?:be )?(?:woken|awake|up|out of bed)(?: up)?|to? ?get (?:me )?(?:up|out of bed)|wake up|alert me|ring my phone|(?:sound|set off|ring|play) (?:an|the|my) alarm|(?:book |schedule |set |give me )?(?:an? )?wake[- ]?up call|set (?:a )?reminder)';

const WEEKDAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const DAY = new RegExp(
  `(?<![\\w'])(?:for |on |of )?(?<day>(?:early )?(?:the day after tomorrow|day after tomorrow|tomorrow|today|tonight|weekdays|weekends|daily|weekday mornings` +
    `|(?:this |next |every |each |coming )?(?:${WEEKDAY}|weekday|weekend)s?(?:(?: to | through )${WEEKDAY})?|(?:every|each) (?:single |other )?day)` +
    `(?:,? and (?:every )?(?:${WEEKDAY}|tomorrow)s?)?|(?:every|each) (?:morning|evening|night)|${DATE_SOURCE})` +
    `(?:(?<!tonight|today)(?: at)? (?<part>morning|afternoon|evening|night))?(?![\\w':])`,
);
const NAMED_MOMENT =
  /^(?:sun ?rise|sun ?set|dawn|dusk|twilight|daybreak|first light|lunch ?time|dinner ?time|bed ?time|breakfast ?time)$/;

const ALARM_RULES: Rule[] = [
  [
    whole(
      `(?:i|we)(?:'ve| have)? (?:need|have|got|gotta|must|want|should|will)(?: to)? ${RISE}(?<rest> .+?)(?:,| so| and|, so) (?:please )?(?:set|make|wake) .*`,
    ),
    restOfAlarm,
  ],
  [
    whole(
      "(?<lead>(?:on |at |for |next |this |every |tomorrow|today|tonight).*?),? (?:please |can you )*(?<core>wake me.*|(?:set|ring|sound|create|make|i need|i want|i would like|i'd like|have|schedule) .*(?:alarm|wake|woken|up).*)",
    ),
    leadAndCore,
  ],
  [whole(`${SET_AN}alarms?(?: clock)?(?: clocks)?${GOES_OFF}(?<rest>,? .*)?`), restOfAlarm],
  [whole(`${SET_AN}(?<clock>.+?) (?:wake[- ]?up )?(?:alarm|wake[- ]?up call)(?: for me)?(?<rest> .*)?`), clockBefore],
  [whole(`${SET_AN}(?<label>[a-z]+(?: [a-z]+){0,2}) alarm(?: for me)?(?<rest> .*)?`), labelBefore],
  [
    whole(
      `(?:make sure |see that )?(?:(?:i|we)(?:'ve| have| will)? (?:want|need|gotta|must|have|got|'d like|would like|should) )?(?:to )?${SET_AN}(?:(?:alarm )?to )?(?:i(?:'m| am) )?${RISE}(?<rest> .*)?`,
    ),
    restOfAlarm,
  ],
];

/** Arguments of set_alarm. */
export function annotateAlarm(text: string): Args | null {
  if (
    /\banother (?:one|for|at|set|to)\b|\band another\b|\btwo alarms\b|\balarms\b.*\band\b|\bsecond (?:alarm|one)\b|\bthe next\b|\band (?:one|an alarm|also|set)\b/.test(
      text,
    )
  )
    return null;
  return applyRules(stripCourtesyAndNow(text).replace(/^how (?:do|can|would|should) (?:i|you) /, ''), ALARM_RULES);
}

function leadAndCore(groups: Args): Args | null {
  const core = annotateAlarm(groups.core ?? '');
  const lead = readWhen(groups.lead ?? '');
  if (!core || !lead || (core.time !== undefined && lead.time !== undefined)) return null;
  if (core.day !== undefined && lead.day !== undefined && core.day !== lead.day) return null;
  const part = / (morning|afternoon|evening|night)$/.exec(lead.day ?? '')?.[1];
  return part !== undefined && part !== 'morning' && core.time !== undefined ? null : { ...lead, ...core };
}

function clockBefore(groups: Args): Args | null {
  const clock = readWhen(groups.clock ?? '');
  const rest = restOfAlarm(defined({ rest: groups.rest }));
  return clock?.time === undefined || !rest || rest.time !== undefined ? null : { ...rest, ...clock };
}

const NO_LABEL_BEFORE =
  /^(?:alarm|daily|early|morning|nightly|weekly|regular|recurring|repeating|backup|silent|quiet|loud|smart|different|good|it|off|on|do|all|clock|timer|louder|turn|for|at|play|move|push|trigger|switch|mind|how|check|cancel|delete|stop|snooze|remove)\b|\b(?:an?|the|my|your)\b/;

function labelBefore(groups: Args): Args | null {
  const label = readLabel(groups.label ?? '', 'for');
  const rest = restOfAlarm(defined({ rest: groups.rest }));
  return label === null || NO_LABEL_BEFORE.test(label) || !rest || rest.label !== undefined ? null : { ...rest, label };
}

function restOfAlarm(groups: Args): Args | null {
  const rest = (groups.rest ?? '')
    .replace(/^[, ]+/, '')
    .replace(/^for me(?: |$)/, '')
    .trim();
  if (rest === '' || rest === 'up' || rest === 'please') return {};
  const when = readWhen(rest);
  if (when) return when;
  // "<when> <for|to|called> <label>", or the label first.
  for (const match of rest.matchAll(
    /(?:^|,? )(?<link>for|to|so i can|so that i can|called|named|labell?ed|titled) /g,
  )) {
    const before = rest.slice(0, match.index).trim();
    const after = rest.slice(match.index + match[0].length).trim();
    const time = before === '' ? {} : readWhen(before);
    const label = readLabel(after, match.groups?.link ?? '');
    if (time && label !== null) return { ...time, label };
    const labelFirst = before === '' ? splitLabelFirst(after, match.groups?.link ?? '') : null;
    if (labelFirst) return labelFirst;
  }
  return null;
}

function splitLabelFirst(after: string, link: string): Args | null {
  for (const match of after.matchAll(/,? (?:at|for|on|tomorrow|every|in) ?/g)) {
    const label = readLabel(after.slice(0, match.index), link);
    const when = readWhen(after.slice(match.index));
    if (label !== null && when) return { label, ...when };
  }
  return null;
}

const NO_LABEL =
  /\d|^(?:go off|ring|wake|me|this|that|it|later|sometime|early|late|half|quarter|when|before|after|while|until|if|as)\b|\b(?:and|for|every|each|morning|noon|[ap]m|p m|a m|mon|tues?|wed|thurs?|fri|sat|sun|christmas|easter|thanksgiving|birthday|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|week|month|day)\b/;

function readLabel(text: string, link: string): string | null {
  const label = bareSpan(text);
  if (label === '' || label.split(' ').length > (link === 'to' ? 7 : 4) || NO_LABEL.test(label)) return null;
  return findTimeSpans(label).length > 0 || readWhen(label) ? null : label;
}

/** A clock time and a day in any order, to the last word. */
function readWhen(phrase: string): Args | null {
  let rest = phrase;
  let day: string | undefined;
  let part: DayPart | undefined;
  for (let match = DAY.exec(rest); match?.groups; match = DAY.exec(rest)) {
    const found = match.groups.day === 'tonight' ? undefined : match.groups.day;
    if (found !== undefined && day !== undefined && found !== day) return null;
    day = found ?? day;
    part = dayPart(match) ?? part;
    if (found !== undefined && match.groups.part !== undefined) day = `${found} ${match.groups.part}`;
    rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
  }
  const clock = rest
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^[, ]*(?:(?:for|at|to|by|set for|set at|on)(?: |$))*/, '')
    .replace(/[ ,]+(?:for|at|on)?$/, '')
    .trim();
  if (clock === '') return day === undefined ? null : { day };
  const relative = /^in (?<a>.+)$|^(?<b>.+) from now$/.exec(clock)?.groups;
  if (relative) return readDuration(relative.a ?? relative.b ?? '') === null ? null : defined({ time: clock, day });
  const time = NAMED_MOMENT.test(clock) ? clock : readClock(clock, part);
  // "four every night" may be either half of the day.
  if (time === null || (part === 'night' && /^0[1-6]/.test(time))) return null;
  return defined({ time, day });
}

function dayPart(match: RegExpExecArray): DayPart | undefined {
  if (match.groups?.part !== undefined) return match.groups.part as DayPart;
  if (match[0].includes('tonight')) return 'evening';
  return /(?:every|each|weekday) (morning|evening|night)/.exec(match[0])?.[1] as DayPart | undefined;
}
