// The template language: what it reads, and how it says what it cannot read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../rng.js';
import { argumentSets, countExpansions, expandTemplate, parseTemplate, slotsOf, TemplateError } from './template.js';

const draw = (slot: string) => ({ surface: `<${slot}>`, canonical: `=${slot}` });
const textOf = (source: string, seed = 1): string =>
  expandTemplate(parseTemplate(source), { rng: createRng(seed), draw })
    .map(({ text }) => text)
    .join('');

describe('parseTemplate', () => {
  it.each([
    ['set [an alarm', "'[' is never closed (column 5)"],
    ['set an] alarm', "']' outside of [ ] (column 7)"],
    ['a | b', "'|' outside of [ ] (column 3)"],
    ['at {time=clock', "'{' is never closed (column 4)"],
    ['at {Time}', "'{Time}' is not {slot} or {arg=slot} (column 4)"],
    ['at time}', "'}' without '{' (column 8)"],
    ['[only]', "'[...]' holds one alternative only: '|' is missing (column 1)"],
    ['', 'The template is empty (column 1)'],
  ])('refuses %j', (source, message) => {
    expect(() => parseTemplate(source)).toThrow(
      new TemplateError(message.replace(/ \(column \d+\)$/, ''), Number(/\d+/.exec(message.slice(-4))?.[0])),
    );
  });

  it('lists slots, argument sets and the number of expansions', () => {
    const template = parseTemplate('[a|b [c|]] {x=one} [{y=two}|{three}]');
    expect(slotsOf(template).map(({ arg, slot }) => `${arg ?? ''}=${slot}`)).toEqual(['x=one', 'y=two', '=three']);
    expect(argumentSets(template)).toEqual([['x', 'y'], ['x']]);
    expect(countExpansions(template, 10)).toBe(3 * 10 * 20);
    expect(argumentSets(parseTemplate('{x=a} [{x=b}|]'))).toEqual([['x', 'x'], ['x']]);
  });
});

describe('expandTemplate', () => {
  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const source = '[a|b|c [d|e]] {x=slot} [f|]';
        expect(textOf(source, seed)).toBe(textOf(source, seed));
      }),
    );
  });

  it('gives every alternative', () => {
    const seen = new Set(Array.from({ length: 200 }, (_, seed) => textOf('[a|b [c|d]|]', seed)));
    expect(seen).toEqual(new Set(['a', 'b c', 'b d', '']));
  });

  it('keeps what a slot fills apart from what stands around it', () => {
    const segments = expandTemplate(parseTemplate('at {time=clock} {day}'), { rng: createRng(1), draw });
    expect(segments).toEqual([
      { type: 'literal', text: 'at ' },
      { type: 'arg', text: '<clock>', arg: 'time', value: '=clock' },
      { type: 'literal', text: ' ' },
      { type: 'filler', text: '<day>' },
    ]);
  });
});
