// Arguments of control_home (device, action) by rules over the whole sentence. A device said around its verb ("turn the
// lights on in the den") is put together as "lights in the den"; which devices exist is not known here.

import { readNumber } from './read-number.js';
import { type Args, applyRules, bareSpan, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const SWITCH = '(?:turn|switch|flip|put|power|set|leave|keep|get|flick|have|click|need|want|make sure|be sure)';
const WHERE =
  "(?: (?:(?:in|at|on|of) (?:the |my |our )?(?!to |on |off )[a-z' ]+?|here|in here|upstairs|downstairs|outside|inside))?";
const VALUE = '(?<value>[a-z0-9.% -]+?)(?: in here)?';
const CHECK = '(?:(?:check|see|tell me|look|let me know|show me|find out|know|check and see|look and see|know if) )*';
const A_BIT = '(?: (?:just )?(?:a )?(?:tiny |little )?(?:bit|little|notch|touch|some|slightly|lower|more|tad))?';
const LIGHT = /\b(?:lights?|lamps?|lighting|chandelier|bulbs?|brightness|dimmer|sconces?|spotlights?|floodlights?)\b/;
const MACHINE =
  /\b(?:car|vehicle|truck|suv|van|minivan|jeep|dryer|washer|dishwasher|vacuum|vacuum cleaner|robot|roomba|coffee maker|coffee machine|coffee pot|kettle|engine|sprinklers?|washing machine|laundry|cleaner|mower|motorcycle)$/;
const VEHICLE = /\b(?:car|vehicle|truck|suv|van|minivan|jeep|engine|motorcycle)$/;

const HOME_RULES: Rule[] = [
  [whole(`${SWITCH} (?<on>on|off)(?: of)? (?<device>.+)`), switched],
  [
    whole(`${SWITCH} (?<device>.+?) (?:back |(?:is|are) )?(?:turned |switched |put )?(?<on>on|off)(?<where>${WHERE})`),
    switched,
  ],
  [whole(`${SWITCH} (?<device>.+?) to (?:the )?(?<on>on|off)(?: position)?`), switched],
  [whole('(?<device>.+?) (?:needs to be|should be|must be|be) (?:turned |switched )?(?<on>on|off)'), switched],
  [whole('(?<on>on|off),? (?:turn |switch |put )?(?<device>.+?)(?: turn)?'), switched],
  [whole('(?<device>.+) (?<on>on|off)(?: turn)?'), switched],
  [whole('(?:activate|power up|illuminate|enable|light) (?<device>.+)'), act('on')],
  [
    whole(
      '(?:get|have) (?<device>.*\\bfans?|.*\\b(?:heater|ac|heat|furnace|air|lights?)\\b) (?:going|running|blowing)',
    ),
    act('on'),
  ],
  [whole('(?:deactivate|shut off|shut down|kill|power down|cut off|disable|turn out) (?<device>.+)'), act('off')],
  [whole('turn (?<device>.+) out'), act('off')],
  [whole('(?:start(?: up)?|get|initiate|begin) (?<device>.+?)(?: started| going| running)?(?: before .+)?'), started],
  [whole('stop (?<device>.+)'), act('stop')],
  [whole('(?:make sure(?: that)? )?(?<device>.+?) (?:is|are|be) locked(?: up)?'), unlessAsked(act('lock'))],
  [whole('(?:lock|lock up|bolt|secure) (?<device>.+?)(?: up)?'), act('lock')],
  [whole('unlock (?<device>.+)'), act('unlock')],
  [whole('open(?: up)? (?<device>.+?)(?: up)?'), act('open')],
  [whole('(?:close|shut)(?! off| down) (?<device>.+)'), act('close')],
  [whole(`(?:dim|darken) (?<device>.+?)(?: down)?${A_BIT}`), act('dim')],
  [whole('(?:make|get) (?<device>.+?) (?:a (?:bit|little) )?(?<way>dimmer|darker|brighter)'), dimmed],
  [whole(`brighten(?: up)? (?<device>.+?)(?: up)?${A_BIT}`), act('brighten')],
  [whole(`(?:turn|bring|put|tone) (?<way>up|down) (?<device>.+?)${A_BIT}`), upDown],
  [whole(`(?:turn|bring|put) (?<device>.+?) (?<way>up|down)${A_BIT}`), upDown],
  [whole(`(?:raise|increase) (?<device>.+?)${A_BIT}`), (groups) => upDown({ ...groups, way: 'up' })],
  [whole(`(?:lower|decrease|reduce) (?<device>.+?)${A_BIT}`), (groups) => upDown({ ...groups, way: 'down' })],
  [
    whole(
      `(?:set|turn|change|adjust|put|make|keep|raise|lower|heat|preheat|get|bring|drop)(?: up| down)? (?<device>(?!sure ).+?) (?:be |is )?(?:set )?to ${VALUE}`,
    ),
    setTo,
  ],
  [whole(`(?:set|keep|heat|preheat|put) (?<device>.+?) at ${VALUE}`), setTo],
  [whole(`put (?<device>.+?) on (?<value>low|high|medium)`), setTo],
  [
    whole(
      `(?:make sure (?:that )?)?(?<device>.+?) (?:is|should be|needs to be|be|must be) (?:set )?(?:to|at) ${VALUE}`,
    ),
    unlessAsked(setTo),
  ],
  [whole('make (?<device>(?:the )?temperature) (?<value>\\d+(?: degrees)?)(?: in here)?'), setTo],
  [
    whole(
      '(?:make|turn) (?<device>(?:the |my )?.*\\b(?:lights?|lamps?|bulbs?)(?: in the [a-z ]+?)?) (?<value>(?:(?:light|dark|warm|cool|soft|bright|hot|mint|lime|sky) )?[a-z]+)',
    ),
    setTo,
  ],
  // Questions about a device.
  [
    whole(
      `${CHECK}(?:what|which) (?:temp|temperature|degree|setting) (?:is )?(?<device>.+?) (?:is )?(?:set |on |at |running |currently )*(?:at|to|on)?(?: in here)?`,
    ),
    act('status'),
  ],
  [
    whole(
      `${CHECK}what(?:'s| is)? (?:the )?(?:temp|temperature|temperature setting|setting|status)(?: setting)?(?: is)? (?:of|on|for) (?<device>.+?)(?: display)?`,
    ),
    act('status'),
  ],
  [
    whole(`${CHECK}what(?:'s| is)? (?<device>.+?) (?:is )?(?:currently )?(?:set (?:to|at|on)|on|at|showing)`),
    act('status'),
  ],
  [
    whole(
      "what(?: is|'s) the (?:temperature|setting) (?<device>.+?)(?: display)? (?:is )?(?:showing|shows|reads|displays)",
    ),
    act('status'),
  ],
  [
    whole(
      '(?:what is )?(?:the temperature )?(?<device>.+?)(?: display)? is (?:set (?:to|at) what|showing|set at what)',
    ),
    act('status'),
  ],
  [whole('what is the (?<device>ac|thermostat|heater|oven|fridge|freezer|furnace) temperature'), act('status')],
  [
    whole(
      `${CHECK}(?:to see )?(?:if |whether )?(?:who's|who is|whos) (?:there )?(?:at|by|outside|in front of) (?<device>.+)`,
    ),
    act('status'),
  ],
  [whole("check (?<device>.+?) (?:to see|and see|and tell me) who(?:'s| is) (?:there|it)"), act('status')],
  [whole("(?:what's|what is) the person'?s name at (?<device>.+)"), act('status')],
  [
    whole(
      `${CHECK}(?:if |whether )?(?:is|are) (?<device>.+?) (?:still )?(?:in the )?(?:securely )?(?:locked|unlocked|on|off|open|closed|shut|running)(?: position)?`,
    ),
    act('status'),
  ],
  [
    whole(
      `${CHECK}(?:if|whether) (?<device>.+?) (?:is|are) (?:still )?(?:locked|unlocked|on|off|open|closed|shut|running)`,
    ),
    act('status'),
  ],
  [
    whole(
      `${CHECK}(?:if |whether )?(?:i have |did i leave |i left |did i |has anyone |did anyone |did someone |have i )(?:securely )?(?:lock |locked |close |closed |turn off |left |leave )?(?<device>.+?)(?: locked| on| open| unlocked| off)?`,
    ),
    act('status'),
  ],
];

/** Arguments of control_home. */
export function annotateHome(text: string): Args | null {
  const core = stripCourtesyAndNow(text)
    .replace(/^(?:i (?:need|want|'d like|would like) )(?=.*\b(?:on|off|locked|started)$)/, 'get ')
    .replace(/^how (?:do|can) i /, '')
    .replace(/^[^;]+; (?=get |turn |switch |put )/, '')
    .replace(/ (?:as soon as possible|in here|all the way|currently|today)$/, '');
  return applyRules(core, HOME_RULES);
}

function unlessAsked(build: (groups: Args) => Args | null): (groups: Args) => Args | null {
  return (groups) =>
    /^(?:is|are|what|who|if|whether|check|see|tell|has|did|do|does)\b/.test(groups.device ?? '') ? null : build(groups);
}

function act(action: string): (groups: Args) => Args | null {
  return ({ device: said = '' }) => {
    const device = readDevice(said);
    return device === null ? null : { device, action };
  };
}

function switched({ device: said = '', where = '', on = '' }: Args): Args | null {
  const device = readDevice(said);
  if (device === null) return null;
  if (on === 'on' && VEHICLE.test(device)) return { device, action: 'start' };
  const place = where.trim();
  const elsewhere = place !== '' && !/^(?:(?:in|at|on) (?:here|my place)|here)$/.test(place);
  return { device: elsewhere ? `${device} ${place}` : device, action: on };
}

function started(groups: Args): Args | null {
  return MACHINE.test(groups.device ?? '') ? act('start')(groups) : null;
}

function dimmed(groups: Args): Args | null {
  return act(groups.way === 'brighter' ? 'brighten' : 'dim')(groups);
}

/** Lights are dimmed and brightened, blinds open and close; everything else goes up and down. */
function upDown({ device: said = '', way }: Args): Args | null {
  const device = readDevice(said.replace(/^(?:the )?(?:brightness|intensity) of /, ''));
  if (device === null || /\b(?:brightness|intensity|blinds|shades|curtains|window|door|volume|sound)\b/.test(device))
    return null;
  return { device, action: LIGHT.test(device) ? (way === 'up' ? 'brighten' : 'dim') : (way ?? '') };
}

function setTo(groups: Args): Args | null {
  const device = readDevice(
    (groups.device ?? '')
      .replace(/^(?:the )?(?:colou?r|brightness) of /, '')
      .replace(/(?<=lights?|lamps?|bulbs?)(?:'s|s')? (?:colou?r|brightness)$/, ''),
  );
  const said = (groups.value ?? '').replace(/^(?:be |a |an )/, '');
  const number =
    /^(?<number>[a-z0-9. -]+?)(?<unit> degrees(?: (?:fahrenheit|celsius|f|c))?| ?%| percent| fahrenheit| celsius| f| c)?$/.exec(
      said,
    )?.groups;
  const word =
    /^(?:(?:light|dark|warm|cool|soft|bright|hot) )?(?:red|green|blue|white|yellow|purple|pink|orange|teal|turquoise)$|^(?:low|medium|high|max|auto)$/.test(
      said,
    );
  const digits = readNumber(number?.number ?? '');
  if (
    device === null ||
    /\b(?:room|temperature (?:of|in)|bedroom temperature|room temperature)\b/.test(device) ||
    (!word && digits === null)
  )
    return null;
  if (LIGHT.test(device) && said === 'low') return { device, action: 'dim' };
  const unit = (number?.unit ?? '').replace(/^ ?(?:%|percent)$/, '%');
  return { device, action: `set ${word ? said : `${digits}${unit}`}` };
}

const FOREIGN =
  /\b(?:and|if|when|for|at (?:\d|noon|night)|tomorrow|tonight|today|minutes?|until|before|after|then|to|please|is|are|it|turn|turned|switch|set|who|what|start|you|i|me|up|down|on|off|get|some|can|could|put|make|sure|leave|keep|showing|still|brewing|colou?r|how|not|by (?:\d|a|one|two|five|ten)|degrees|everything|seconds?|hours?|already|much|shut|level|load)\b|(?<!\b(?:in|of|at|on|all|by)) (?:the|my)\b|\d|[;,]/;

function readDevice(said: string): string | null {
  const device = bareSpan(
    said.replace(/ (?:for me|please|now|right now|up|currently|started|again)$/, '').replace(/^(?:on|off) /, ''),
  );
  return device === '' || device.split(' ').length > 7 || FOREIGN.test(device) ? null : device;
}
