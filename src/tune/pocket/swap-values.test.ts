import { describe, expect, it } from 'vitest';
import { createRng } from '../rng.js';
import type { Row } from '../taxonomy/row.js';
import { createValuePool, swapValues } from './swap-values.js';

const reminder: Row = {
  text: 'remind me to water the plants at noon',
  kind: 'reminder_update',
  tool: 'set_reminder',
  args: { text: 'water the plants', time: 'at noon' },
};
const others: Row[] = [
  { ...reminder, text: 'remind me tomorrow to call jacob', args: { text: 'call jacob', time: 'tomorrow' } },
  { ...reminder, text: 'a note on friday: sweep', args: { text: 'sweep', time: 'on friday' } },
];
const pool = createValuePool(others);

describe('swapValues', () => {
  it('puts values of the same argument into text and arguments alike', () => {
    const rng = createRng(3);
    const texts = new Set<string>();
    for (let draw = 0; draw < 40; draw++) {
      const { text, args } = swapValues(reminder, { pool, rng, looseWords: 0 });
      expect(text).toBe(`remind me to ${args!.text} ${args!.time}`);
      texts.add(text);
    }
    expect([...texts].sort()).toEqual([
      'remind me to call jacob on friday',
      'remind me to call jacob tomorrow',
      'remind me to sweep on friday',
      'remind me to sweep tomorrow',
    ]);
  });

  it('makes open values of loose words, times never', () => {
    const rng = createRng(4);
    for (let draw = 0; draw < 40; draw++) {
      const { text, args } = swapValues(reminder, { pool, rng, looseWords: 1 });
      expect(text).toBe(`remind me to ${args!.text} ${args!.time}`);
      expect(['tomorrow', 'on friday']).toContain(args!.time);
      expect(args!.text!.split(' ').every((word) => pool.words.includes(word))).toBe(true);
    }
  });

  it('leaves rows alone whose values cannot be placed, and units', () => {
    const rng = createRng(5);
    const unknown = { ...reminder, args: null };
    const twice = { ...reminder, text: 'remind me to sweep sweep', args: { text: 'sweep' } };
    const units: Row = {
      text: 'miles to feet',
      kind: 'measurement_conversion',
      tool: 'convert_units',
      args: { from: 'miles', to: 'feet' },
    };
    for (const row of [unknown, twice, units]) expect(swapValues(row, { pool, rng, looseWords: 1 })).toBe(row);
  });
});
