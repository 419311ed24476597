// Lengths of time as people say them, canonical in digits and unit words: "an hour and a half" is "1 hour 30 minutes".
// It does not know what the time is for.

import type { Rng } from '../rng.js';
import { numberWords } from './number-words.js';
import type { Filler } from './template.js';

type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week';

const SHORT: Readonly<Record<Unit, readonly string[]>> = {
  second: ['sec', 'secs', 's'],
  minute: ['min', 'mins', 'm'],
  hour: ['hr', 'hrs', 'h'],
  day: [],
  week: [],
};

/** "1 hour", "30 minutes". */
export function countUnit(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}

/** Every surface form of a length of one unit, a whole number of them. */
export function plainDurationForms(n: number, unit: Unit): string[] {
  const plural = n === 1 ? unit : `${unit}s`;
  const words = numberWords(n);
  const forms = [`${n} ${plural}`, `${n} ${plural}`, `${words} ${plural}`];
  if (n > 20 && n % 10 !== 0 && n < 100) forms.push(`${numberWords(n, { join: '-' })} ${plural}`);
  if (n === 1) forms.push(`${unit === 'hour' ? 'an' : 'a'} ${unit}`, `${unit === 'hour' ? 'an' : 'a'} ${unit}`);
  for (const short of SHORT[unit]) {
    if (short.length === 1) forms.push(`${n}${short}`);
    else if (short.endsWith('s') === n > 1) forms.push(`${n} ${short}`, `${n}${short}`);
    else if (n > 1) forms.push(`${n} ${short}`);
  }
  if (n === 2) forms.push(`a couple of ${unit}s`, `a couple ${unit}s`);
  if (n === 12 && unit !== 'hour') forms.push(`a dozen ${unit}s`);
  return forms;
}

/** A length with its canonical form; `seconds` is the length itself. */
export interface Duration extends Filler {
  readonly seconds: number;
}

const SECONDS: Readonly<Record<Unit, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };

// Full words five times out of six.
function pickForm(forms: readonly string[], rng: Rng): string {
  const full = forms.filter((form) => /(?:seconds?|minutes?|hours?|days?|weeks?)$/.test(form));
  return rng.pick(full.length > 0 && rng.chance(0.83) ? full : forms);
}

function plain(n: number, unit: Unit, rng: Rng): Duration {
  return {
    surface: pickForm(plainDurationForms(n, unit), rng),
    canonical: countUnit(n, unit),
    seconds: n * SECONDS[unit],
  };
}

// A whole and a half, in hours or minutes: "two and a half hours" is "2 hours 30 minutes".
function withHalf(n: number, unit: 'hour' | 'minute', rng: Rng): Duration {
  const smaller = unit === 'hour' ? 'minute' : 'second';
  const plural = n === 1 ? unit : `${unit}s`;
  const words = numberWords(n);
  const forms = [`${n}.5 ${unit}s`, `${words} and a half ${unit}s`, `${n} and a half ${unit}s`, `${n} 1/2 ${unit}s`];
  forms.push(n === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit} and a half` : `${words} ${plural} and a half`);
  if (n === 1) forms.push(`one ${unit} and a half`);
  return {
    surface: rng.pick(forms),
    canonical: `${countUnit(n, unit)} 30 ${smaller}s`,
    seconds: (n + 0.5) * SECONDS[unit],
  };
}

function fractionOfHour(rng: Rng): Duration {
  const [minutes, forms] = rng.pick<[number, string[]]>([
    [30, ['half an hour', 'half hour', 'a half hour', 'half a hour', '1/2 hour', 'half of an hour']],
    [15, ['a quarter of an hour', 'quarter of an hour', 'a quarter hour', 'quarter hour']],
    [45, ['three quarters of an hour', 'three quarters of an hour']],
  ]);
  return { surface: rng.pick(forms), canonical: `${minutes} minutes`, seconds: minutes * 60 };
}

function halfMinute(rng: Rng): Duration {
  return { surface: rng.pick(['half a minute', 'a half minute', 'half minute']), canonical: '30 seconds', seconds: 30 };
}

// Two units together: "1 hour and 20 minutes", "an hour twenty", "5 minutes 30".
function combined(rng: Rng): Duration {
  const [big, small] = rng.chance(0.7) ? (['hour', 'minute'] as const) : (['minute', 'second'] as const);
  const m = big === 'hour' ? rng.between(1, 5) : rng.between(1, 20);
  const n = rng.chance(0.7) ? rng.between(1, 11) * 5 : rng.between(1, 59);
  const left = rng.pick(
    plainDurationForms(m, big).filter((form) => !form.startsWith('a c') && !form.startsWith('a d')),
  );
  const right = rng.pick(plainDurationForms(n, small).filter((form) => !form.startsWith('a ')));
  const forms = [`${left} and ${right}`, `${left} ${right}`, `${left} and ${right}`];
  if (n >= 10) forms.push(`${m === 1 ? `an ${big}`.replace('an m', 'a m') : countUnit(m, big)} ${numberWords(n)}`);
  if (n >= 10) forms.push(`${countUnit(m, big)} ${n}`);
  return {
    surface: rng.pick(forms),
    canonical: `${countUnit(m, big)} ${countUnit(n, small)}`,
    seconds: m * SECONDS[big] + n * SECONDS[small],
  };
}

/** Any length that a timer is set for. */
export function drawDuration(rng: Rng): Duration {
  const roll = rng.next();
  if (roll < 0.28) return plain(rng.between(1, 12) * 5, 'minute', rng);
  if (roll < 0.52) return plain(rng.between(1, 30), 'minute', rng);
  if (roll < 0.6) return plain(rng.between(1, 120), 'minute', rng);
  if (roll < 0.69) return plain(rng.chance(0.6) ? rng.between(1, 9) * 10 : rng.between(2, 120), 'second', rng);
  if (roll < 0.79) return plain(rng.between(1, rng.chance(0.8) ? 4 : 24), 'hour', rng);
  if (roll < 0.84) return fractionOfHour(rng);
  if (roll < 0.89) return withHalf(rng.between(1, rng.chance(0.7) ? 3 : 9), rng.chance(0.65) ? 'hour' : 'minute', rng);
  if (roll < 0.9) return halfMinute(rng);
  if (roll < 0.99) return combined(rng);
  return plain(rng.between(1, 6), rng.pick(['day', 'week'] as const), rng);
}

/** A length before a noun: "ten minute", "10-minute", "half hour", "hour and a half". */
export function drawDurationAdjective(rng: Rng): Duration {
  const roll = rng.next();
  if (roll < 0.06) return { ...fractionOfHour(rng), surface: 'half hour', canonical: '30 minutes', seconds: 1800 };
  if (roll < 0.1) {
    const surface = rng.pick(['hour and a half', 'one and a half hour', '1.5 hour', 'hour and a half long']);
    return { surface, canonical: '1 hour 30 minutes', seconds: 5400 };
  }
  if (roll < 0.13) return { surface: rng.pick(['hour long', 'hour', 'one hour']), canonical: '1 hour', seconds: 3600 };
  const unit = rng.pickWeighted(
    ['minute', 'second', 'hour'] as const,
    (u) => ({ minute: 7, second: 1.5, hour: 1.5 })[u],
  );
  const most = unit === 'hour' ? 12 : 90;
  const n = unit !== 'hour' && rng.chance(0.5) ? rng.between(1, 12) * 5 : rng.between(1, most);
  const short = { minute: 'min', second: 'sec', hour: 'hr' }[unit];
  const forms = [
    `${n} ${unit}`,
    `${n} ${unit}`,
    `${numberWords(n)} ${unit}`,
    `${n}-${unit}`,
    `${n} ${short}`,
    `${n}${short}`,
  ];
  if (n > 1) forms.push(`${n} ${unit}s`, `${numberWords(n)}-${unit}`);
  return { surface: pickForm(forms, rng), canonical: countUnit(n, unit), seconds: n * SECONDS[unit] };
}

/** "in 20 minutes", "half an hour from now": canonical as said. */
export function drawInDuration(rng: Rng): Filler {
  const roll = rng.next();
  const vague = ['a few minutes', 'a couple of hours', 'a few hours', 'a bit', 'a little while', 'a while', 'a minute'];
  const length = roll < 0.1 ? rng.pick(vague) : drawDuration(rng).surface;
  const surface = rng.pickWeighted([`in ${length}`, `${length} from now`, `after ${length}`], (text) =>
    text.startsWith('in') ? 8 : 1.2,
  );
  return { surface, canonical: surface };
}
