/** A row's tokens spell its words and values, labels sit where the model must predict, and variants stay true. */
import { afterAll, describe, expect, it } from 'vitest';
import { loadLlama } from '../../llama/load-llama.js';
import { fromByteLevel } from '../byte-level.js';
import { createRng } from '../rng.js';
import type { Row } from '../taxonomy/row.js';
import { createTokenizer } from '../tokenizer.js';
import { encodeRow } from './encode-row.js';
import { createLayout } from './token-layout.js';
import { varyRow } from './vary-row.js';

const layout = createLayout(
  ['remind me to call bob tomorrow', 'call bob', 'translate hello'],
  ['reminder_update', 'translate'],
  { size: 420 },
);
const tokenizer = createTokenizer(loadLlama(), layout);
afterAll(() => tokenizer.free());
const weights = { text: 0, kind: 1, arguments: 0.5 };
const spell = (ids: readonly number[]): string =>
  ids.map((id) => (layout.special.has(id) ? layout.tokens[id] : fromByteLevel(layout.tokens[id]!))).join('');

const reminder: Row = {
  text: 'remind me to call bob tomorrow',
  kind: 'reminder_update',
  tool: 'set_reminder',
  args: { time: 'tomorrow', text: 'call bob' },
};

describe('encodeRow', () => {
  it("writes kind, then the tool's arguments in the tool's order, then the end", () => {
    const { tokens } = encodeRow(reminder, { layout, tokenizer, weights });
    expect(spell(tokens)).toBe(
      '<|pocket:start|> remind me to call bob tomorrow<|pocket:call|><|set_reminder:reminder_update|><|text=|> call bob<|time=|> tomorrow<|pocket:end|>',
    );
  });

  it('judges the kind and the arguments, and only the kind where arguments are unknown', () => {
    const judged = (row: Row): string => {
      const sequence = encodeRow(row, { layout, tokenizer, weights });
      expect(sequence.weights).toHaveLength(sequence.tokens.length - (row.args === null ? 1 : 1));
      return spell(sequence.tokens.filter((_, index) => (sequence.weights[index - 1] ?? 0) > 0));
    };
    expect(judged(reminder)).toBe('<|set_reminder:reminder_update|><|text=|> call bob<|time=|> tomorrow<|pocket:end|>');
    expect(judged({ ...reminder, args: null })).toBe('<|set_reminder:reminder_update|>');
    expect(judged({ text: 'translate hello', kind: 'translate', tool: null, args: {} })).toBe(
      '<|overflow:translate|><|pocket:end|>',
    );
  });

  it('gives a value the tokens that it has inside the text', () => {
    const { tokens } = encodeRow(reminder, { layout, tokenizer, weights });
    const value = tokenizer.encode(' call bob').join();
    expect(tokens.join().split(value)).toHaveLength(3);
  });

  it('names a kind that the vocabulary lacks', () => {
    expect(() => encodeRow({ ...reminder, kind: 'unheard' }, { layout, tokenizer, weights })).toThrow(/"unheard"/);
  });
});

describe('varyRow', () => {
  it('keeps verbatim arguments inside the varied text', () => {
    const rng = createRng(3);
    const texts = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const varied = varyRow(reminder, { rng, dropWords: 0 });
      texts.add(varied.text);
      for (const value of Object.values(varied.args ?? {})) expect(varied.text).toContain(value);
      expect(varied.kind).toBe('reminder_update');
    }
    expect(texts.size).toBeGreaterThan(20);
  });

  it('masks the arguments of a sentence that lost words', () => {
    expect(varyRow(reminder, { rng: createRng(1), dropWords: 0.5 }).args).toBeNull();
  });
});
