// Arguments of set_timer (duration, label) by rules over the whole sentence; null where a word is not accounted for.

import { readDuration } from './read-duration.js';
import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';
import { findTimeSpans } from './time-span.js';

const VERB =
  '(?:set|make|create|schedule|initiate|put in|put on|put|add|have|start|turn on|get|program|do|run|begin|give|need|want|place|activate|enable|reset|prepare|launch|open|use|kick off|try)';
const SET_A =
  "(?:(?:(?:i|we)(?:'d|'ll)? (?:like|need|want|would like)|give me|let me have|how about|what about|make it) )?" +
  `(?:${VERB}(?: me)?(?: up)? )?(?:(?:up|my|the|an?|another|one(?! (?:hour|minute|second))|new|brand new|quick|kitchen|oven|stove|microwave|phone|watch|countdown|'s) )*`;
const TIMER = '(?:timer|countdown|count down|stopwatch)(?: clock)?';
const GOING =
  '(?:(?: be)?(?: on)?(?: set| going| running| started| made| ready)?(?: up)?(?: for me)?(?: to)?(?: go off| ring| beep| run| end| sound)?)';
const FOR_LABEL = '(?: (?:for|called|named|labell?ed|and call it|to)(?: the| my)? (?<label>.+))?';
const OVER = '(?:is|are|has|have)(?: been)? (?:up|passed|over|elapsed|gone by|done)';

const TIMER_RULES: Rule[] = [
  [
    whole(
      `(?:i'm|i am|we're) (?:cooking|making|boiling|baking|steaming|grilling|roasting|frying|brewing|heating(?: up)?) (?<label>[a-z ]+?),? (?:so |and )?(?<core>(?:set|start|timer|i need|time|can|please|give).*)`,
    ),
    withContext,
  ],
  [
    whole(
      `i (?:just )?put (?<label>[a-z ]+?) in the (?:oven|microwave),? (?:so |and )?(?<core>(?:set|start|timer|i need|time|can|please).*)`,
    ),
    withContext,
  ],
  [
    whole(
      `(?<label>[a-z ]+?) (?:needs?|will take|takes?|will be done in|is done in) (?<dur>.+?),? (?:so |and )?(?:please )?(?:set|start) (?:a|the) timer`,
    ),
    timed,
  ],
  [whole(`${SET_A}${TIMER}${GOING}(?: for)?`), () => ({})],
  [whole(`${SET_A}(?<dur>[^ ].*?)[ -](?:long )?${TIMER}${GOING}${FOR_LABEL}`), timed],
  [whole(`${SET_A}(?<dur>[^ ].*?)[ -](?:long )?(?<label>[a-z]+) timer`), timed],
  [
    whole(
      `${SET_A}(?:${TIMER}|alarm)${GOING}[, ]*(?:(?:for|of|at|in|on|to|with|lasting|(?:now )?and stop (?:at|in|after)|to stop at|after)? )?(?<dur>.+?)(?: from now)?${FOR_LABEL}`,
    ),
    timed,
  ],
  [
    whole(`${SET_A}${TIMER}${GOING} (?:for|called|named)(?: the| my)? (?<label>.+?)(?:(?:,| for| in| of) (?<dur>.+))?`),
    timed,
  ],
  [whole(`${SET_A}(?<label>[a-z]+(?: [a-z]+)?) timer(?:(?:,? (?:for|of|at))? (?<dur>.+))?`), timed],
  [whole(`(?:start |begin )?(?:a )?(?:count|counting)(?: me)? ?down(?: from| for)? (?<dur>.+)`), timed],
  [
    whole(
      `(?:wake|alert|notify|tell|let|remind|ping|beep|buzz|warn|call)(?: me)?(?: up| know| time)? (?:in|after) (?<dur>.+?)(?: from now)?`,
    ),
    timed,
  ],
  [whole(`(?:in|after) (?<dur>.+?),? (?:wake|alert|notify|remind|ping|beep|buzz|warn) me(?: up)?`), timed],
  [
    whole(
      `(?:(?:tell|alert|notify|let|remind|warn) me(?: know)?|shout|beep|yell|say) (?:when|after|once) (?<dur>.+?) ${OVER}`,
    ),
    timed,
  ],
  [whole(`(?:tell me|remind me|alert me|say) (?:that |when )?(?:my |the )?time(?:'s| is) up in (?<dur>.+)`), timed],
  [whole('(?<dur>.+?) on the (?:timer|clock)'), timed],
  [whole(`(?:time|clock) (?:me )?(?:for )?(?<dur>.+)`), timed],
];

/** Arguments of set_timer. */
export function annotateTimer(text: string): Args | null {
  const core = stripCourtesyAndNow(text.replace(/^"/, '')).replace(/^how (?:do|can|would|should) (?:i|you) /, '');
  return applyRules(core, TIMER_RULES);
}

function withContext(groups: Args): Args | null {
  const args = annotateTimer(groups.core ?? '');
  return args && args.label === undefined ? timedLabel(groups.label ?? '', args) : null;
}

function timed(groups: Args): Args | null {
  const duration = groups.dur === undefined ? undefined : readDuration(groups.dur.replace(/^(?:another|my|the) /, ''));
  if (duration === null) return null;
  return groups.label === undefined ? defined({ duration }) : timedLabel(groups.label, defined({ duration }));
}

const NO_LABEL =
  /^(?:me|it|this|that|new|another|now|set|start|stop|pause|cancel|long|short|quick|please|on|a|an|the|launch|call|go off|off|check|turn|how|what|is|my)\b|[\d,]| and |\b(?:am|pm|timer|seconds?|minutes?|hours?|hour|noon|midnight|half|quarter|(?:the|my|a)(?= oven| stove| microwave))\b|^(?:oven|stove|microwave|phone|watch|kitchen|countdown)$/;

function timedLabel(said: string, args: Args): Args | null {
  const label = bareSpan(said);
  return label === '' ||
    label.split(' ').length > 5 ||
    NO_LABEL.test(label) ||
    findTimeSpans(label).length > 0 ||
    readDuration(label) !== null
    ? null
    : { ...args, label };
}
