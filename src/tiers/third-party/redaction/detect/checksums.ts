/**
 * Check digits of payment cards, bank accounts and national ids. Arguments are digits, or digits and upper-case letters,
 * of the right length; nothing of how they are written.
 */

const digitsOf = (text: string): number[] => Array.from(text, Number);

const remainder = (number: string, divisor: number): number =>
  digitsOf(number).reduce((rest, digit) => (rest * 10 + digit) % divisor, 0);

/** Luhn, as in ISO/IEC 7812-1, annex B. */
export const passesLuhn = (digits: string): boolean => {
  const sum = digitsOf(digits).reduceRight((total, digit, index) => {
    const fromRight = digits.length - 1 - index;
    const weighted = fromRight % 2 === 0 ? digit : digit * 2;
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return sum % 10 === 0;
};

/** ISO 13616: the first four characters to the end, letters as 10 to 35, modulo 97 is 1. */
export const passesIban = (iban: string): boolean => {
  const moved = iban.slice(4) + iban.slice(0, 4);
  return (
    remainder(
      Array.from(moved, (character) => Number.parseInt(character, 36)).reduce((text, value) => text + value, ''),
      97,
    ) === 1
  );
};

/** Steuer-Identifikationsnummer (§ 139b AO): ISO 7064 MOD 11,10; of the first ten digits one comes twice or thrice. */
export const passesSteuerId = (digits: string): boolean => {
  if (digits[0] === '0') return false;
  const counts = Array.from({ length: 10 }, (_, digit) => digits.slice(0, 10).split(String(digit)).length - 1);
  const repeated = counts.filter((count) => count > 1);
  if (repeated.length !== 1 || repeated[0]! > 3) return false;
  const product = digitsOf(digits.slice(0, 10)).reduce((before, digit) => (2 * ((before + digit) % 10 || 10)) % 11, 10);
  return (11 - product) % 10 === Number(digits[10]);
};

/** NIR (INSEE): 13 characters and the key 97 - n mod 97; the Corsican 2A and 2B count as 19 and 18. */
export const passesNir = (nir: string): boolean => {
  const month = Number(nir.slice(3, 5));
  if (!/^[1-478]\d{4}(?:\d\d|2[AB])\d{8}$/.test(nir)) return false;
  if (month === 0 || (month > 12 && month < 20) || (month > 42 && month < 50)) return false;
  const number = nir.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return 97 - remainder(number, 97) === Number(nir.slice(13));
};

/** DNI and NIE (Real Decreto 1553/2005): the number modulo 23 picks the letter; a NIE's X, Y, Z are 0, 1, 2. */
export const passesDni = (dni: string): boolean => {
  const number = dni.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23] === dni[8];
};

/** BSN (Dutch RvIG): weights 9 to 2 and -1, divisible by 11. */
export const passesBsn = (digits: string): boolean => {
  const padded = digits.padStart(9, '0');
  const sum = digitsOf(padded).reduce((total, digit, index) => total + digit * (index === 8 ? -1 : 9 - index), 0);
  return Number(padded) > 0 && sum % 11 === 0;
};

/** CPF (Receita Federal): two digits, each by weights modulo 11; eleven equal digits pass the sums and are none. */
export const passesCpf = (digits: string): boolean => {
  const check = (length: number): number => {
    const sum = digitsOf(digits.slice(0, length)).reduce((total, digit, at) => total + digit * (length + 1 - at), 0);
    return ((sum * 10) % 11) % 10;
  };
  return new Set(digits).size > 1 && check(9) === Number(digits[9]) && check(10) === Number(digits[10]);
};

/** Product in the dihedral group D5, its elements numbered as Verhoeff does: 0 to 4 turn, 5 to 9 flip. */
const dihedral = (a: number, b: number): number => {
  const turned = a < 5 ? (a + b) % 5 : (a - b + 10) % 5;
  return a < 5 === b < 5 ? turned : turned + 5;
};
const verhoeffStep = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Aadhaar (UIDAI numbering scheme): Verhoeff's check digit; starts with 2 to 9; no palindrome. */
export const passesAadhaar = (digits: string): boolean => {
  if (digits[0]! < '2' || digits === [...digits].reverse().join('')) return false;
  const check = digitsOf(digits).reduceRight((product, digit, index) => {
    let permuted = digit;
    for (let turn = (digits.length - 1 - index) % 8; turn > 0; turn--) permuted = verhoeffStep[permuted]!;
    return dihedral(product, permuted);
  }, 0);
  return check === 0;
};

/** What a character adds at an odd place (counted from one), by its value 0 to 25: DM 23 December 1976, Italy. */
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
const codicePattern = /^[A-Z]{6}[\dL-NP-V]{2}[A-EHLMPR-T][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z]$/;

/** Codice fiscale of a person; letters stand for digits where two people would share one (omocodia). */
export const passesCodiceFiscale = (code: string): boolean => {
  if (!codicePattern.test(code)) return false;
  const sum = Array.from(code.slice(0, 15)).reduce((total, character, index) => {
    const value = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? oddValues[value]! : value);
  }, 0);
  return sum % 26 === code.charCodeAt(15) - 65;
};

/** SSN (SSA, randomised since 2011): no area 000, 666 or 9xx, no group 00, no serial 0000. It has no check digit. */
export const passesSsn = (digits: string): boolean =>
  !/^(?:000|666|9)/.test(digits) && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';

/** NINO (HMRC NIM39110): letters that are not used, prefixes that are not given out. It has no check digit. */
export const passesNino = (nino: string): boolean =>
  /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(nino) && !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(nino);
