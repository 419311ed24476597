/** What would break: text past a stop string gets out, text is lost or held for ever, the cut of the text matters. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStopMatcher } from './stop-matcher.js';

const run = (stops: readonly string[], pieces: readonly string[]): { text: string; stop: string | null } => {
  const matcher = createStopMatcher(stops);
  let text = '';
  for (const piece of pieces) {
    const pushed = matcher.push(piece);
    text += pushed.text;
    if (pushed.stop !== null) return { text, stop: pushed.stop };
  }
  return { text: text + matcher.flush(), stop: null };
};

/** The meaning, without cleverness: the match that ends first, the longest of those. */
const meaning = (stops: readonly string[], text: string): { text: string; stop: string | null } => {
  for (let end = 1; end <= text.length; end++) {
    const found = stops
      .filter((stop) => stop !== '' && text.slice(0, end).endsWith(stop))
      .sort((a, b) => b.length - a.length)[0];
    if (found !== undefined) return { text: text.slice(0, end - found.length), stop: found };
  }
  return { text, stop: null };
};

test('finds stop strings wherever the text is cut', () => {
  const letters = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', '\n', 'é', '😀', '');
  const pieces = fc.array(letters, { maxLength: 12 });
  const stops = fc.array(
    fc.array(letters, { maxLength: 3 }).map((parts) => parts.join('')),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(stops, pieces, (wanted, parts) => {
      expect(run(wanted, parts)).toEqual(meaning(wanted, parts.join('')));
    }),
  );
});

test('holds back only what may become a stop string', () => {
  const matcher = createStopMatcher(['\n\nUser:']);
  expect(matcher.push('yes\n\nUs').text).toBe('yes');
  expect(matcher.push('eful').text).toBe('\n\nUseful');
  expect(matcher.push('\n').text).toBe('');
  expect(matcher.flush()).toBe('\n');
});

test('ten thousand stop strings are no reason to be slow', () => {
  const matcher = createStopMatcher(Array.from({ length: 10_000 }, (_, index) => `stop ${index}!`));
  expect(matcher.push(`${'stop 99 '.repeat(2000)}stop 123!`).stop).toBe('stop 123!');
});
