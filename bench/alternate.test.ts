import { describe, expect, it } from 'vitest';
import { alternate } from './alternate.js';

describe('alternate', () => {
  it('never runs both sides at once, and lets each go first every other round', async () => {
    const order: string[] = [];
    let running = 0;
    const side = (name: string) => async (round: number) => {
      expect(++running).toBe(1);
      order.push(`${name}${round}`);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return `${name}${round}`;
    };
    const turns = await alternate(3, { ours: side('a'), other: side('b') });
    expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
    expect(turns).toEqual({ ours: ['a0', 'a1', 'a2'], other: ['b0', 'b1', 'b2'] });
  });

  it('passes on what a side throws and measures no further', async () => {
    let measured = 0;
    const failing = alternate(5, {
      ours: async () => ++measured,
      other: async () => {
        throw new Error('the other side broke');
      },
    });
    await expect(failing).rejects.toThrow('the other side broke');
    expect(measured).toBe(1);
  });
});
