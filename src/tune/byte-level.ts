/**
 * The byte-level alphabet of GPT-2's BPE: each of the 256 bytes as one printable character.
 *
 * Source: `bytes_to_unicode` of the GPT-2 encoder; llama.cpp's "gpt2" vocabularies are written in it.
 */

const isPrintable = (byte: number): boolean =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);

const buildAlphabet = (): string[] => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
};

/** Character of each byte, by byte. */
export const byteLevelAlphabet: readonly string[] = buildAlphabet();

const byteOf = new Map(byteLevelAlphabet.map((character, byte) => [character, byte]));

/** UTF-8 bytes of `text` as alphabet characters. */
export const toByteLevel = (text: string): string =>
  Array.from(Buffer.from(text, 'utf8'), (byte) => byteLevelAlphabet[byte]).join('');

/** The text behind alphabet characters; incomplete UTF-8 becomes U+FFFD. */
export const fromByteLevel = (encoded: string): string =>
  Buffer.from(Array.from(encoded, (character) => byteOf.get(character) ?? 0)).toString('utf8');
