// What {slot} draws: lists from slots.yaml beside the generated slots. Resolves canonical values and groups.
// It does not know templates of requests, arguments, or files.

import type { Rng } from '../rng.js';
import { drawNumber, ordinalDigits, ordinalWords, sayNumber } from './number-words.js';
import { drawBareClock, drawClock, drawClockSaid } from './slot-clock.js';
import {
  drawBareDay,
  drawDate,
  drawDay,
  drawDayOfMonth,
  drawPastWhen,
  drawRepeatedDay,
  drawWeekday,
  drawWhen,
  MONTHS,
} from './slot-days.js';
import { drawDuration, drawDurationAdjective, drawInDuration } from './slot-duration.js';
import { drawExpression, drawInfix } from './slot-expression.js';
import { drawExpressionOrder, drawNumberPair, drawShare, PAIR_FIELDS, SHARE_FIELDS } from './slot-expression-order.js';
import { drawUnitPair } from './slot-units.js';
import { madeUpName, madeUpPlace, madeUpWord, phoneNumber } from './slot-words.js';
import { type DrawSlot, expandTemplate, type Filler, parseTemplate, slotsOf, type Template } from './template.js';

/** One value of a listed slot. `canonical` null: the value passes on its only slot's canonical, or is its own. */
export interface SlotValue {
  readonly surface: Template;
  readonly canonical: Template | null;
  readonly weight: number;
}

/** The values of a listed slot; `uniform` when all weigh the same. */
export interface SlotList {
  readonly values: readonly SlotValue[];
  readonly uniform: boolean;
}

/** Listed slots by name. */
export type SlotLists = ReadonlyMap<string, SlotList>;

type Group = Readonly<Record<string, Filler>>;

const same = (text: string): Filler => ({ surface: text, canonical: text });

const GENERATED: Readonly<Record<string, (rng: Rng) => Filler>> = {
  clock: (rng) => drawClock(rng),
  clock_any_day: (rng) => drawClock(rng, { anyDay: true }),
  clock_am_bare: (rng) => drawBareClock(rng, 'am'),
  clock_pm_bare: (rng) => drawBareClock(rng, 'pm'),
  clock_said: (rng) => same(drawClockSaid(rng)),
  weekday: (rng) => same(drawWeekday(rng)),
  month: (rng) => same(rng.pick(MONTHS)),
  day_of_month: (rng) => same(drawDayOfMonth(rng)),
  date: (rng) => same(drawDate(rng)),
  year: (rng) => same(String(rng.between(1950, 2045))),
  day: drawDay,
  day_bare: drawBareDay,
  day_repeat: drawRepeatedDay,
  when: drawWhen,
  when_past: (rng) => same(drawPastWhen(rng)),
  datetime: drawWhen,
  in_duration: drawInDuration,
  duration: drawDuration,
  duration_adj: drawDurationAdjective,
  duration_said: (rng) => same(drawDuration(rng).surface),
  number: (rng) => sayNumber(drawNumber(rng), rng),
  number_said: (rng) => same(sayNumber(drawNumber(rng), rng).surface),
  small_number: (rng) => sayNumber(rng.between(2, 20), rng),
  ordinal: (rng) => {
    const n = rng.between(1, rng.chance(0.8) ? 12 : 60);
    return same(rng.chance(0.5) ? ordinalDigits(n) : ordinalWords(n));
  },
  percent: (rng) => {
    const said = sayNumber(rng.chance(0.7) ? rng.between(1, 20) * 5 : rng.between(1, 100), rng);
    const mark = /^\d/.test(said.surface) && rng.chance(0.6) ? '%' : ' percent';
    return { surface: said.surface + mark, canonical: `${said.canonical}%` };
  },
  money: (rng) => {
    const said = sayNumber(drawNumber(rng), rng).surface;
    return same(
      /^\d/.test(said) && rng.chance(0.5)
        ? `$${said}`
        : `${said} ${rng.pick(['dollars', 'dollars', 'bucks', 'euros', 'pounds'])}`,
    );
  },
  expression: drawExpression,
  expression_do: drawExpressionOrder,
  expression_verb: drawInfix,
  made_up_word: (rng) => same(madeUpWord(rng)),
  made_up_name: (rng) => same(madeUpName(rng)),
  made_up_place: (rng) => same(madeUpPlace(rng)),
  phone_number: (rng) => same(phoneNumber(rng)),
};

const UNIT_FIELDS = ['value', 'digits', 'tight', 'from', 'to', 'one', 'to_one'] as const;

/** Slots whose fields ("units.from") are drawn together, once for a whole template. */
const GROUPS: Readonly<Record<string, { fields: readonly string[]; draw: (rng: Rng) => Group }>> = {
  units: { fields: UNIT_FIELDS, draw: (rng) => ({ ...drawUnitPair(rng) }) },
  length: { fields: UNIT_FIELDS, draw: (rng) => ({ ...drawUnitPair(rng, 'length') }) },
  weight: { fields: UNIT_FIELDS, draw: (rng) => ({ ...drawUnitPair(rng, 'weight') }) },
  volume: { fields: UNIT_FIELDS, draw: (rng) => ({ ...drawUnitPair(rng, 'volume') }) },
  pair: { fields: PAIR_FIELDS, draw: drawNumberPair },
  share: { fields: SHARE_FIELDS, draw: drawShare },
};

/** True for a slot that is generated rather than listed. */
export function isGeneratedSlot(name: string): boolean {
  if (Object.hasOwn(GENERATED, name)) return true;
  const [group, field] = name.split('.');
  return field !== undefined && Object.hasOwn(GROUPS, group!) && GROUPS[group!]!.fields.includes(field);
}

/** Reads "surface" or "surface => canonical"; throws TemplateError or RangeError with what is wrong. */
export function parseSlotValue(source: string, weight = 1): SlotValue {
  const [left, right, ...more] = source.split('=>').map((part) => part.trim());
  if (more.length > 0) throw new RangeError(`"${source}" has more than one "=>"`);
  const surface = parseTemplate(left!);
  if (right === undefined) return { surface, canonical: null, weight };
  const canonical = parseTemplate(right);
  const known = new Set(slotsOf(surface).map(({ slot }) => slot));
  for (const node of canonical) {
    if (node.type === 'choice') throw new RangeError(`"${source}": a canonical value has no [a|b]`);
    if (node.type === 'slot' && !known.has(node.slot))
      throw new RangeError(`"${source}": {${node.slot}} is not on the surface side`);
  }
  return { surface, canonical, weight };
}

/** A drawing function for one expansion: groups drawn through it stay the same for its lifetime. */
export function createDraw(lists: SlotLists, rng: Rng): DrawSlot {
  const groups = new Map<string, Group>();
  const draw: DrawSlot = (slot) => {
    const list = lists.get(slot);
    if (list !== undefined) return drawListed(list);
    const generate = GENERATED[slot];
    if (generate !== undefined) return generate(rng);
    const [group, field] = slot.split('.') as [string, string];
    const known = groups.get(group) ?? GROUPS[group]?.draw(rng);
    const filler = known?.[field];
    if (known === undefined || filler === undefined)
      throw new RangeError(`Cannot draw {${slot}}: there is no such slot`);
    groups.set(group, known);
    return filler;
  };

  function drawListed({ values, uniform }: SlotList): Filler {
    const value = uniform ? rng.pick(values) : rng.pickWeighted(values, ({ weight }) => weight);
    const drawn = new Map<string, Filler[]>();
    const segments = expandTemplate(value.surface, {
      rng,
      draw: (slot) => {
        const filler = draw(slot);
        drawn.set(slot, [...(drawn.get(slot) ?? []), filler]);
        return filler;
      },
    });
    const surface = segments
      .map(({ text }) => text)
      .join('')
      .replace(/ +/g, ' ')
      .trim();
    if (value.canonical !== null) return { surface, canonical: fillCanonical(value.canonical, drawn) };
    const only =
      value.surface.length === 1 && value.surface[0]!.type === 'slot' ? [...drawn.values()][0]?.[0] : undefined;
    return only ?? same(surface);
  }
  return draw;
}

// The second {slot} on the canonical side is the second one drawn on the surface side.
function fillCanonical(canonical: Template, drawn: ReadonlyMap<string, readonly Filler[]>): string {
  const used = new Map<string, number>();
  return canonical
    .map((node) => {
      if (node.type !== 'slot') return node.type === 'text' ? node.text : '';
      const nth = used.get(node.slot) ?? 0;
      used.set(node.slot, nth + 1);
      const fillers = drawn.get(node.slot) ?? [];
      return (fillers[nth] ?? fillers.at(-1))?.canonical ?? '';
    })
    .join('');
}

/** Slots that name themselves, directly or through others, in the order of `lists`. */
export function cyclicSlots(lists: SlotLists): string[] {
  const uses = new Map(
    [...lists].map(([name, { values }]) => [
      name,
      new Set(values.flatMap(({ surface }) => slotsOf(surface).map(({ slot }) => slot))),
    ]),
  );
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    [...(uses.get(from) ?? [])].some(
      (next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next))),
    );
  return [...lists.keys()].filter((name) => reaches(name, name, new Set()));
}
