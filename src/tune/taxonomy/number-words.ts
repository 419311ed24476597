// Numbers the way people say them: 45 as "45", "forty five", "forty-five"; 2500 as "2,500", "twenty five hundred".
// It does not know what is being counted.
import type { Rng } from '../rng.js';
import type { Filler } from './template.js';

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const ORDINALS: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

/** A whole number from 0 to 999,999,999 in words: 21 is "twenty one" (`join` between tens and ones), 105 "one hundred five". */
export function numberWords(n: number, options: { join?: string; and?: boolean } = {}): string {
  const join = options.join ?? ' ';
  const link = options.and === true ? ' and ' : ' ';
  if (n < 20) return SMALL[n]!;
  if (n < 100) return TENS[Math.floor(n / 10)]! + (n % 10 === 0 ? '' : join + SMALL[n % 10]!);
  const [unit, name] = n < 1000 ? [100, 'hundred'] : n < 1_000_000 ? [1000, 'thousand'] : [1_000_000, 'million'];
  const rest = n % unit;
  const head = `${numberWords(Math.floor(n / unit), options)} ${name}`;
  if (rest === 0) return head;
  return head + (unit === 100 || rest < 100 ? link : ' ') + numberWords(rest, options);
}

/** "third", "twenty first": a whole number from 1 to 99. */
export function ordinalWords(n: number): string {
  const words = numberWords(n).split(' ');
  const last = words.pop()!;
  const tail = ORDINALS[last] ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`);
  return [...words, tail].join(' ');
}

/** "3rd", "21st", "11th". */
export function ordinalDigits(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  return `${n}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`;
}

/** One way of saying a whole number, canonical in digits. Long numbers stay in digits. */
export function sayNumber(n: number, rng: Rng): Filler {
  const canonical = String(n);
  const wordy = n <= 20 ? 0.5 : n <= 100 ? 0.35 : n % 100 === 0 ? 0.35 : 0.12;
  if (!rng.chance(wordy)) {
    const grouped = n >= 1000 && rng.chance(0.3) ? n.toLocaleString('en-US') : canonical;
    return { surface: grouped, canonical };
  }
  const forms = [numberWords(n)];
  if (n > 20 && n < 100 && n % 10 !== 0) forms.push(numberWords(n, { join: '-' }));
  if (n > 100 && n % 100 !== 0) forms.push(numberWords(n, { and: true }));
  if (n % 100 === 0 && n % 1000 !== 0 && n > 1000 && n < 10_000) forms.push(`${numberWords(n / 100)} hundred`);
  if (n === 100 || n === 1000 || n === 1_000_000) forms.push(numberWords(n).replace('one', 'a'));
  if (n >= 1_000_000 && n % 1_000_000 === 0) forms.push(`${n / 1_000_000} million`);
  if (n >= 1000 && n < 1_000_000 && n % 1000 === 0) forms.push(`${n / 1000} thousand`);
  return { surface: rng.pick(forms), canonical };
}

/** A whole number as people meet them: mostly small, sometimes long, sometimes round. */
export function drawNumber(rng: Rng): number {
  const roll = rng.next();
  if (roll < 0.22) return rng.between(1, 12);
  if (roll < 0.52) return rng.between(2, 100);
  if (roll < 0.64) return rng.between(1, 30) * rng.pick([5, 10, 100]);
  if (roll < 0.82) return rng.between(100, 999);
  if (roll < 0.92) return rng.between(1000, 9999);
  if (roll < 0.95) return rng.between(2, 90) * 1000;
  if (roll < 0.99) return rng.between(10_000, 999_999);
  return rng.between(1, 9) * 1_000_000;
}
