/**
 * The generator behind sampling: sfc32, the same numbers for the same seed on every machine.
 */

export interface RandomSource {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
}

/** Any finite number is a seed; its fraction is ignored. */
export const createRandom = (seed: number): RandomSource => {
  const whole = Math.abs(Math.trunc(seed));
  let a = whole >>> 0;
  let b = Math.floor(whole / 2 ** 32) >>> 0;
  let c = seed < 0 ? 0x9e3779b9 : 0x243f6a88;
  let counter = 1;
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 16; round++) next32();
  return { next: () => (next32() * 2 ** 21 + (next32() >>> 11)) / 2 ** 53 };
};
