// Reads a length of time as people say it ("half an hour", "2.5 hours", "10min", "an hour twenty") and writes it as
// digits and unit words ("1 hour 30 minutes"). Knows nothing of points in time; what it is not sure of is null.

import { NUMBER_SOURCE, readNumber } from './read-number.js';

type Unit = 'second' | 'minute' | 'hour' | 'day' | 'week';

const UNIT_SOURCE = '(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|weeks?)';
const SMALLER: Partial<Record<Unit, Unit>> = { minute: 'second', hour: 'minute' };
const PART = new RegExp(
  `^(?<count>an?|an? couple(?: of)?|an? dozen|${NUMBER_SOURCE}) ?(?<unit>${UNIT_SOURCE})(?![a-z])(?:,? and |,? |$)?`,
);
const SIXTIETHS: Readonly<Record<string, number>> = {
  half: 30,
  '1/2': 30,
  quarter: 15,
  'three quarters': 45,
  '3/4': 45,
  '1/4': 15,
};

/** Canonical duration ("2 minutes 30 seconds"), or null when the text is anything else than one duration. */
export function readDuration(text: string): string | null {
  const said = text
    .replace(/(\d|[a-z])-(?=[a-z])/g, '$1 ')
    .replace(/^(?:about|around|exactly) /, '')
    .replace(/ long$/, '')
    .trim();
  if (/^(?:hour|minute)(?: and a half)?$/.test(said)) return readDuration(`a ${said}`);
  const share =
    /^(?:an? )?(?<share>half|1\/2|quarter|three quarters|3\/4|1\/4)(?: of)?(?: an?)? (?<unit>minute|hour)s?$/.exec(
      said,
    )?.groups;
  if (share) return amount(SIXTIETHS[share.share ?? ''] ?? 0, share.unit === 'hour' ? 'minute' : 'second');
  const half =
    /^(?<count>.+?) (?<unit>minute|hour)s? and a half$/.exec(said) ??
    /^(?<count>.+?)(?: and a half| 1\/2|\.5) (?<unit>minute|hour|min|hr)s?$/.exec(said);
  if (half?.groups) {
    const count = readCount(half.groups.count ?? '');
    const unit = toUnit(half.groups.unit ?? '');
    const smaller = SMALLER[unit];
    return count === null || !smaller ? null : `${amount(count, unit)} ${amount(30, smaller)}`;
  }
  return readParts(said);
}

function readParts(said: string): string | null {
  const parts: string[] = [];
  const seen: Unit[] = [];
  let rest = said;
  while (rest !== '') {
    const match = PART.exec(rest);
    const last = seen.at(-1);
    if (!match?.groups) {
      // "an hour twenty": the number alone counts the next smaller unit.
      const smaller = last === undefined ? undefined : SMALLER[last];
      const loose = readCount(rest);
      if (smaller === undefined || loose === null || loose < 10 || loose > 59 || seen.length !== 1) return null;
      parts.push(amount(loose, smaller));
      break;
    }
    const count = readCount(match.groups.count ?? '');
    if (count === null) return null;
    const unit = toUnit(match.groups.unit ?? '');
    if (seen.includes(unit)) return null;
    seen.push(unit);
    parts.push(amount(count, unit));
    rest = rest.slice(match[0].length);
  }
  return parts.length === 0 || / and$|,$/.test(said) ? null : parts.join(' ');
}

/** A whole number of units; 1 for "a" and "an"; null for other fractions. */
function readCount(text: string): number | null {
  if (text === 'a' || text === 'an') return 1;
  if (/^an? couple/.test(text)) return 2;
  if (/^an? dozen/.test(text)) return 12;
  const digits = readNumber(text);
  return digits !== null && /^\d+$/.test(digits) ? Number(digits) : null;
}

function toUnit(word: string): Unit {
  if (word.startsWith('s')) return 'second';
  if (word.startsWith('m')) return 'minute';
  if (word.startsWith('h')) return 'hour';
  return word.startsWith('d') ? 'day' : 'week';
}

function amount(count: number, unit: Unit): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
