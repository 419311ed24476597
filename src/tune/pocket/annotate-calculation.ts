// Arguments of calculate (expression): a small grammar over numbers, fractions, percentages and the words for the four
// operations, powers and roots. The expression is written in the order in which it was said, and is not evaluated.

import { NUMBER_SOURCE, readNumber } from './read-number.js';
import { type Args, applyRules, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const ORDINALS: Record<string, string> = {
  half: '2',
  halves: '2',
  third: '3',
  quarter: '4',
  fourth: '4',
  fifth: '5',
  sixth: '6',
  seventh: '7',
  eighth: '8',
  ninth: '9',
  tenth: '10',
  twelfth: '12',
  hundredth: '100',
  thousandth: '1000',
};
const PART = Object.keys(ORDINALS).join('|');
const MONEY = '(?: (?:dollars?|bucks|cents|euros|pounds))?';
const OPERATORS: [pattern: RegExp, sign: string][] = [
  [/^(?:\+|plus|added to|add|and)$/, '+'],
  [/^(?:-|minus|subtract|less|take away)$/, '-'],
  [/^(?:\*|x|×|times|multiplied by|multiply by|multiply)$/, '*'],
  [/^(?:\/|÷|divided b?u?y|divide by|over)$/, '/'],
];
const OPERATOR =
  '(?:\\+|-|\\*|/|×|÷|x|plus|minus|added to|subtract|less|take away|times|multiplied by|multiply by|divided b?u?y|divide by|over|add|multiply)';

const CALCULATION_RULES: Rule[] = [
  [
    whole(
      '(?:(?:do|solve|with|help|help with|answer|calculate|compute|figure out|some|to|a|an|this|me|my|how to|i need|need|use|open|for|you|have) )*(?:math|maths|algebra|arithmetic|calculations?|math (?:problems?|questions?|homework)|calculator|equation|sum)(?: (?:problem|question)s?)?(?: if you can)?',
    ),
    () => ({}),
  ],
  [
    whole('(?<x>.+?) ?(?:percent|%) off(?: of)? (?<y>.+)'),
    ({ x = '', y = '' }) => build([x, y], ([p, n]) => `${n} - ${p}% * ${n}`),
  ],
  [
    whole(
      '(?:an? |the )?(?<x>.+?)(?: percent|%) (?:tip|discount|tax) (?:on|for|of) (?:an? )?(?<y>.+?)(?: (?:bill|meal|check|dinner|tab))?',
    ),
    ({ x = '', y = '' }) => build([x, y], ([p, n]) => `${p}% * ${n}`),
  ],
  [whole('(?<x>.+?)(?: percent|%) of (?<y>.+)'), ({ x = '', y = '' }) => build([x, y], ([p, n]) => `${p}% * ${n}`)],
  [
    whole('(?:the )?(?:square root|sq root|sqrt|root)(?: of)? (?<x>.+)'),
    ({ x = '' }) => build([x], ([n]) => `sqrt(${n})`),
  ],
  [
    whole('(?<x>.+?) (?:to the (?<y>.+?)(?: power)?|to the power of (?<z>.+)|raised to (?:the )?(?<w>.+?)(?: power)?)'),
    ({ x = '', y = '', z = '', w = '' }) => build([x, ordinal(y || z || w)], ([n, e]) => `${n} ^ ${e}`),
  ],
  [whole('(?:the )?square of (?<x>.+)'), ({ x = '' }) => build([x], ([n]) => `${n} ^ 2`)],
  [whole('(?:the )?cube of (?<x>.+)'), ({ x = '' }) => build([x], ([n]) => `${n} ^ 3`)],
  [whole('(?:double|twice) (?<x>.+)'), ({ x = '' }) => build([x], ([n]) => `2 * ${n}`)],
  [whole('(?<x>.+?) squared'), ({ x = '' }) => build([x], ([n]) => `${n} ^ 2`)],
  [whole('(?<x>.+?) cubed'), ({ x = '' }) => build([x], ([n]) => `${n} ^ 3`)],
  [
    whole('(?:the )?(?:sum|total) of (?<x>.+)'),
    ({ x = '' }) => chain(x, '+', /,? (?<!hundred |thousand |million |hundred, )and | \+ | plus |, /),
  ],
  [
    whole('(?:the )?difference (?:between|of) (?<x>.+) and (?<y>.+)'),
    ({ x = '', y = '' }) => build([x, y], ([m, n]) => `${m} - ${n}`),
  ],
  [
    whole('(?:the )?product of (?<x>.+)'),
    ({ x = '' }) => chain(x, '*', / (?<!hundred |thousand |million )and | times /),
  ],
  [
    whole('add(?: up| together)? (?<x>.+)'),
    ({ x = '' }) => chain(x, '+', /,? (?<!hundred |thousand |million )and | to | with | plus | \+ |, /),
  ],
  [
    whole('multiply (?<x>.+)'),
    ({ x = '' }) => chain(x, '*', / by | times | (?<!hundred |thousand |million )and | with /),
  ],
  [whole('divide (?<x>.+?) (?:by|with) (?<y>.+)'), ({ x = '', y = '' }) => build([x, y], ([m, n]) => `${m} / ${n}`)],
  [
    whole('(?:subtract|take(?: away)?|deduct) (?<x>.+?)(?: away)? (?:from|off|off of) (?<y>.+)'),
    ({ x = '', y = '' }) => build([x, y], ([m = '', n]) => (m.endsWith('%') ? `${n} - ${m} * ${n}` : `${n} - ${m}`)),
  ],
  [
    whole('(?:how many times (?:does|can|do|will) )(?<x>.+?) (?:go|fit|divide) in(?:to)? (?<y>.+)'),
    ({ x = '', y = '' }) => build([x, y], ([m, n]) => `${n} / ${m}`),
  ],
  [
    whole(
      '(?:how many square (?:feet|foot|meters|inches|yards) (?:is|are in)|the area of|the square footage of) (?:an? )?(?<x>.+?) (?:by|x) (?<y>.+?)(?: (?:foot|feet|meter))?(?: (?:room|space|area|house|yard|rectangle|garden))?',
    ),
    ({ x = '', y = '' }) => build([x, y], ([m, n]) => `${m} * ${n}`),
  ],
  [
    whole('if i (?:win|have|get|earn) (?<x>.+?)(?: dollars)?,? how (?:do|can|would) i split it (?<y>.+?) ways'),
    ({ x = '', y = '' }) => build([x, y], ([m, n]) => `${m} / ${n}`),
  ],
  [whole('(?<x>.+)'), ({ x = '' }) => infix(x)],
  [
    whole('(?<x>.+) of (?<y>.+)'),
    ({ x = '', y = '' }) =>
      /\/|half|third|quarter|fourth|fifth|sixth|eighth|tenth/.test(x) ? build([x, y], ([m, n]) => `${m} * ${n}`) : null,
  ],
];

/** Arguments of calculate. */
export function annotateCalculation(text: string): Args | null {
  let core = stripCourtesyAndNow(text);
  for (let before = ''; before !== core; ) {
    before = core;
    core = core
      .replace(
        /^(?:what(?: do you get (?:if|when) you|'s|s| is| are| does| do| would be)?|how much(?: is| are| does)?|to know|know|tell me|calculate|compute|solve|find(?: me)?|provide|give me|figure out|work out|do|evaluate|the (?:answer to|result of|value of|solution to)|i need|show me|whats the answer(?: to)?|please) (?=\S)/,
        '',
      )
      .replace(/ ?(?:equals?|=|is(?: what)?|equal to|come to|make|is equal to|equal to what)$/, '')
      .trim();
  }
  return applyRules(core, CALCULATION_RULES);
}

function build(said: string[], write: (operands: string[]) => string): Args | null {
  const operands = said.map(readOperand);
  return operands.every((operand) => operand !== null) ? { expression: write(operands) } : null;
}

function chain(said: string, sign: string, separator: RegExp): Args | null {
  const parts = said.split(separator);
  return parts.length < 2 ? null : build(parts, (operands) => operands.join(` ${sign} `));
}

/** "4 + 4", "78 times 81 minus 5", "20+ 5", "5-6". */
function infix(said: string): Args | null {
  const spaced = said.replaceAll(/(?<=\d) ?([+*×÷x]|(?<=\d)-(?=\d)) ?(?=\d)/g, ' $1 ').replaceAll(/ +/g, ' ');
  const parts = spaced.split(new RegExp(` (${OPERATOR}) `));
  if (parts.length < 3) return null;
  const written: string[] = [];
  for (const [i, part] of parts.entries()) {
    const piece = i % 2 === 0 ? readOperand(part) : OPERATORS.find(([pattern]) => pattern.test(part))?.[1];
    if (piece === null || piece === undefined) return null;
    written.push(piece);
  }
  // "8 plus 35%" means a share of the 8 to some and of one to others.
  return /[+-] \S+%|\/ \S+\/|\* \S+\/.*\//.test(written.join(' ')) && !/^\d+\/\d+ \* \d+\/\d+$/.test(written.join(' '))
    ? null
    : { expression: written.join(' ') };
}

/** One number, fraction or percentage in digits; null for anything else. */
function readOperand(said: string): string | null {
  const text = said
    .trim()
    .replace(/ point (?=\d)/, '.')
    .replace(/^\$ ?/, '')
    .replace(new RegExp(`${MONEY}$`), '')
    .replace(/^(?:the number|negative) /, (word) => (word.startsWith('neg') ? '-' : ''));
  if (/^00/.test(text)) return null;
  if (/^-?\d+(?:\.\d+)?(?:\/\d+)?%?$/.test(text)) return text;
  const fraction = new RegExp(`^(?<n>an?|${NUMBER_SOURCE})?[ -]?(?<part>${PART})s?$`).exec(text)?.groups;
  if (fraction?.part !== undefined) {
    const numerator = fraction.n === undefined || /^an?$/.test(fraction.n) ? '1' : readNumber(fraction.n);
    return numerator === null ? null : `${numerator}/${ORDINALS[fraction.part]}`;
  }
  const root = /^(?:the )?(?:square root|sqrt) of (?<x>.+)$/.exec(text)?.groups?.x;
  if (root !== undefined) {
    const inner = readOperand(root);
    return inner === null ? null : `sqrt(${inner})`;
  }
  return readNumber(text.replace(/ ?percent$/, '')) === null
    ? null
    : `${readNumber(text.replace(/ ?percent$/, ''))}${/percent$/.test(text) ? '%' : ''}`;
}

/** "12th" -> "12", "third" -> "3"; other text as it is. */
function ordinal(said: string): string {
  const digits = /^(\d+)(?:st|nd|rd|th)$/.exec(said)?.[1];
  const second: Record<string, string> = { first: '1', second: '2' };
  return digits ?? second[said] ?? ORDINALS[said] ?? said;
}
