// The value readers, against the taxonomy's generators of the same values: what one writes the other must read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberWords } from '../taxonomy/number-words.js';
import { clockCanonical, clockForms } from '../taxonomy/slot-clock.js';
import { countUnit, plainDurationForms } from '../taxonomy/slot-duration.js';
import { readClock } from './read-clock.js';
import { readDuration } from './read-duration.js';
import { readNumber } from './read-number.js';

describe('readNumber', () => {
  it('reads every whole number below a billion in words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.boolean(), (n, and) => {
        expect(readNumber(numberWords(n, { and }))).toBe(String(n));
      }),
    );
  });

  it('reads the short ways', () => {
    expect(['a hundred', 'twenty-one', '2,500', '3 million', 'twelve hundred', '0.75', '007'].map(readNumber)).toEqual([
      '100',
      '21',
      '2500',
      '3000000',
      '1200',
      '0.75',
      '007',
    ]);
  });

  it('refuses what is no one number', () => {
    const refused = [
      '',
      'and',
      'five fifteen',
      'twenty eleven',
      'hundred',
      'two and',
      'million two million',
      'ten times',
    ];
    expect(refused.map(readNumber)).toEqual(refused.map(() => null));
  });
});

describe('readClock', () => {
  it('reads nearly every surface form of a clock time, and none wrongly', () => {
    let read = 0;
    let forms = 0;
    for (let minute = 0; minute < 1440; minute += 7) {
      for (const form of clockForms(minute)) {
        const clock = readClock(form);
        forms++;
        if (clock === null) continue;
        read++;
        expect(`${form} ${clock}`).toBe(`${form} ${clockCanonical(minute)}`);
      }
    }
    expect(read / forms).toBeGreaterThan(0.98);
  });

  it('takes the part of the day that is said elsewhere', () => {
    expect(readClock('8', 'evening')).toBe('20:00');
    expect(readClock('ten past six', 'morning')).toBe('06:10');
    expect(readClock('11', 'afternoon')).toBeNull();
  });

  it('refuses what is no clock time', () => {
    expect(['25:10', '7:75', 'lunch', '7 8', 'forty', 'half'].map((text) => readClock(text))).toEqual(
      Array(6).fill(null),
    );
  });
});

describe('readDuration', () => {
  it('reads every plain form', () => {
    for (const unit of ['second', 'minute', 'hour'] as const) {
      for (let n = 1; n <= 120; n++) {
        for (const form of plainDurationForms(n, unit))
          expect(`${form} ${readDuration(form)}`).toBe(`${form} ${countUnit(n, unit)}`);
      }
    }
  });

  it('reads halves, quarters and two units', () => {
    const said = [
      'half an hour',
      'an hour and a half',
      '2.5 minutes',
      'a quarter of an hour',
      '1h 20m',
      'an hour forty',
      'hour and a half',
    ];
    expect(said.map(readDuration)).toEqual([
      '30 minutes',
      '1 hour 30 minutes',
      '2 minutes 30 seconds',
      '15 minutes',
      '1 hour 20 minutes',
      '1 hour 40 minutes',
      '1 hour 30 minutes',
    ]);
  });

  it('refuses points in time and doubtful fractions', () => {
    const refused = ['noon', '5 pm', '1.7 hours', '3 minutes and', 'minutes', 'two hours two hours', '90'];
    expect(refused.map(readDuration)).toEqual(refused.map(() => null));
  });
});
