// Where a time begins and ends in a sentence: too short loses half of it, too long eats the thing to do.
import { describe, expect, it } from 'vitest';
import { findTimeSpans, isTimeSpan, splitLeadingTime, splitTrailingTime } from './time-span.js';

describe('splitTrailingTime', () => {
  it.each([
    ['water the ferns on friday at 5', 'water the ferns', 'friday at 5'],
    ['pay the deposit by the 3rd of june', 'pay the deposit', 'by the 3rd of june'],
    ['take the bread out in half an hour', 'take the bread out', 'in half an hour'],
    ['stretch every weekday at 10:30 am', 'stretch', 'every weekday at 10:30 am'],
    ['post the parcel when i leave work', 'post the parcel', 'when i leave work'],
    ['oil the chain tomorrow morning', 'oil the chain', 'tomorrow morning'],
    ['vote on may 7th', 'vote', 'may 7th'],
    ['return the ladder', 'return the ladder', null],
    ['buy 3 lamps', 'buy 3 lamps', null],
    ['bring snacks for 12 people', 'bring snacks for 12 people', null],
  ])('%s', (text, rest, time) => {
    expect(splitTrailingTime(text)).toMatchObject({ rest, time });
  });

  it('keeps the preposition that it took off', () => {
    expect(splitTrailingTime('book a table for sunday').preposition).toBe('for');
    expect(splitTrailingTime('book a table sunday').preposition).toBeNull();
  });
});

describe('splitLeadingTime', () => {
  it('leaves a possessive alone', () => {
    expect(splitLeadingTime('tomorrow at six call kim')).toMatchObject({ rest: 'call kim', time: 'tomorrow at six' });
    expect(splitLeadingTime("sunday's roast").time).toBeNull();
  });
});

describe('findTimeSpans', () => {
  it('finds each span once, whole', () => {
    expect(findTimeSpans('am i free next tuesday at noon or the 14th')).toEqual(['next tuesday at noon', 'the 14th']);
    expect(findTimeSpans('do i have plans')).toEqual([]);
  });
});

describe('isTimeSpan', () => {
  it('needs all of the text to say when', () => {
    expect(['tonight at 9', 'easter', 'every other day', '12/24', 'the next time it snows'].every(isTimeSpan)).toBe(
      true,
    );
    expect(['tonight with sam', 'my birthday cake', 'lunch', ''].some(isTimeSpan)).toBe(false);
  });
});
