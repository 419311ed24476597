/**
 * What each argument of the embedded model may hold for a given text, as GBNF: words of the text, a closed set, or a
 * number, time, duration or sum made of the text's own numbers.
 *
 * The conventions are those of models/pocket/README.md. Knows no tokens and no engine.
 */
import { numbersInText } from '../../../models/numbers-in-text.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { expressionForm } from './expression-form.js';
import { namedNumbersIn, says } from './named-numbers.js';
import type { SpanRules } from './span-rules.js';

/** What a form is written with. */
export interface FormContext {
  readonly rules: GrammarRules;
  readonly spans: SpanRules;
  /** The normalised text. */
  readonly text: string;
}

/** GBNF of an argument's values, without the space before them; null where the text has none. */
type Form = (context: FormContext) => string | null;

const alternatives = (...bodies: readonly (string | null)[]): string | null => {
  const present = bodies.filter((body) => body !== null);
  return present.length === 0 ? null : present.join(' | ');
};
const oneOf = (values: Iterable<string>): string | null =>
  alternatives(...[...new Set(values)].map((value) => literal(value)));
/** Several values as one unit of a sequence. */
const group = (body: string): string => `(${body})`;

const span: Form = ({ spans }) => spans.spans();
const closed =
  (...values: readonly string[]): Form =>
  () =>
    oneOf(values);
const either =
  (...forms: readonly Form[]): Form =>
  (context) =>
    alternatives(...forms.map((form) => form(context)));

/** A span, and behind it one that starts with a word such as "in": "turn the lights on in the den" -> "lights in the den". */
const joinedSpan =
  (joins: RegExp): Form =>
  ({ spans, rules }) => {
    const first = spans.spans();
    const second = spans.spans({ startsAt: (word) => joins.test(word) });
    return first === null || second === null ? first : rules.add('joined', `${first} (" " ${second})?`);
  };

/** "an hour" says a number too. */
const namedDigitsIn = (text: string): string[] => [
  ...(says(text, 'an?') ? ['1'] : []),
  ...namedNumbersIn(text).map(({ digits }) => digits),
];

/** The text's numbers and those with a half or a quarter more, where one is said. */
const quantitiesIn = (text: string): string[] => {
  const numbers = numbersInText(text);
  const parts = [
    ...(says(text, 'half|halves') || text.includes('1/2') ? ['.5'] : []),
    ...(says(text, 'quarters?|fourths?') || /[13]\/4/.test(text) ? ['.25', '.75'] : []),
    ...(says(text, 'eighths?') || /[1357]\/8/.test(text) ? ['.125', '.375', '.625', '.875'] : []),
  ];
  const whole = ['0', ...namedDigitsIn(text), ...numbers].filter((number) => /^\d+$/.test(number));
  return [...numbers, ...parts.flatMap((part) => whole.map((number) => `${number}${part}`))];
};

/** "HH:MM" of the hours and minutes that are said, before or after noon. */
const clock: Form = ({ text }) => {
  const numbers = numbersInText(text).flatMap((number) =>
    /^\d{3,4}$/.test(number) ? [number, number.slice(0, -2), number.slice(-2)] : number.split('.'),
  );
  const values = numbers.filter((number) => /^\d{1,2}$/.test(number)).map(Number);
  const hours = new Set<number>(says(text, 'noon|mid ?day|midnight|lunch(?:time)?') ? [0, 12] : []);
  const minutes = new Set([0, 15, 30, 45]);
  const isBefore = says(text, "to|til|till|'til|until|before|of|shy");
  for (const value of values) {
    if (value <= 24) for (const shift of isBefore ? [0, 12, 11, 23] : [0, 12]) hours.add((value + shift) % 24);
    if (value < 60) minutes.add(value).add((60 - value) % 60);
  }
  if (hours.size === 0) return null;
  const two = (numbers: Iterable<number>): string => oneOf([...numbers].map((n) => String(n).padStart(2, '0'))) ?? '""';
  return `${group(two(hours))} ":" ${group(two(minutes))}`;
};

/** "1 hour 30 minutes". */
const duration: Form = ({ text, rules }) => {
  const whole = [...numbersInText(text).flatMap((number) => number.split('.')), ...namedDigitsIn(text)];
  if (says(text, 'half|halves') || /1\/2|\d\.5/.test(text)) whole.push('30', '12', '6');
  if (says(text, 'quarters?') || /[13]\/4|\.25|\.75/.test(text)) whole.push('15', '45');
  const numbers = [...new Set(whole.map((number) => Number(number || '0')))].filter(Number.isSafeInteger);
  const units = group(oneOf(['second', 'minute', 'hour', 'day', 'week'])!);
  // "hour timer" says a number too.
  const many = oneOf(numbers.filter((number) => number !== 1).map(String));
  const part = rules.add(
    'amount',
    alternatives(`"1 " ${units}`, many === null ? null : `${group(many)} " " ${units} "s"`)!,
  );
  return `${part} (" " ${part}){0,3}`;
};

const number: Form = ({ text }) => oneOf(quantitiesIn(text));

const level: Form = ({ text }) => {
  const shares = [
    ...(says(text, 'half|halfway|middle|mid') ? ['50%'] : []),
    ...(says(text, 'quarters?') ? ['25%', '75%'] : []),
  ];
  const numbers = oneOf(numbersInText(text));
  return alternatives(oneOf(shares), numbers === null ? null : `${group(numbers)} "%"?`);
};

/** "set 72 degrees", "set blue". */
const setTo: Form = ({ text, spans, rules }) => {
  const numbers = oneOf(quantitiesIn(text));
  const unit = spans.spans({ startsAt: (word) => /^(?:degrees?|percent|f|c|k|fahrenheit|celsius|kelvin)$/.test(word) });
  const amount = numbers === null ? null : `${group(numbers)} ("%"${unit === null ? '' : ` | " " ${unit}`})?`;
  const value = alternatives(spans.spans(), amount);
  return value === null ? null : `"set " ${rules.add('setting', value)}`;
};

/** Devices that people mean without a name for them ("it's too dark in here", "make coffee", "lock up"). */
const unnamedDevices: readonly string[] = [
  ...['light', 'lights', 'all lights', 'temperature', 'thermostat', 'heat', 'ac', 'fan', 'tv', 'blinds', 'door'],
  ...['doors', 'house', 'trunk', 'car', 'vacuum', 'washer', 'dryer', 'dishwasher', 'coffee maker', 'kettle', 'oven'],
  ...['sprinklers', 'feeder', 'bath'],
];
const actions = 'on off dim brighten open close lock unlock start stop up down status'.split(' ');
const list = either(closed('shopping', 'todo'), span);
const unit: Form = ({ spans }) => spans.spans({ afterDigits: true });

/** By tool and argument; all others are spans. */
const forms: Readonly<Record<string, Form>> = {
  'set_alarm.time': either(clock, span),
  'set_timer.duration': duration,
  'update_calendar.op': closed('add', 'remove', 'move'),
  'play_music.query': ({ spans, rules, text }) => {
    const query = joinedSpan(/^by$/)({ spans, rules, text });
    return query === null || !says(text, 'playlist') ? query : `${query} " playlist"?`;
  },
  'add_to_playlist.song': either(closed('this song', 'this album', 'this artist'), joinedSpan(/^by$/)),
  'set_volume.level': either(closed('up', 'down', 'max', 'min', 'mute', 'unmute'), level),
  'control_home.device': either(
    closed(...unnamedDevices),
    joinedSpan(/^(?:in|at|on|of|upstairs|downstairs|outside|inside)$/),
  ),
  'control_home.action': either(closed(...actions), setTo),
  'update_list.list': list,
  'update_list.op': closed('add', 'remove', 'clear'),
  'show_list.list': list,
  'calculate.expression': ({ text, rules }) => expressionForm(text, rules),
  'convert_units.value': either(closed('1'), number),
  'convert_units.from': unit,
  'convert_units.to': unit,
  'roll_dice.sides': number,
};

/** GBNF of what an argument of a tool may hold, without the space before it; null where the text gives nothing. */
export const argumentForm = (
  argument: { readonly tool: string; readonly name: string },
  context: FormContext,
): string | null => (forms[`${argument.tool}.${argument.name}`] ?? span)(context);
