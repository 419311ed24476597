import { describe, expect, it } from 'vitest';
import { formatTable, textFor } from './terminal.js';

describe('textFor', () => {
  const terminal = { isTTY: true };

  it("lets no model's text steer a terminal: no escapes, titles, clipboard, bells, overwritten lines", () => {
    for (const trick of ['\x1b]52;c;ZXZpbA==\x07', '\x1b[2J', '\x9b31m', '\b\b', '\x7f', '\0'])
      expect(textFor(terminal, `a${trick}b`)).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(textFor(terminal, 'safe\rEVIL')).toBe('safe\nEVIL');
  });

  it('keeps lines, tabs and every other character', () => {
    const text = 'one\n\ttwo \u{1f600} \u00e9 \u4e2d';
    expect(textFor(terminal, text)).toBe(text);
    expect(textFor(terminal, 'a\r\nb')).toBe('a\nb');
  });

  it('gives pipes and files exactly what the model said', () => {
    expect(textFor({ isTTY: false }, '\x1b[2J\r')).toBe('\x1b[2J\r');
    expect(textFor({}, '\x1b[2J')).toBe('\x1b[2J');
  });
});

describe('formatTable', () => {
  it('aligns columns and leaves no spaces at the ends of lines', () => {
    expect(
      formatTable(
        ['A', 'LONG'],
        [
          ['one', '1'],
          ['2', ''],
        ],
      ),
    ).toBe('A    LONG\n---  ----\none  1\n2');
  });
});
