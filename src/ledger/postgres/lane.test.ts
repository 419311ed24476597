/** Batches: one at a time, everything in one of them, and a failure stays with its own batch. */
import { describe, expect, it } from 'vitest';
import { createLane } from './lane.js';

describe('createLane', () => {
  it('puts what arrives while a batch runs into the next one, in order and no more than fit', async () => {
    const batches: number[][] = [];
    let finish = (): void => {};
    const lane = createLane<number, number>(
      async (items) => {
        batches.push([...items]);
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return items.map((item) => item * 2);
      },
      { most: 3 },
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const results = [lane.add(1), lane.add(2)];
    await turn();
    results.push(...[3, 4, 5, 6].map(lane.add));
    await turn();
    expect(batches).toEqual([[1, 2]]);
    for (let count = 0; count < 3; count++) {
      finish();
      await turn();
    }
    expect(batches).toEqual([[1, 2], [3, 4, 5], [6]]);
    expect(await Promise.all(results)).toEqual([2, 4, 6, 8, 10, 12]);
  });

  it('rejects the items of a batch that failed, and goes on', async () => {
    const lane = createLane<string, string>(
      async (items) => {
        if (items.includes('bad')) throw new Error('no');
        return items;
      },
      { most: 10 },
    );
    const together = await Promise.allSettled([lane.add('good'), lane.add('bad')]);
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await lane.add('good')).toBe('good');
  });
});
