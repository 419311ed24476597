// Arguments of get_weather (place, when), get_time (place) and get_directions (to). Weather and time are read by what
// their usual words leave over, directions by rules over the whole sentence; "here" and "outside" are no places.

import { leftover, toVocabulary } from './leftover.js';
import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripCourtesy, stripCourtesyAndNow } from './strip-courtesy.js';
import { findTimeSpans, trimTime } from './time-span.js';

const ASKING =
  "a an the is are was will be it it's its what what's whats what're how how's hows who when when's where which why there there's do does did can could would should shall may might tell me let know give get show read find check see say look up i i'm i'd we you your my need want wanna like to please hey if whether for of on in at about and or with by as so any some this that now right currently current today's exactly just going gonna go looking look supposed suppose expected expect expecting have has had being s not no yes info information update report latest moment";

const WEATHER_WORDS = toVocabulary(
  ASKING,
  'weekly already weather temperature temperatures temp temps forecast forecasts climate conditions condition outlook outside outdoors here out sky skies situation data meteorological atmospheric high highs low lows record degrees fahrenheit celsius',
  'rain raining rainy rains snow snowing snowy snows sleet hail hailing storm storms stormy storming thunderstorm thunderstorms thunder lightning tornado tornadoes hurricane hurricanes wind winds windy breeze breezy fog foggy mist misty cloud clouds cloudy overcast sun sunny sunshine clear freeze freezing frost hot hotter warm warmer cold colder cool cooler chilly mild nice good bad humid humidity dry wet muggy uv index smog pollen air quality chance chances likelihood probability percent precipitation inches shower showers drizzle blizzard heat wave alert alerts warning warnings umbrella jacket coat raincoat sweater shorts sunscreen boots wear bring over under above below feel feels predicted prediction estimated average kind type sort rundown summary much many more next again soon coming time highest lowest top max maximum min minimum happening experiencing doing getting become reach drop hit last long start starting stop begin end describe detailed description hourly daily local near around during throughout early late day week weekend days',
);

/** Arguments of get_weather. */
export function annotateWeather(text: string): Args | null {
  const core = stripCourtesy(text)
    .replaceAll(
      /\b(today|tonight|tomorrow|this week|next week|this weekend|this (?:morning|afternoon|evening)|(?:mon|tues|wednes|thurs|fri|satur|sun)day)'s\b/g,
      'for $1',
    )
    .replaceAll(/\bmore info\b/g, 'info');
  if (
    /\b(?:last|yesterday|hometown|\d+[ -]day|[ -]day forecast|hourly|day|soon|currently|this moment|between|until|till|and (?:then|what)|or (?:in|tomorrow))\b/.test(
      core,
    )
  )
    return null;
  const spans = findTimeSpans(
    core.replace(/\b(?:right now|(?<!from )now)\b/g, ' ').replace(/\b(?:daily|weekly)\b/g, 'local'),
  ).filter((span) => !/^\d|^at \d+ degrees/.test(span));
  const said = spans.length === 1 ? (spans[0] ?? '') : '';
  if (spans.length > 1) return null;
  const now = /\b(?:right now|(?<!from )now)\b/.exec(core)?.[0];
  if (now !== undefined && said !== '') return null;
  const weekend = said === '' ? /\b(?:the |this )?(?<when>weekend)\b/.exec(core)?.groups?.when : undefined;
  const rest = core
    .replace(said, ' ')
    .replace(/\b(?:right now|(?<!from )now)\b/, ' ')
    .replace(/\bthe weekend\b|\bweekend\b/, ' ')
    .replace(/ (?:in|for|on|at|over|during)$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const place = readPlace(rest.replace(/\b(?<=over|above|below|under|reach|hit) \d+\b/, ''), WEATHER_WORDS);
  if (place === null || /\d/.test(place)) return null;
  return defined({ place, when: trimTime(said) || weekend || now });
}

const CLOCK_WORDS = toVocabulary(
  ASKING,
  'time timezone zone clock hour minute watch local present hours minutes mind telling set standing real exact actual correct precise accurate damn over again happen sir display provide people',
  "o'clock",
);

/** Arguments of get_time. */
export function annotateClockTime(text: string): Args | null {
  const core = stripCourtesyAndNow(text).replace(/^ ?(?:now|at the moment|right now),? /, '');
  if (
    /\b(?:when it'?s|difference|ahead|behind|until|till|from now|my time|if it|hours|sunrise|sunset|\d)\b/.test(core) ||
    findTimeSpans(core).length > 0
  )
    return null;
  const tail =
    /^what(?: is|'s) the (?:current )?time(?: is it)?(?: now)? (?<place>[a-z]+)$|^what time is it(?: now)? (?<place2>[a-z]+ time)$|^what(?: is|'s) the current (?<place3>[a-z]+ time)$/.exec(
      core,
    )?.groups;
  const zone = tail?.place ?? tail?.place2 ?? tail?.place3;
  if (zone !== undefined && !CLOCK_WORDS.has(zone.replace(/ time$/, ''))) return { place: zone };
  const coast = /\b(?:in|on) the (?<place>[a-z]+ coast)\b/.exec(core)?.groups?.place;
  if (coast !== undefined) return { place: coast };
  const named =
    /(?:in|for) (?:the )?(?<place>[a-z ]+? (?:time ?zone|standard time|time))(?:, .*| (?:right )?now)?$/.exec(core)
      ?.groups?.place;
  if (named !== undefined && !/^(?:what|this|my|the|same|current)\b|\b(?:is|in|for)\b/.test(named))
    return { place: bareSpan(named) };
  const place = readPlace(
    core.replaceAll(/\bright now\b/g, 'now').replace(/\b(?:timezone|time zone)\b/, 'timezone'),
    CLOCK_WORDS,
  );
  return place === null || /\d/.test(place) ? null : defined({ place });
}

/** '' when no word is left over; null when what is left over does not stand where a place stands. */
function readPlace(text: string, vocabulary: ReadonlySet<string>): string | null {
  const left = leftover(text, vocabulary);
  if (left === null || left.span === '') return left === null ? null : '';
  const place = bareSpan(left.span.replace(/'s$/, ''));
  const nouns = /^(?:weather|forecast|temperature|climate|current|time|timezone|conditions)$/;
  const lead = /(?<noun>\S+) (?<preposition>in|for|at|near|around|of|outside)(?: the)?$/.exec(
    ` . ${text.slice(0, text.indexOf(left.span)).trim()}`,
  )?.groups;
  const afterPreposition =
    lead?.preposition === 'for' || lead?.preposition === 'of'
      ? /^(?:weather|forecast|report|temperature|temp|conditions|outlook|situation|data|climate|like|info|update|current)$/.test(
          lead.noun ?? '',
        ) && !/ing$/.test(place)
      : lead !== undefined;
  const asSubject =
    /^(?:is|does|are|will|has|how's|what's)$/.test(left.before) &&
    /^(?:experiencing|have|get|getting|weather|weather's|be|going|expecting)$/.test(left.after);
  const beforeNoun =
    nouns.test(left.after) && /^(?:|on|is|current|me|about|what's|check|show|get|give)$/.test(left.before);
  if (!afterPreposition && !asSubject && !beforeNoun) return null;
  return place.split(' ').length > 5 ||
    /^(?:my|here|outside|me|us|house|home|town|this|that|here|city|area|world|morning|evening|effect|all|holidays?|lunchtime|week|days|least|most|risk|danger)\b/.test(
      place,
    )
    ? null
    : place;
}

const TRAVEL = '(?:get|go|walk|drive|travel|make it|head|navigate|ride|bike|commute|take (?:a|the) (?:bus|train))';
const HOW =
  "(?:how (?:do|can|would|to|should|might|could|will) (?:i |we |you )?|how i |what(?:'s| is|s) the (?:best|quickest|fastest|easiest|shortest)? ?(?:way|route)(?: for me)? to |what(?:'s| is) the direction for foot traffic to |is it possible to |is there a way to |(?:the )?(?:best|fastest|quickest) (?:way|route) to |what steps do i need to take to )";
const NEAR = '(?:nearest|closest)';
const WHERE_RULES: Rule[] = [
  [
    whole(
      `(?:from (?:here|my (?:house|location|home)),? )?${HOW}${TRAVEL}(?: by bus| from here)?(?: over| back)? to (?<to>.+)`,
    ),
    toward,
  ],
  [whole(`what(?:'s| is) the (?:best|quickest|fastest|easiest|shortest) (?:way|route) to (?<to>.+)`), toward],
  [
    whole(
      `(?:give me |get (?:me )?|show me |find (?:me )?|pull up |need |want |i (?:need|want|would like|'d like) |i'd like |what are |look up |tell me )?(?:the |some )?(?:driving |walking |bus )?directions?(?: to get| for getting| on how to get)? (?:to|for) (?<to>.+)`,
    ),
    toward,
  ],
  [
    whole(
      `(?:direct|guide|take|navigate|drive|bring|route|lead|point) (?:me |us )?(?:the way )?(?:to|toward|towards) (?<to>.+)`,
    ),
    toward,
  ],
  [whole(`navigate(?: me)? to (?<to>.+)`), toward],
  [
    whole(`(?:set|start|begin|open|turn on) (?:the |my |a )?(?:destination|navigation|gps|route) (?:to|for) (?<to>.+)`),
    toward,
  ],
  [
    whole(
      `(?:(?:can i have|let me have|tell me|show me|what is|what's|know|find) )*(?:the |a )?(?:best |quickest |fastest |shortest )?(?:way|route|path) to (?<to>.+)`,
    ),
    toward,
  ],
  [whole(`go to (?<to>(?:the )?${'(?:nearest|closest)'} .+)`), toward],
  [whole(`is there an? (?<to>[a-z' ]+ (?:nearby|near me|around here|near here|close by))`), toward],
  [whole(`(?<to>${'(?:nearest|closest)'} [a-z' ]+)`), nearest],
  [whole(`(?:which|what) bus (?:should|do|can|would) i (?:take|need|catch) to (?:get|go) to (?<to>.+)`), toward],
  [whole(`(?:does the|can a|can the|which) bus (?:go|get me|take me|goes) to (?<to>.+)`), toward],
  [whole(`(?:how )?(?:can|do|could|may) i (?:take|catch|ride|get) (?:a|the) bus to (?<to>.+)`), toward],
  [whole(`(?:is it possible to )?take (?:a|the) bus to (?<to>.+?)(?: how do i do that)?`), toward],
  [
    whole(
      `(?:i want to )?(?:take a bus to|visit|go to) (?<to>.+?)(?: by bus)?(?: how do i do that| what do i need to do)`,
    ),
    toward,
  ],
  [whole(`get (?:me )?to (?<to>.+)`), toward],
  [whole(`(?:is there a way to )?go by bus to (?<to>.+)`), toward],
  [
    whole(
      `(?:i(?:'m| am) at home,? (?:so )?)?(?:(?:where(?:'s| is| are| can i find)|what(?:'s| is| are)|find(?: me)?|locate|search for|look for|show me|give me|get me to|take me to|i need to know|tell me|know|where) )+(?<to>(?:the |a |an )?${NEAR} .+)`,
    ),
    nearest,
  ],
  [
    whole(
      `(?:(?:i need |i want |what is |what's |find me |give me |tell me |know |i need to know )*)(?:the |an )?(?:location|address|directions?|way) (?:of|for|to) (?<to>(?:the )?${NEAR} .+)`,
    ),
    nearest,
  ],
  [
    whole(
      `(?:(?:i (?:want|need|would like) to )?(?:know|tell me|i need to know|where) )+(?:where )?(?<to>(?:the )?(?:${NEAR} .+?|[a-z ]+ ${NEAR} to .+?))(?: is)`,
    ),
    nearest,
  ],
  [
    whole(
      `(?:(?:i (?:want|need) to )?know|tell me|give me|find|what's|what is) (?<to>the ${NEAR} .+?)'s? (?:location|address)`,
    ),
    nearest,
  ],
  [whole(`where can i find (?<to>(?:the |an? )?.+ ${NEAR} to .+)`), nearest],
  [
    whole(`(?:are there|do you know of)(?: any)? (?<to>(?:an? )?.+? (?:near|close to|nearby|around|next to|by) .+)`),
    toward,
  ],
  [whole(`where (?:is|are) (?<to>(?!my\\b)[a-z' ]+)`), toward],
  [whole(`find(?: me)? (?<to>(?!my\\b)[a-z' ]+)`), toward],
  [whole(`(?:find |find me |tell me |show me |what is |what's |where is )(?<to>the [a-z' ]+ ${NEAR} to .+)`), nearest],
  [
    whole(
      `(?<to>(?!(?:is|are|does|do|has|have|what|where|how|can|any|find|show|tell|give|get|look|search|locate|i|i'm|which)\\b)[a-z' ]+ near(?:by| me| here))`,
    ),
    toward,
  ],
];

/** Arguments of get_directions. */
export function annotateDirections(text: string): Args | null {
  const core = stripCourtesyAndNow(text)
    .replace(
      /^(?:(?:tell me|let me know|know|i am needing you to tell me|do you know|i want to know|i need to know|to know|show me|find out) )+(?=how |the (?:best|fastest|quickest)|where )/,
      '',
    )
    .replace(/ and give me directions$/, '');
  return applyRules(core, WHERE_RULES);
}

function nearest(groups: Args): Args | null {
  const to = destination(groups.to ?? '');
  return to === null || / is$/.test(to) ? null : { to };
}

function toward(groups: Args): Args | null {
  const to = destination(groups.to ?? '');
  return to === null ? null : { to };
}

function destination(said: string): string | null {
  const place = said
    .replace(
      /,? (?:(?:by|using|on|via) (?:the |a |my |an )?(?:bus|car|train|foot|bike|bicycle|subway|metro|tram|walking|plane|taxi|ferry|driving|public trans(?:it|port)(?:ation)?|google maps|map)|walking|in the area)$/,
      '',
    )
    .replace(/ (?:is )?located$| at$/, '')
    .replace(/(?<!(?:nearest|closest).*),? from (?:here|my (?:current )?(?:location|place|house|home)|where i am)$/, '')
    .replace(/'s location$/, '')
    .replace(/ (?:closest to|nearest to|near) (?:me|here)(?= and )/, '');
  const to = bareSpan(place).replace(/^get to (?:the )?/, '');
  return to === '' ||
    /^(?:me|there|here|it|get|a|the|i|work from home)$|\bfrom .+ to\b|\b(?:and|please|avoiding|without|how|what|do|if|when|i'm|which|phone|car keys|way|routes?|all|location|list|address|transit|subway to|(?:drive|walk|go|travel) to|connection|directions|goes|that goes|(?<!(?:nearest|closest).*)from|that is|show me|bus to|train to)\b|; | by \w+$/.test(
      to.replace(/ and market| and \w+ streets?/, ''),
    )
    ? null
    : to;
}
