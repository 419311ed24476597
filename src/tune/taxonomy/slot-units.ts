// Pairs of units of the same kind and the amount to convert: the one place where two slots must agree.
// It does not convert.

import type { Rng } from '../rng.js';
import { drawNumber, numberWords, sayNumber } from './number-words.js';
import type { Filler } from './template.js';

// Each unit: plural, singular, then short forms that serve as both.
type Unit = readonly [plural: string, singular: string, ...short: string[]];

const KINDS: readonly (readonly Unit[])[] = [
  [
    ['inches', 'inch'],
    ['feet', 'foot', 'ft'],
    ['yards', 'yard', 'yd'],
    ['miles', 'mile', 'mi'],
    ['centimeters', 'centimeter', 'cm'],
    ['millimeters', 'millimeter', 'mm'],
    ['meters', 'meter', 'm'],
    ['kilometers', 'kilometer', 'km'],
    ['nautical miles', 'nautical mile'],
    ['light years', 'light year'],
    ['centimetres', 'centimetre'],
    ['metres', 'metre'],
    ['kilometres', 'kilometre', 'kms'],
    ['fathoms', 'fathom'],
    ['furlongs', 'furlong'],
    ['microns', 'micron'],
    ['decimeters', 'decimeter'],
    ['hands', 'hand'],
  ],
  [
    ['pounds', 'pound', 'lb', 'lbs'],
    ['ounces', 'ounce', 'oz'],
    ['grams', 'gram', 'g'],
    ['kilograms', 'kilogram', 'kg'],
    ['kilos', 'kilo', 'kgs'],
    ['milligrams', 'milligram', 'mg'],
    ['tons', 'ton'],
    ['tonnes', 'tonne'],
    ['stone', 'stone'],
    ['metric tons', 'metric ton'],
    ['carats', 'carat'],
    ['micrograms', 'microgram', 'mcg'],
  ],
  [
    ['cups', 'cup'],
    ['teaspoons', 'teaspoon', 'tsp'],
    ['tablespoons', 'tablespoon', 'tbsp'],
    ['pints', 'pint', 'pt'],
    ['quarts', 'quart', 'qt'],
    ['gallons', 'gallon', 'gal'],
    ['liters', 'liter', 'l'],
    ['milliliters', 'milliliter', 'ml'],
    ['fluid ounces', 'fluid ounce', 'fl oz'],
    ['ounces', 'ounce', 'oz'],
    ['litres', 'litre'],
    ['millilitres', 'millilitre'],
    ['cubic centimeters', 'cubic centimeter', 'cc'],
    ['barrels', 'barrel'],
    ['deciliters', 'deciliter', 'dl'],
    ['cubic feet', 'cubic foot'],
  ],
  [
    ['degrees fahrenheit', 'degree fahrenheit', 'fahrenheit', 'f', 'degrees f'],
    ['degrees celsius', 'degree celsius', 'celsius', 'c', 'degrees c', 'centigrade'],
    ['kelvin', 'kelvin'],
  ],
  [
    ['seconds', 'second', 'sec'],
    ['minutes', 'minute', 'min'],
    ['hours', 'hour', 'hrs'],
    ['days', 'day'],
    ['weeks', 'week'],
    ['months', 'month'],
    ['years', 'year', 'yrs'],
    ['decades', 'decade'],
    ['milliseconds', 'millisecond', 'ms'],
    ['centuries', 'century'],
    ['fortnights', 'fortnight'],
  ],
  [
    ['acres', 'acre'],
    ['hectares', 'hectare', 'ha'],
    ['square feet', 'square foot', 'sq ft'],
    ['square meters', 'square meter'],
    ['square miles', 'square mile'],
    ['square kilometers', 'square kilometer'],
    ['square yards', 'square yard'],
  ],
  [
    ['miles per hour', 'mile per hour', 'mph'],
    ['kilometers per hour', 'kilometer per hour', 'kph', 'km/h'],
    ['knots', 'knot'],
    ['meters per second', 'meter per second', 'm/s'],
  ],
  [
    ['bytes', 'byte'],
    ['kilobytes', 'kilobyte', 'kb'],
    ['megabytes', 'megabyte', 'mb'],
    ['gigabytes', 'gigabyte', 'gb', 'gigs'],
    ['terabytes', 'terabyte', 'tb'],
    ['bits', 'bit'],
  ],
  [
    ['calories', 'calorie', 'kcal'],
    ['joules', 'joule'],
    ['kilojoules', 'kilojoule', 'kj'],
    ['kilowatt hours', 'kilowatt hour', 'kwh'],
  ],
  [
    ['psi', 'psi'],
    ['pascals', 'pascal'],
    ['bar', 'bar'],
    ['atmospheres', 'atmosphere'],
  ],
  [
    ['horsepower', 'horsepower', 'hp'],
    ['watts', 'watt'],
    ['kilowatts', 'kilowatt', 'kw'],
  ],
  [
    ['degrees', 'degree'],
    ['radians', 'radian'],
  ],
];
const KIND_WEIGHTS = [10, 7, 8, 3, 3, 1, 1.2, 1, 0.4, 0.3, 0.2, 0.2];

/**
 * One drawn pair: `from` and `to` in the plural, `one` and `to_one` in the singular, `value` the amount (2 or more);
 * `digits` the amount in digits, for `tight`, the first unit as it is written against a number ("10kg").
 */
export interface UnitPair {
  readonly value: Filler;
  readonly digits: Filler;
  readonly tight: Filler;
  readonly from: Filler;
  readonly to: Filler;
  readonly one: Filler;
  readonly to_one: Filler;
}

const same = (text: string): Filler => ({ surface: text, canonical: text });

/** Draws two different units of one kind (of any, where none is given); the frequent ones stand first in each kind. */
export function drawUnitPair(rng: Rng, kind?: 'length' | 'weight' | 'volume'): UnitPair {
  const kinds = KINDS.map((units, i) => ({ units, weight: KIND_WEIGHTS[i]! }));
  const known = kind && KINDS[{ length: 0, weight: 1, volume: 2 }[kind]];
  const units = known ?? rng.pickWeighted(kinds, ({ weight }) => weight).units;
  const ranked = units.map((unit, i) => ({ unit, weight: 1 / (1 + 0.15 * i) }));
  const from = rng.pickWeighted(ranked, (entry) => entry.weight);
  const to = rng.pickWeighted(
    ranked.filter((entry) => entry !== from),
    (entry) => entry.weight,
  );
  const surface = (unit: Unit, plural: boolean): Filler => {
    const short = unit.slice(2);
    if (short.length > 0 && rng.chance(0.2)) return same(rng.pick(short));
    return same(plural ? unit[0] : unit[1]);
  };
  const short = from.unit.slice(2).filter((text) => !text.includes(' ') && text.length <= 4);
  const value = drawAmount(rng);
  return {
    value,
    digits: same(value.canonical),
    tight: short.length > 0 ? same(rng.pick(short)) : { surface: ` ${from.unit[0]}`, canonical: from.unit[0] },
    from: surface(from.unit, true),
    to: surface(to.unit, true),
    one: same(from.unit[1]),
    to_one: same(to.unit[1]),
  };
}

// Amounts of 2 and more, now and then with a decimal or a half: "5.5", "two and a half" (canonical "2.5").
function drawAmount(rng: Rng): Filler {
  const roll = rng.next();
  if (roll < 0.08) return same(`${rng.between(1, 99)}.${rng.between(1, 9)}`);
  if (roll < 0.13) {
    const n = rng.between(1, 12);
    return { surface: rng.pick([`${numberWords(n)} and a half`, `${n} and a half`, `${n} 1/2`]), canonical: `${n}.5` };
  }
  const n = roll < 0.6 ? rng.between(2, 30) : roll < 0.75 ? rng.between(1, 20) * 5 : drawNumber(rng);
  return sayNumber(Math.max(2, n), rng);
}
