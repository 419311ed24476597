// Arguments of set_volume (level): a number or share as said, or the direction that the words of loudness point in. Words
// that point in both directions, and steps ("up by 2"), are null.

import { NUMBER_SOURCE, readNumber } from './read-number.js';
import type { Args } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const UP =
  "(?:louder|increas\\w*|rais\\w*|rise|up|higher|boost\\w*|bump\\w*|crank\\w*|greater|amplify|amp|more volume|can't hear|cannot hear|can barely hear|too (?:low|quiet|soft|faint)|not loud enough|pump)";
const DOWN =
  '(?:lower\\w*|down|decreas\\w*|reduc\\w*|quieter|softer|less|too (?:loud|high|noisy)|soften|diminish\\w*|drop|not so loud)';
const MAX =
  /\b(?:max(?:imum|imize|ed)?|all the way up|full(?: volume| blast)?|as (?:loud|high) as (?:possible|it goes|it can go)|highest|loudest|way up to the max)\b/;
const MIN = /\b(?:min(?:imum)?|all the way down|lowest|quietest|as (?:low|quiet) as possible)\b/;
const SOUND =
  /\b(?:volume|sound|speakers?|louder|quieter|softer|vocals|voice|audio|music|hear|it|this|that|loud|quiet|noise|song|voices?|tv)\b/;

const LEVEL = new RegExp(
  `(?<![\\w.])(?<value>${NUMBER_SOURCE})(?<percent> ?%| percent)?(?: (?:setting|level|volume|on the volume|out of (?:10|ten)))?$`,
);

/** Arguments of set_volume. */
export function annotateVolume(text: string): Args | null {
  const core = stripCourtesyAndNow(text).replace(/er one$/, 'er');
  if (/\bun-?mute\b|\boff mute\b/.test(core)) return { level: 'unmute' };
  if (/\b(?:mute|silence)\b/.test(core))
    return /\b(?:not|don't|un|stop|mute button)\b/.test(core) ? null : { level: 'mute' };
  const part = /\b(?:to|at) (?<part>half(?: volume|way)?|(?:a|one) quarter|three quarters)$/.exec(core)?.groups?.part;
  if (part !== undefined) return { level: part.startsWith('half') ? '50%' : part.startsWith('three') ? '75%' : '25%' };
  if (
    /\b(?:by|half|halfway|between|than|previous|back to|how (?:do|can) i|to (?:low|high|the (?:top|bottom|floor))|way (?:up|down)|all the way$|normal|medium|mid|times|twice|if|when|every|at (?:\d+ ?[ap]m))\b/.test(
      core,
    )
  )
    return null;
  const number = LEVEL.exec(core);
  const digits = readNumber(number?.groups?.value ?? '');
  const stepwise =
    new RegExp(`\\b(?:${UP}|${DOWN})\\b`).test(core) &&
    !/\b(?:to|at|on|level|of|number) (?:a |the )?(?:level |number )?\S+(?: ?%| percent)?(?: \w+)?$/.test(core);
  if (digits !== null && stepwise) return null;
  if (digits !== null && /^\d+$/.test(digits))
    return { level: `${digits}${number?.groups?.percent === undefined ? '' : '%'}` };
  if (/\d|%|percent/.test(core) || !SOUND.test(core)) return directionOnly(core);
  if (MAX.test(core)) return { level: 'max' };
  if (MIN.test(core)) return { level: 'min' };
  return direction(core);
}

function directionOnly(core: string): Args | null {
  return /^(?:(?:turn|go|get|crank|bring) )?(?:up|louder|down|quieter|softer)(?: a (?:bit|little|notch))?$/.test(core)
    ? direction(core)
    : null;
}

function direction(core: string): Args | null {
  const up = new RegExp(`\\b${UP}\\b`).test(core);
  const down = new RegExp(`\\b${DOWN}\\b`).test(core);
  if (up !== down) return { level: up ? 'up' : 'down' };
  if (up) return null;
  return /^(?:change|adjust|set|alter|modify|fix)(?: the| my| your)? (?:volume|sound|audio)(?: level| settings?)?$/.test(
    core,
  )
    ? {}
    : null;
}
