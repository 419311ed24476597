// Arguments of convert_units (value, from, to) and roll_dice (sides) by rules over the whole sentence. Units are copied
// as said; whether they exist, or fit each other, is not known here.

import { NUMBER_SOURCE, readNumber } from './read-number.js';
import { type Args, applyRules, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const UNIT =
  '[a-z]+(?: (?!be\\b|in\\b|is\\b|are\\b|to\\b|into\\b|from\\b|make\\b|equals?\\b|would\\b|there\\b)[a-z]+){0,2}';
const FROM = `(?<from>${UNIT})`;
const TO = `(?<to>${UNIT}(?: and [a-z]+)?)`;
const VALUE = `(?<value>(?:half an? |a half(?: of)?(?: an?)? |an? )?(?:${NUMBER_SOURCE}(?![a-z]{3}))?|an?|half an?|a half(?: an?)?|the)`;
const AMOUNT = `(?:${VALUE} ?)?${FROM}`;
const CONVERT_RULES: Rule[] = [
  [
    whole(
      `(?:how many|what amount of|how much|what number of|number of) ${TO} (?:is|are|are there|is there|would be|in|are equal to|fit|fits|go|goes|make(?: up)?|makes|equals?|do you get|would i need|does it take)(?: up)?(?: there)?(?: in| into| in total| to make)? ${AMOUNT}(?: have| equal| make)?`,
    ),
    converted,
  ],
  [
    whole(
      `(?:how many|how much) ${TO} (?:does|do|would|is|are) ${AMOUNT} (?:have|equal|make|be|contain|come to|worth)`,
    ),
    converted,
  ],
  [
    whole(
      `(?:what(?:'s|s| is| are| would| does| do)?|how much (?:is|are)|tell me what|tell me) ${AMOUNT} (?:is |be |are |equal |equals |come out to |equal to )?(?:in|to|into|as) ${TO}`,
    ),
    converted,
  ],
  [whole(`tell me what ${AMOUNT} in ${TO} is`), converted],
  [
    whole(
      `(?:how (?:do|can|would|could|should|to) (?:you |i |we )?(?:go about )?|(?:is there|what is|what's) (?:an easy|the proper|the best|a good|the easiest|a simple|the) way to |how to |(?:tell me |to know |help me )*(?:how to )?)?(?:convert(?:ing)?|change|turn|translate|switch|calculate) ${AMOUNT} (?:to|into|in) ${TO}`,
    ),
    converted,
  ],
  [whole(`(?:how are|how is) ${AMOUNT} (?:converted|changed|turned) (?:to|into) ${TO}`), converted],
  [
    whole(
      `(?:(?:i need |tell me |help me |understand |i want |to understand |what is |what's |what would be |what are |give me |to know |to understand |know |show me )*)the (?:conversion|conversions|conversion rate|ratio|difference)(?: rate| factor)? (?:between|from|of|for) ${AMOUNT} (?:and|to|into|in) ${TO}`,
    ),
    converted,
  ],
  [whole(`${AMOUNT} (?:is|are|equals?)(?: equal to| equivalent to)? how many ${TO}`), converted],
  [whole(`if i have ${AMOUNT},? how many ${TO} (?:is|are|do i have|would|does)(?: that| it| there)?`), converted],
  [whole(`${AMOUNT} (?:to|in|into) ${TO}`), converted],
];

/** Arguments of convert_units. */
export function annotateConversion(text: string): Args | null {
  const core = stripCourtesyAndNow(text)
    .replace(
      /^(?:i |need |wanna |want |to |tell me |know |would like |like )*(?=(?:how many|what|the (?:conversion|difference)|how to convert)\b)/,
      '',
    )
    .replace(/^tell me (?=how many|how to)/, '')
    .replace(/ (?:please|for me)$/, '');
  return applyRules(core, CONVERT_RULES);
}

function converted(groups: Args): Args | null {
  const said = (groups.value ?? '').trim().replace(/^the$/, '');
  const half = /^(?:an? )?half(?: of)?(?: an?)?$|^half an?$/.test(said);
  const value =
    said === '' || /^an?$/.test(said)
      ? '1'
      : half
        ? '0.5'
        : readNumber(said.replace(/^an? (?=\d|one|two|three|four|five|six|seven|eight|nine|ten)/, ''));
  const from = (groups.from ?? '').replace(/^(?:an?|the) /, '');
  const to = (groups.to ?? '').replace(/^(?:an?|the) /, '');
  const foreign =
    /\b(?:i|a|an|the|of|something|would|how|many|what|it|that|my|is|are|time|off|percent|half|convert|need|do|you|for|on|today|right|now|please|cost|worth|people|was|come|equivalent|go|will|fit|fits|look|like|in|conversion|converter|converted|express|dozen|make|makes|find|compute|expressed|show|give|get|tell|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)\b|\d/;
  return value === null || from === '' || to === '' || from === to || foreign.test(from) || foreign.test(to)
    ? null
    : { value, from, to };
}

const DIE = '(?:die|dice|dices|d|cube|number cube)';

/** Arguments of roll_dice. */
export function annotateDice(text: string): Args | null {
  const core = stripCourtesyAndNow(text).replaceAll(/(?<=\d|[a-z])-(?=[a-z]|\d)/g, ' ');
  const sided = [
    ...core.matchAll(new RegExp(`(?<![a-z0-9])(?<n>${NUMBER_SOURCE})[ -]?(?:sided|siders?|faced)\\b`, 'g')),
  ].map((match) => match.groups?.n);
  const withSides = [
    ...core.matchAll(new RegExp(`\\b(?:with|has|having) (?<n>${NUMBER_SOURCE}) (?:sides|faces)`, 'g')),
  ].map((match) => match.groups?.n);
  const named = [...core.matchAll(/\bd ?(?<n>\d+)s?\b/g)].map((match) => match.groups?.n);
  const range = [
    ...core.matchAll(new RegExp(`\\b(?:from|between) (?:1|one) (?:to|and|through) (?<n>${NUMBER_SOURCE})`, 'g')),
  ].map((match) => match.groups?.n);
  const said = [...sided, ...withSides, ...named, ...range];
  if (said.length > 1) return null;
  if (said[0] !== undefined) {
    // "roll two 6 sided dice": how many there are is a number of its own.
    const spoken = said[0].replace(/^(?:an?|one|two|three|four|five|1|2|3|4|5) (?!hundred|thousand)(?=\S)/, '');
    const sides = readNumber(spoken);
    return sides === null ? null : { sides };
  }
  const digits = core.replace(/\b(?:two|three|four|five|six|2|3|4|5|6|one|1|a couple of|both) (?:dice|die)\b/, 'dice');
  return /\d|\b(?:sides?|sided|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred|numbers?)\b/.test(
    digits,
  ) && !/what number/.test(digits)
    ? null
    : new RegExp(`\\b(?:${DIE}|roll|bones)\\b`).test(core)
      ? defined({})
      : null;
}
