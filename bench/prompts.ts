/**
 * Prompts for benches: random tokens by seed, so that both sides read the same ones and no two prompts share a prefix.
 */

/** mulberry32: a number in [0, 1) for each call. */
const createRandom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
  return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
};

/** `length` plain tokens (the special ones stand at the end of a bench model's vocabulary). */
export const randomTokens = (seed: number, length: number, vocabularySize: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length }, () => Math.floor(random() * (vocabularySize - 16)));
};

/** `length` lower-case letters and spaces: about as many tokens in a bench model, whose vocabulary has few merges. */
export const randomText = (seed: number, length: number): string => {
  const random = createRandom(seed);
  return Array.from({ length }, () => 'bcdfgjklmpqsuvxyz '[Math.floor(random() * 18)]).join('');
};

/** What the chat template of the bench models makes of one user message. */
export const chatPrompt = (message: string): string =>
  `<|im_start|>user\n${message}<|im_end|>\n<|im_start|>assistant\n`;
