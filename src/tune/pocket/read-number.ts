// Reads a number that a person wrote in words, digits or both ("twenty-one", "a hundred and five", "1 million") as
// digits. Knows nothing of clocks, units or fractions; what is not one well-formed number is null, never a guess.

const ONES: Record<string, number> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
};
const TENS: Record<string, number> = {
  twenty: 20,
  thirty: 30,
  forty: 40,
  fourty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
};
const SCALES: Record<string, number> = { thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };

const WORD = [...Object.keys(ONES), ...Object.keys(TENS), ...Object.keys(SCALES), 'hundred'].join('|');
const DIGITS = String.raw`\d[\d,]*(?:\.\d+)?|\.\d+`;

/** Regex source that matches every number readNumber() reads, and a little more: check the match with readNumber(). */
export const NUMBER_SOURCE = `(?:(?:an? )?(?:${DIGITS}|(?:${WORD})(?![a-z]))(?:(?: and |[ -])(?:${DIGITS}|(?:${WORD})(?![a-z])))*)`;

/** The digits of one number ("ninety" -> "90", "2,500" -> "2500", digits stay as they are), or null. */
export function readNumber(text: string): string | null {
  if (new RegExp(`^(?:${DIGITS})$`).test(text)) return text.replaceAll(',', '');
  const words = text.replace(/^an? (?=hundred|thousand|million|billion|trillion)/, 'one ').split(/[ -]+/);
  let total = 0;
  let group: number | null = null;
  let lowestScale = Number.POSITIVE_INFINITY;
  let previous = '';
  for (const word of words) {
    if (word === 'and') {
      if (previous !== 'hundred' && SCALES[previous] === undefined) return null;
    } else if (/^\d/.test(word)) {
      if (group !== null || !/^\d[\d,]*(?:\.\d+)?$/.test(word)) return null;
      group = Number(word.replaceAll(',', ''));
    } else if (ONES[word] !== undefined) {
      const room: number =
        group === null ? 100 : group % 100 === 0 ? 100 : group % 10 === 0 && group % 100 >= 20 ? 10 : 0;
      if (ONES[word] >= room || (group === 0 && previous !== '')) return null;
      group = (group ?? 0) + ONES[word];
    } else if (TENS[word] !== undefined) {
      if (group !== null && (group % 100 !== 0 || group === 0)) return null;
      group = (group ?? 0) + TENS[word];
    } else if (word === 'hundred') {
      if (group === null || group === 0 || group >= 100) return null;
      group *= 100;
    } else if (SCALES[word] !== undefined) {
      if (group === null || SCALES[word] >= lowestScale) return null;
      lowestScale = SCALES[word];
      total += group * lowestScale;
      group = null;
    } else {
      return null;
    }
    previous = word;
  }
  return previous === '' || previous === 'and' ? null : String(total + (group ?? 0));
}
