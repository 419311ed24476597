/** Values of JSON are found with where they stand, whatever the JSON looks like. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonSegments } from './json-segments.js';
import { originalSpan } from './text-view.js';

const shown = (raw: string): unknown => jsonSegments(raw)?.map(({ form, view, name }) => [form, view.text, name]);

describe('the values of JSON', () => {
  it('stand under their names, through arrays and objects', () => {
    expect(shown('{"a": "x", "b": [1, "y", {"c": -2.5e3}], "d": null}')).toEqual([
      ['string', 'a', null],
      ['string', 'x', 'a'],
      ['string', 'b', null],
      ['number', '1', 'b'],
      ['string', 'y', 'b'],
      ['string', 'c', null],
      ['number', '-2.5e3', 'c'],
      ['string', 'd', null],
    ]);
  });

  it.each(['', 'x', '"x"', '1', 'null', '{"a": 1', '[1,]', "{'a': 1}", '{} {}'])('are not in %s', (raw) => {
    expect(jsonSegments(raw)).toBeNull();
  });

  it('are all of them, decoded, and lead back to where they are written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), fc.constantFrom(0, 1), (value, indent) => {
        const raw = JSON.stringify(value, null, indent) ?? '[]';
        const strings: string[] = [];
        const numbers: string[] = [];
        JSON.parse(raw, (key, member: unknown) => {
          if (typeof member === 'string') strings.push(member);
          if (typeof member === 'number') numbers.push(JSON.stringify(member));
          return key === '__proto__' ? undefined : member;
        });
        const segments = jsonSegments(raw) ?? [];
        const texts = segments.filter(({ form }) => form === 'string').map(({ view }) => view.text);
        for (const text of strings) expect(texts).toContain(text);
        for (const { form, view } of segments) {
          if (view.text === '') continue;
          const { start, end } = originalSpan(view, { start: 0, end: view.text.length });
          const written = raw.slice(start, end);
          expect(form === 'string' ? JSON.parse(`"${written}"`) : written).toBe(view.text);
        }
        expect(segments.filter(({ form }) => form === 'number')).toHaveLength(numbers.length);
      }),
    );
  });
});
