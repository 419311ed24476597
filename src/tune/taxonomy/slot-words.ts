// Invented words, names, places and phone numbers, so that a model learns to copy what it has never seen.
// It knows letters and syllables, and no dictionary.
import type { Rng } from '../rng.js';

const ONSETS = 'b br c ch cl d dr f fl g gr h j k kl l m n p pl qu r s sh sk sl st t th tr v w x y z zh'
  .split(' ')
  .concat('');
const VOWELS = 'a e i o u a e o ai ee ou ia y oo ei'.split(' ');
const CODAS = 'n r s l t m k nd x ck sh rt ng lo'.split(' ').concat('', '', '');
const NAME_ENDS = 'a o ia en el ina us an ie y elle ron ith ika eem esh una'.split(' ');
const PLACE_ENDS = 'ville ton burg field ford haven port wood dale stad ham grad abad berg mouth'.split(' ');
const PLACE_HEADS = 'new north south east west fort lake port san santa mount saint el upper'.split(' ');
const PLACE_TAILS = 'springs falls heights beach hills valley creek city island park grove bay'.split(' ');

function syllables(count: number, rng: Rng): string {
  let word = '';
  for (let i = 0; i < count; i++) word += rng.pick(ONSETS) + rng.pick(VOWELS) + rng.pick(CODAS);
  return word;
}

/** A word of two or three syllables that nobody has used. */
export function madeUpWord(rng: Rng): string {
  return syllables(rng.chance(0.65) ? 2 : rng.chance(0.6) ? 3 : 1, rng);
}

/** A first name, now and then with a family name. */
export function madeUpName(rng: Rng): string {
  const first = syllables(1, rng) + rng.pick(NAME_ENDS);
  return rng.chance(0.3) ? `${first} ${syllables(2, rng)}` : first;
}

/** A town: "brelloport", "north quandale", "ziska falls". */
export function madeUpPlace(rng: Rng): string {
  const core = syllables(1, rng) + (rng.chance(0.6) ? rng.pick(PLACE_ENDS) : rng.pick(NAME_ENDS));
  const roll = rng.next();
  if (roll < 0.2) return `${rng.pick(PLACE_HEADS)} ${core}`;
  return roll < 0.4 ? `${core} ${rng.pick(PLACE_TAILS)}` : core;
}

/** "555 0142", "555-867-5309", "5558675309". */
export function phoneNumber(rng: Rng): string {
  const digits = (n: number): string => Array.from({ length: n }, () => rng.int(10)).join('');
  const mark = rng.pick(['-', ' ', '']);
  const local = `${digits(3)}${mark}${digits(4)}`;
  if (rng.chance(0.4)) return local;
  return `${rng.chance(0.15) ? `1${mark}` : ''}${digits(3)}${mark}${local}`;
}
