/** Random hexadecimal digits out of a pool that is filled seldom: an id for each request costs little. */
import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(4096);
let used = pool.length;

/** Twice as many digits as `bytes`, at most the pool's size. From the system's secure source. */
export const randomHex = (bytes: number): string => {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += bytes;
  return pool.toString('hex', from, used);
};
