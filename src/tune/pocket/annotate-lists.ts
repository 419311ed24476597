// Arguments of update_list (list, item, op) and show_list (list). The list's name is found first and replaced by a mark,
// then rules read the rest. A list that is only "my list", and two changes in one sentence, are null.

import { type Args, applyRules, bareSpan, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const DETERMINER =
  '(?:(?:my|the|our|this|a|your) )?(?:(?:current|whole|entire|complete|full|big|own|existing|daily|weekly) )*';
const SHOPPING = `(?:to[ -]?do shopping|(?:grocery )?shopping|grocer(?:y|ies)|to[ -]?buy) lis[tr]|shopping cart|list (?:of|for)(?: my| the)? (?:groceries|grocery(?: store| shopping)?|things to (?:buy|get at the store)|shopping|stuff to buy|items to (?:buy|purchase))`;
const TODO =
  "(?:to[ -]?do'?s?|tasks?|chores?|errands?|need to do) list|list of errands|list of (?:(?:pending|household|house|daily) )?(?:tasks|chores|to[ -]?do'?s|housework)(?: (?:to|that i need to|i need to|i have to) (?:complete|accomplish|do|finish))?" +
  '|list of (?:things|stuff|shit|items) (?:i need |i have |that i have |that i need )?to (?:do|get done|accomplish)|list to do|to[ -]?dos';
const NAMED_LIST = new RegExp(`\\b${DETERMINER}(?:(?<shopping>${SHOPPING})|(?<todo>${TODO}))(?! of)\\b`, 'g');
const OTHER_LIST =
  /\b(?:my|the|our) (?<name>(?!this|same|entire|whole|current|play|reminder|last|next|first|new|other|big|little|short|long|to )[a-z]+(?: (?!to|do)[a-z]+)?) list\b/g;
const NOT_A_NAME =
  /\b(?:reminders?|agenda|play|wait|contacts?|to|do|be|buy|on|off|in|from|my|the|of|and|for|is|are|song|event|email|mailing|guest|black|cleaning|project|domestic)\b/;

/** Names under which a to-do list also goes, where the request is known to be about one. */
const ALSO_TODO =
  /\b(?:my|the) (?:(?:agenda|reminders?) list|list of reminders|to list|(?:[a-z]+ ){1,2}(?:to[ -]?do|task) list)\b/g;
const UNNAMED_LIST = /\b(?:my|the) list\b/g;

interface Mention {
  list: string;
  /** The text with the list replaced by "@". */
  text: string;
}

/** The list that a kind of request is about when no list is named; null when the kind does not say. */
function listOfKind(kind: string): string | null {
  if (kind.startsWith('shopping_list')) return 'shopping';
  return kind.startsWith('todo_list') ? 'todo' : null;
}

/** The list that is named, or else the one of the kind where the text has only "my list". */
function findList(text: string, kind: string): Mention | null {
  const own = listOfKind(kind);
  const named = findNamedList(own === 'todo' ? text.replace(ALSO_TODO, 'my to do list') : text);
  if (named || own === null) return named;
  const unnamed = text.replace(UNNAMED_LIST, '@');
  return unnamed === text ? null : { list: own, text: unnamed };
}

function findNamedList(text: string): Mention | null {
  const marked: string[] = [];
  let rest = text.replace(NAMED_LIST, (...found) => {
    const groups = found.at(-1) as { shopping?: string };
    marked.push(groups.shopping === undefined ? 'todo' : 'shopping');
    return '@';
  });
  if (marked.length === 0) {
    rest = text.replace(OTHER_LIST, (...found) => {
      marked.push((found.at(-1) as { name: string }).name);
      return '@';
    });
  }
  const list = marked[0];
  if (list === undefined || new Set(marked).size > 1) return null;
  if (
    /(?:domestic|cleaning|project|work|school|spring|house|home|party|holiday|reminder) @|\blist of reminders\b|\breminders? list\b/.test(
      rest,
    )
  )
    return null;
  return list !== 'todo' && list !== 'shopping' && NOT_A_NAME.test(list) ? null : { list, text: rest };
}

/** Arguments of show_list. */
export function annotateShowList(text: string, kind: string): Args | null {
  const mention = findList(text, kind);
  const vague =
    /\b(?:my|the) list\b/.test(text) && !/\b(?:tasks?|chores?|do|buy|shop|shopping|store|complete|need)\b/.test(text);
  if (mention) return isOfKind(mention.list, kind) && !vague ? { list: mention.list } : null;
  const own = listOfKind(kind);
  return own === null || /lists?\b/.test(text.replace(/\b(?:off|reminder|of) list\b|\bon my list$/, ''))
    ? null
    : { list: own };
}

/** Whether the list that was said is the one that the kind of request is about. */
function isOfKind(list: string, kind: string): boolean {
  if (kind.startsWith('shopping_list')) return list === 'shopping';
  return !kind.startsWith('todo_list') || list !== 'shopping';
}

const IT = '(?:it|them|that|those|these|some|one)';
const ADD =
  '(?:(?:also )?(?:add|put|include|place|write(?: down)?|throw|insert|list|mark(?: down)?|get(?! rid)|stick|jot(?: down)?|toss|note|drop|pop|make a note of|enter|slap|pencil in|append|record|save|set|log|type|slot)(?: up| down| in)?)';
const REMOVE =
  '(?:remove|delete|erase|take(?: off| away| out)?|cross(?: off| out)?|scratch(?: off| out)?|get rid of|nix|check(?: off)?|strike|drop|mark(?: off)?|pull|eliminate|clear|tick(?: off)?|scrap|cut|omit|forget)';
const ONTO = '(?:to|on|onto|in|into|down on|down in)';
const OUT_OF = '(?:from|off|off of|of|out of|from off|off from|off on|as done on)';
const ALL =
  '(?:everything|all(?: of)?(?: the| my)? (?:items|tasks|things|chores|entries|stuff|contents|contents of)|all(?: of it)?|it all|every (?:item|task|thing)|the (?:items|contents|tasks))';
const MORE = '(?: (?:as well|too|also|again|today|later|first|next|right away))?';
const IF_NOT = '(?:,? (?:if|unless|in case) (?:it|they|that|those|not|i)\\b.*)?';
const WHY =
  /(?:[,;.]? (?:because|cause|cuz|since|as) (?:i|i'm|we|we're|im)\b.*|[;,] (?:i|we)(?:'m|'re| am| are)? (?:all )?(?:out|low)\b.*| (?:i'm|i am|we're|we are) (?:all )?(?:out|low)(?: (?:of|on) (?:it|them))?| i just (?:used|ran|finished)\b.*)$/;

const UPDATE_RULES: Rule[] = [
  [
    whole(
      `(?:clear|erase|delete|empty|wipe|blank|nuke|reset|scrap|trash|dump)(?: out| off| clean)?(?: ${ALL}(?: on| from| off| in| off of)?)? @(?: out| clean| completely)?`,
    ),
    () => ({ op: 'clear' }),
  ],
  [
    whole(
      `(?:erase|delete|remove|clear|take|get rid of+|nuke|take off|cross off|wipe) (?:off )?${ALL} (?:on|from|off|in|off of|out of) @`,
    ),
    () => ({ op: 'clear' }),
  ],
  [
    whole(`(?:make (?:sure )?(?:that )?@ (?:is )?(?:completely )?(?:blank|empty|clear|cleared))`),
    () => ({ op: 'clear' }),
  ],
  [
    whole(
      `(?:(?:help )?remind me (?:that i need )?to )?(?:i (?:need|want) to )?${ADD} (?<item>.+?) ${ONTO} @${MORE}${IF_NOT}`,
    ),
    change('add'),
  ],
  [whole(`(?:go ahead and )?${ADD} ${ONTO} @[, ]+(?:that )?(?:i need )?(?:to )?(?<item>.+?)${MORE}`), change('add')],
  [
    whole(
      `(?:on|to|onto|for) @,? (?:please )?(?:can you )?(?:also )?(?:${ADD}|i need|i want) (?<item>.+?)(?: added| put)?${MORE}`,
    ),
    change('add'),
  ],
  [whole(`@ (?:should|needs to|must) (?:have|include) (?<item>.+?)(?: on it| added| in it)?`), change('add')],
  [whole(`make sure (?:that )?(?<item>.+?) (?:is|are|gets?|get) (?:added |put |placed )?${ONTO} @`), change('add')],
  [
    whole(
      `(?:i(?:'m| am)|we're|we are) (?:all )?(?:out of|low on|running low on|running out of|almost out of|nearly out of) (?<item>.+?)(?:[;,]| and| so)* (?:please |can you |could you |will you |would you |need )*(?:${ADD}|${IT} to be added)(?: ${IT})? ?${ONTO} @`,
    ),
    change('add'),
  ],
  [
    whole(
      `(?:i|we) (?:ran|have run|just ran) out of (?<item>.+?)(?:[;,]| and| so)+ ?(?:please |can you )*${ADD}(?: ${IT})? ${ONTO} @`,
    ),
    change('add'),
  ],
  [
    whole(
      `(?:i need to do|i have to do|i need to|i have to|i need|we need) (?<item>.+?)(?:[;,]| and| so)* (?:please |can you )*${ADD} ${IT} ${ONTO} @`,
    ),
    change('add'),
  ],
  [
    whole(
      `(?:(?:do (?:i|we) )?have|is|are)(?: the)? (?<item>.+?) (?:already |listed |currently )?(?:on )?@(?: already)?[,;]? (?:and )?(?:if (?:not|it's not|they aren't),? )?(?:then )?(?:please |can you |go ahead and )*(?:add|put)(?: ${IT})?(?: (?:to|on)(?: it)?)?(?: please)?(?: if (?:it's|it is|they are|they)(?: not|n't)?\\b.*)?`,
    ),
    change('add'),
  ],
  [
    whole(
      `(?:i want you to |i would like you to )?add (?<item>.+?) if (?:it|they)(?:'s| is|'re| are)?(?: not|n't) (?:already )?on @(?: already)?`,
    ),
    change('add'),
  ],
  [whole(`(?:you can )?(?:please )?${REMOVE} (?<item>.+?)(?: off)? ${OUT_OF} @${MORE}`), change('remove')],
  [whole('(?:get rid of|remove|delete|erase) (?<item>.+?) on @'), change('remove')],
  [whole(`(?:on|from|off) @,? (?:please )?${REMOVE} (?<item>.+)`), change('remove')],
  [whole(`(?:update|change|edit) @,? (?:and )?(?:to )?${REMOVE} (?<item>.+)`), change('remove')],
  [whole(`(?:update|change|edit) @,? (?:and )?(?:to )?${ADD} (?<item>.+)`), change('add')],
  [whole(`(?:i|we) no longer need (?<item>.+?) on @`), change('remove')],
  [
    whole(
      `i (?:just )?(?:finished|did|completed|already did) (?<item>.+?)[,;]? (?:so |and )?(?:please |you can |can you )*${REMOVE} ${IT} ${OUT_OF} @`,
    ),
    change('remove'),
  ],
  // Without a verb in front.
  [
    whole(
      `(?:i (?:need|want|'d like|would like) )?(?:to (?:have|get|see) )?(?<item>.+?) (?:to be |(?:needs?|has|have|should) (?:to )?(?:be |go )?|must (?:be|go) )?(?:added|put|placed|written|included|on|go on|go)? ?${ONTO} @`,
    ),
    bareChange,
  ],
  [whole(`(?:i (?:need|want) )?(?<item>.+?) ${ONTO} @`), bareChange],
];

/** Arguments of update_list. */
export function annotateListChange(text: string, kind: string): Args | null {
  const mention = findList(text, kind);
  if (!mention || !isOfKind(mention.list, kind)) return null;
  const core = stripCourtesyAndNow(mention.text.replace(/^"|"$/g, ''))
    .replace(WHY, '')
    .replace(/^(?:(?:may i )?suggest (?:that )?we|hey|i don't (?:want|need) .+? so|i want|let's) (?=\w+ )/, (lead) =>
      lead.startsWith('i want') ? lead : '',
    );
  const single = firstChange(core);
  if (single === null) return null;
  const args = applyRules(stripCourtesyAndNow(single), UPDATE_RULES);
  if (mention.list === 'shopping' && /^buy(?:ing)? /.test(args?.item ?? '')) return null;
  return args && defined({ list: mention.list, ...args });
}

/** Of two changes in one sentence the first, as one call can hold only one; null where they cannot be told apart. */
function firstChange(core: string): string | null {
  const text = core.replace(/^go ahead and /, '');
  const two = new RegExp(
    `^(?<first>(?:on @,? )?(?:get )?(?:${REMOVE}|${ADD}) .+?)(?<list> (?:(?:from|off|of|off of|to|on|onto) @|removed from @))?,? and (?:then |also )?(?:${REMOVE}|add|put) .+$`,
  ).exec(text)?.groups;
  if (two?.first !== undefined) {
    if (two.first.startsWith('on @')) return two.first;
    const way =
      new RegExp(`^(?:get .+ removed|${REMOVE})\\b`).test(two.first) || / removed/.test(two.list ?? '') ? 'from' : 'to';
    return two.list === undefined
      ? `${two.first} ${way} @`
      : `${two.first.replace(/^get (?=.+)/, two.list.includes('removed') ? 'remove ' : 'get ')}${two.list.replace('removed ', '')}`;
  }
  const passive = /^i need (?<item>.+?) added to @ and .+ removed$/.exec(text)?.groups?.item;
  if (passive !== undefined) return `add ${passive} to @`;
  return /\bremoved?\b.*\badd(?:ed)?\b|\binstead\b|\breplace\b/.test(text) ? null : text;
}

function change(op: 'add' | 'remove'): (groups: Args) => Args | null {
  return ({ item: said = '' }) => {
    const item = bareSpan(said.replace(/ (?:added|removed|put|please|down|to be|as well)$/, '')).replace(
      /^(?:chore|task|item|errand) of |^(?:some more|more|a few|few) (?=\S)/,
      '',
    );
    if (
      /^(?:something|anything|(?:an? |some |the |new |another |last |first |few )*(?:items?|tasks?|things?|chores?|stuff))$/.test(
        item,
      )
    )
      return { op };
    const foreign =
      /@|[;]|\b(?:list|it|them|please|if|already|make sure|should|needs?|i'm|can you|could you|(?:add|put) that|last thing|suggest|added|removed|reminder|ought|no longer|mind|allow me|complete|completed|done)\b|^(?:also|to|on|do i|is|are|does|did|add|get rid|everything|all|what|update|i|we|you|something|an item|a task|stuff|things?|be sure|item|task|off|out)\b|\b(?:to|on|off|from|for|be|is|are|go|goes)$/;
    return item === '' || item.split(' ').length > 9 || foreign.test(item) ? null : { item, op };
  };
}

function bareChange(groups: Args): Args | null {
  const startsWithVerb = new RegExp(
    `^(?:${ADD}|${REMOVE}|have|make|keep|do|can|pls|quick|swap|switch|no|don't|i|we) `,
  ).test(groups.item ?? '');
  return startsWithVerb ? null : change('add')(groups);
}
