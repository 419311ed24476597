// Arguments of send_message (to, body), make_call (to) and share_location (to) by rules over the whole sentence. Where
// a name ends and a message begins without a word between them, only clear cases are read; the rest is null.

import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripClosing, stripCourtesyAndNow, stripOpening } from './strip-courtesy.js';

const PRONOUN = '(?:him|her|them|it|that person)';
const TEXT =
  '(?:(?:an? |the |another |new |quick )*(?:text(?: message)?|message|sms|im|dm|imessage|note|whatsapp)(?: message)?)';
const SEND =
  '(?:send|shoot|write|compose|drop|fire off|create|start|give|make|type|get|set up)(?: out| off| up| over)?';
const NAME = "(?<to>[a-z][a-z'.-]*(?: [a-z][a-z'.-]*){0,4}?)";
const THAT =
  `(?:,? (?:and |to )?(?:tell(?:ing)?|let(?:ting)?|inform(?:ing)?|notify(?:ing)?|remind(?:ing)?) ${PRONOUN}(?: know)?(?: that)?|,? (?:and |to )?(?:say(?:s|ing)?|that says|which says|with the (?:message|text|words)|that reads|reading|the message is)(?: that)?` +
  `|,? (?:and )?(?:give|send) ${PRONOUN} the (?:following )?message(?: that)?|,? (?:and |to )?(?:ask(?:ing)?)(?: ${PRONOUN})?|,? that|[:,] ?|,? (?:about|regarding))`;
const BODY = '(?<body>.+)';
/** How a message begins when no word announces it. */
const PLAIN_BODY =
  "(?<body>(?:i|i'm|im|i'll|i've|i'd|we|we're|we'll|you|you're|your|it's|he|she|they|there's|where|what|when|why|how|who|are|is|do|did|can|could|will|would|happy|hello|hi|hey|good|thanks|thank you|sorry|congrat\\w*|please|call|be|don't|let's|see you|on my|miss|love)(?: .+)?)";

/** A name that needs no word after it to end: one word, or "my" and one word. */
const SHORT_NAME = '(?<to>(?:my |the )?[a-z]+)';
const TOLD_BODY =
  "(?<body>(?:i|i'm|im|i'll|i've|i'd|we|we're|we'll|he|he's|she|she's|it|it's|they|there's|the|my|his|her|our|your|dinner|lunch|happy|hello|hi|hey|good|thanks|thank you|sorry)\\b.*)";

const MESSAGE_RULES: Rule[] = [
  [whole(`${SEND} the (?:message|text) ${BODY} to (?<to>(?:my )?[a-z]+)`), said],
  [
    whole(`(?:${SEND} )?${TEXT}(?: to)?(?: (?:someone|somebody|anyone|a person|one of my contacts))?(?: to)?`),
    () => ({}),
  ],
  [
    whole(
      `(?:${SEND} (?:someone|somebody|a friend or someone) ${TEXT}|communicate via text(?: to)?|${SEND} ${TEXT} (?:and send )?(?:it )?to (?:someone|somebody|anyone))`,
    ),
    () => ({}),
  ],
  [whole(`i (?:have|need|want|'d like|would like)(?: to (?:have|get|send))? ${TEXT}(?: sent| to send)?`), () => ({})],
  [
    whole(
      `(?:i (?:need|want) )?${NAME} (?:to be )?(?:texted|messaged)(?: and)? (?:say(?:ing)?|told)(?: that)? ${BODY}`,
    ),
    said,
  ],
  [whole(`let ${NAME} know (?:by|via|with a|in a) text(?: message)?(?: that)? ${BODY}`), said],
  [whole(`tell ${NAME} (?:that )?${BODY} (?:by|via|with a|in a) text(?: message)?`), told],
  [whole(`(?:${SEND} )?${TEXT} (?:to )?${NAME}(?: for me)?${THAT} ?${BODY}`), said],
  [whole(`(?:${SEND}|ping) ${NAME} (?:with )?${TEXT}(?: for me)?${THAT} ?${BODY}`), said],
  [whole(`${SEND} ${TEXT} (?:to ${NAME} )${PLAIN_BODY}`), plain],
  [whole(`${SEND} (?<to>(?:my )?[a-z]+) ${TEXT},? ${PLAIN_BODY}`), plain],
  [whole(`(?:text|message|${SEND} ${TEXT}(?: to)?) (?<to>(?:my [a-z]+|[a-z]+)),? ${PLAIN_BODY}`), plain],
  [
    whole(`(?:${SEND} )?${TEXT} to ${NAME} be ${BODY}`),
    (groups) => said({ ...groups, body: `be ${groups.body ?? ''}` }),
  ],
  [whole(`(?<clear>${SEND} ${TEXT} to|text|message) ${NAME}(?: in the form of ${TEXT})?`), receiver],
  [whole(`${SEND} ${NAME} ${TEXT}`), receiver],
  [whole(`(?:tell|inform|notify) ${SHORT_NAME} that ${BODY}`), said],
  [whole(`tell ${SHORT_NAME} (?:to ${BODY})`), said],
  [whole(`tell ${SHORT_NAME} ${TOLD_BODY}`), plain],
  [whole(`let ${NAME} know (?:that )?${BODY}`), said],
  [
    whole(`ask ${SHORT_NAME} (?:to (?<order>.+)|(?<body>(?:if|whether|when|what|what's|how|who|where|why)\\b.+))`),
    (groups) => plain({ ...groups, body: groups.order ?? groups.body ?? '' }),
  ],
  [
    whole(`reply to ${SHORT_NAME}(?: (?:saying|with|and say)(?: that)? (?<body>.+))?`),
    (groups) => (groups.body === undefined ? receiver(groups) : said(groups)),
  ],
];

/** Arguments of send_message. */
export function annotateMessage(text: string): Args | null {
  const opened = stripOpening(text);
  const args = applyRules(opened, MESSAGE_RULES);
  if (args?.body !== undefined) return / (?:please|for me|now)$/.test(args.body) ? null : args;
  return args ?? applyRules(stripClosing(opened), MESSAGE_RULES);
}

function said(groups: Args): Args | null {
  const to = person(groups.to ?? '');
  const body = (groups.body ?? '')
    .replace(/^["'](.+)["']$/, '$1')
    .replace(/^(?:to|that) (?=\S)/, '')
    .trim();
  if (
    to === null ||
    body === '' ||
    /^(?:him|her|them|and|about it|it|the following)$|(?:via|by|in a|over) (?:text|message)|^and (?:tell|say|ask)|following/.test(
      body,
    )
  )
    return null;
  return /\b(?:tell|say|saying|says|ask|invite|let|know|message|text|to|with|please|back|that|a|short|on|in|my|all|see|when|who|what|where|how|i|you|can|is|the|love|happy|test|omg|ok)\b/.test(
    to.replace(/ and my /, ' and '),
  )
    ? null
    : defined({ to, body });
}

function told(groups: Args): Args | null {
  const clear =
    /^(?:to|that|i|i'm|we|he|she|it|it's|the|my|his|her|their|be|get|call|come|pick|bring)\b/.test(groups.body ?? '') ||
    /^(?:to|that) /.test(groups.body ?? '');
  return clear && /^[a-z]+$/.test(groups.to ?? '') && groups.to !== 'my' ? said(groups) : null;
}

function plain(groups: Args): Args | null {
  return /^(?:a|an|the|to|my|for|back|not|that|this|everyone please|someone|somebody|message|text)$/.test(
    groups.to ?? '',
  )
    ? null
    : said(groups);
}

function receiver(groups: Args): Args | null {
  const to = person(groups.to ?? '');
  const short =
    to !== null &&
    (to.split(' ').length <= (groups.clear?.endsWith(' to') ? 3 : 1) ||
      /^(?:my|the|a|dr|mr|mrs|ms) /.test(groups.to ?? ''));
  return short &&
    !/\b(?:message|text|please|back|to|and|that|i|is|are|for|about|know|someone|you|me|at|in|on|back|now|by)\b/.test(to)
    ? { to }
    : null;
}

/** Who is meant, without the possessive; null when it is nobody ("someone") or clearly more than a name. */
function person(said: string): string | null {
  const name = bareSpan(said.replace(/ (?:for me|please|now|right now|back)$/, '').trim());
  if (/^(?:someone|somebody|anyone|me|us|him|her|them|it|this|that|to|a|someone's.*|people|another person)$/.test(name))
    return null;
  return name === '' || name.split(' ').length > 6 ? null : name;
}

const CALL =
  '(?:call(?: up)?|phone(?: up| call)?|phonecall|dial|ring(?: up)?|telephone|facetime|redial|buzz|get (?:a )?hold of|get in touch with|reach|video call|get (?=.* on the (?:phone|line)))';
const A_CALL = '(?:an? |the |my )?(?:phone |video |telephone |voice )?call';
const CALL_RULES: Rule[] = [
  [
    whole(
      `(?:${CALL}|(?:make|place|start|initiate|put through|set up|have|do) ${A_CALL}(?: to| with)?)(?: for me)?(?: (?:someone|somebody|anyone|a person|a friend|back)(?:'s (?:phone )?number)?)?(?: for me| on the phone)?`,
    ),
    () => ({}),
  ],
  [whole(`(?:i need to )?(?:talk|speak) to (?:someone|somebody) on the phone`), () => ({})],
  [
    whole(
      `(?:make|place|start|initiate|put(?: me)? (?:through|on)|set up|do|put in)(?: me)? ${A_CALL} (?:to|with|for) (?<to>.+)`,
    ),
    called,
  ],
  [whole(`${A_CALL} (?:be made )?to (?<to>.+)`), called],
  [whole(`(?:can )?(?:a phone call|a call) be (?:made|placed) to (?<to>.+)`), called],
  [whole(`give (?<to>.+?) a (?:call|ring|buzz|phone call)`), called],
  [whole(`(?:get|put|connect)(?: me)? (?:through )?(?:(?:to|with) )?(?<to>.+?) on the (?:phone|line)`), called],
  [whole(`(?:connect|put)(?: me)?(?: through)?(?: with| to) (?<to>.+)`), called],
  [whole(`(?:use my phone to |pick up the phone and )?${CALL} (?<to>.+)`), called],
  [
    whole(
      `(?<to>.+?) (?:needs to be called|is (?:who|the one|the person) i (?:need|want|have) to call|is waiting for (?:me to call|my call))`,
    ),
    called,
  ],
  [whole(`(?:i (?:want|need|have) to |i'd like to )?(?:talk|speak) (?:to|with) (?<to>.+?)(?: on the phone)?`), called],
  [
    whole(
      `(?:it's|it is) (?:time for me to|necessary to|important that i|urgent that i|necessary that i) ${CALL} (?<to>.+)`,
    ),
    called,
  ],
  [
    whole(`(?:i (?:am|will be|'m)|i'm) (?:going to |looking to |about to |trying to )?(?:call|calling) (?<to>.+)`),
    called,
  ],
];

/** Arguments of make_call. */
export function annotateCall(text: string): Args | null {
  const core = stripCourtesyAndNow(text)
    .replace(/^(?:immediately|urgently|quickly) /, '')
    .replace(/^a phone call be/, 'a call be');
  return applyRules(core, CALL_RULES);
}

/** Which of somebody's phones to ring is no argument. */
const WHICH_PHONE = /'s (?:(?:cell|home|work|mobile|phone|telephone)(?: ?phone)?(?: number)?|number)$/;

function called(groups: Args): Args | null {
  const spoken = (groups.to ?? '')
    .replace(/^(?:up|to|back) /, '')
    .replace(
      / (?:on (?:my|the) (?:phone|cell|mobile)|on speaker(?:phone)?|right now|now|back|please|again|from my contacts|up)$/,
      '',
    );
  const to = person(spoken.replace(WHICH_PHONE, '').replace(/^contact /, ''));
  const more =
    /\b(?:and|tell|if|that|because|so|when|at|via|about|to|for|before|after|tomorrow|who|number|phone|using|from|in|again|contact|up|on|down|his|her|their|mobile|cell|a|an|i|cab|video|audio|at|back)\b|someone|[;,]/;
  return to === null || more.test(to) ? null : { to };
}

const PLACE_WORD =
  '(?:gps |current |exact |present |precise |live |real[- ]time |own )*(?:location|whereabouts|(?:gps )?coordia?n?a?tes|coordinates|gps(?: coordinates| location)?|position|address)';
const WHERE = `(?:where (?:i'?m|i am|we are|we're|were i am)(?: at| located| currently| right now| now| currently at| currently located)*|were i am(?: now)?|where my location is|what my ${PLACE_WORD} is|${'(?:my|our|the|me)? ?'}${PLACE_WORD}(?: i'm at| i am at)?)(?: (?:from|with|using|via|by)(?: the| my)? (?:gps|phone|map|maps|text))?`;
const SHARE =
  '(?:share|send|give|forward|show|text|push|post|message|transmit|broadcast|report|beam|email|start sending|start sharing|tell)';
const LET = '(?:tell|let|show|give|send|inform|advise|alert|notify|allow|have|text|make sure|update|share|get)';
const SHARE_RULES: Rule[] = [
  [whole(`update (?<to>.+?) (?:with|on|about) ${WHERE}`), shared],
  [whole(`send (?<to>.+?) (?:a map of|a link to|directions to) ${WHERE}`), shared],
  [whole(`${SHARE} ${WHERE}(?: right)?,? (?:with|to|wtih|and) (?<to>.+)`), shared],
  [whole(`${SHARE} (?:with|to) (?<to>.+?) ${WHERE}`), shared],
  [
    whole(
      `${LET} (?<to>.+?) (?:to )?(?:(?:know|see|have|be informed|find out|knows|access|track|view)(?: about| of)? |of |about |on )?${WHERE}`,
    ),
    shared,
  ],
  [
    whole(
      `(?<to>.+?) (?:needs|need|wants|should have|should know|must know|must have)(?: to know| to see| to have| to be given| to get)? ${WHERE}(?:,? (?:please )?(?:send|share|give) (?:it|them)(?: to (?:him|her|them))?)?`,
    ),
    shared,
  ],
  [whole(`(?<to>.+?) to be (?:informed of|given|told|notified of|sent) ${WHERE}`), shared],
  [whole(`${WHERE} (?:will be |should be |needs to be |to be )?(?:shared?|sent) (?:with|to) (?<to>.+)`), shared],
];

/** Arguments of share_location. */
export function annotateShareLocation(text: string): Args | null {
  const core = stripCourtesyAndNow(text)
    .replace(/^(?:show me )?how (?:do i|to|can i|would i) /, '')
    .replace(/^i (?:need|would like|want|'d like) (?=.* to be )/, '');
  return applyRules(core, SHARE_RULES);
}

function shared(groups: Args): Args | null {
  const to = person((groups.to ?? '').replace(/^with /, '').replace(/ (?:now|right now|please)$/, ''));
  return to === null ||
    /\b(?:location|gps|where|that|if|when|for|until|every|know|coordinates|in|at|via|by|through|to|on|over|using|is|person|others|a|with|has|so|follow|directions|link|map|update|updated|today|contacts|help|give|send)\b|\d/.test(
      to,
    )
    ? null
    : { to };
}
