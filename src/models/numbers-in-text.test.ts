/** Every number that is said is among the readings, and nothing that is not said. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbersInText } from './numbers-in-text.js';

describe('numbersInText', () => {
  it.each([
    ['set it to 50%', ['50']],
    ['roll a 1d6', ['1', '6']],
    ['twenty-one', ['20', '21', '1']],
    ['at three thirty', ['3', '30']],
    ['a hundred and five kilos', ['100', '105', '5']],
    ['6,351 out of nine', ['6351', '9']],
    ['.5 or 0.50', ['0.5', '0.50']],
    ['three point two five', ['3', '3.2', '3.25', '2', '5']],
    ['8 million', ['8', '8000000', '1000000']],
    ['07:05', ['07', '7', '05', '5']],
    ['someone and a tension', []],
    ['', []],
  ])('%s', (text, numbers) => {
    expect(numbersInText(text)).toEqual(numbers);
  });

  it('reads long numbers', () => {
    expect(numbersInText('nine thousand eight hundred and ninety eight')).toContain('9898');
    expect(numbersInText('two million, three hundred thousand and twelve')).toContain('2300012');
  });

  it('finds digits in any text and stays quick on long ones', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), (number, text) => {
        expect(numbersInText(`${text} ${number} ${text}`)).toContain(String(number));
      }),
    );
    expect(numbersInText('one '.repeat(20_000)).length).toBeLessThan(3);
  });
});
