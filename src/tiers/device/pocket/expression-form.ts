/**
 * A grammar of the sums that a text can mean: each number that is said stands in it once, in the order in which it was
 * said or, where there are few, in any.
 *
 * Numbers that go by a name ("half", "squared") may stand in it; shares are taken off or put on, and means divide by the
 * count. Which sum is meant is for the model to say.
 */
import { type NumberReading, numberReadingsInText } from '../../../models/numbers-in-text.js';
import { type GrammarRules, literal } from '../grammar/gbnf.js';
import { namedNumbersIn, says } from './named-numbers.js';

/** A number of a sum: what it may be written as, and whether it must be used. */
interface Item {
  readonly writings: readonly string[];
  readonly isRequired: boolean;
}

/** Ways to cut the said numbers; more than these are no way that a person means. */
const maxCuts = 6;
/** So many numbers may stand in any order. */
const maxShuffled = 3;

const fractionWords = /^(?:half|halves|.*(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|th)s?)$/;

/** What stands before a number that a sum is compared with. */
const comparison =
  /(?<!\p{L})(?:(?:more|less|greater|bigger|smaller|higher|lower) than|equals?(?: to)?|the same as) $/u;

/** All ways to read the numbers of a text so that every number word is in exactly one, the longest readings first. */
const cutsOf = (readings: readonly NumberReading[]): NumberReading[][] => {
  const starts = [...new Set(readings.map(({ start }) => start))];
  const byStart = new Map(starts.map((start) => [start, readings.filter((reading) => reading.start === start)]));
  const cuts: NumberReading[][] = [];
  const walk = (from: number, cut: readonly NumberReading[]): void => {
    if (cuts.length >= maxCuts) return;
    const start = starts.find((candidate) => candidate >= from);
    if (start === undefined) {
      cuts.push([...cut]);
      return;
    }
    const here = byStart.get(start)!;
    const seen = new Set<string>();
    for (const reading of [...here].sort((a, b) => b.end - a.end)) {
      if (seen.has(`${reading.end}/${reading.digits}`)) continue;
      seen.add(`${reading.end}/${reading.digits}`);
      walk(reading.end, [...cut, reading]);
    }
  };
  walk(0, []);
  return cuts;
};

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/** The items of a cut with the named numbers between them, in the order of the text. */
const itemsOf = (cut: readonly NumberReading[], text: string): Item[] => {
  const said = cut.map((reading) => ({ ...reading, isRequired: true, writings: [reading.digits] }));
  const named = namedNumbersIn(text)
    .filter(({ start, end }) => cut.every((reading) => reading.end <= start || reading.start >= end))
    .map((reading) => {
      const isPart = fractionWords.test(text.slice(reading.start, reading.end));
      return {
        ...reading,
        isRequired: false,
        writings: isPart ? [`1/${reading.digits}`, reading.digits] : [reading.digits],
      };
    });
  const ordered = [...said, ...named].sort((a, b) => a.start - b.start);
  return ordered.flatMap((item, index) => {
    const next = ordered[index + 1];
    // "eleven and a half" is one number as well.
    const link = next === undefined ? '' : text.slice(item.end, next.start);
    const half = next !== undefined && !next.isRequired && /^ and (?:an? |one )?$/.test(link) ? next : null;
    if (!item.isRequired || half === null || !/^\d+$/.test(item.writings[0]!)) return [item];
    const share = 1 / Number(half.writings.at(-1));
    return [{ ...item, writings: [...item.writings, String(Number(item.writings[0]) + share)] }];
  });
};

/** "is 50 - 2 more than 40" asks for a sum of all numbers but the last. */
const withoutLastSaid = (items: readonly Item[]): Item[] => {
  const last = items.findLastIndex(({ isRequired }) => isRequired);
  return items.filter((item, index) => index < last || !item.isRequired);
};

const permutationsOf = <T>(items: readonly T[]): T[][] =>
  items.length <= 1
    ? [[...items]]
    : items.flatMap((first, index) =>
        permutationsOf([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [first, ...rest]),
      );

/** GBNF of the sums over the text's numbers; null where it says none. */
export const expressionForm = (text: string, rules: GrammarRules): string | null => {
  const cuts = cutsOf(numberReadingsInText(text)).map((cut) => {
    const items = itemsOf(cut, text);
    const last = cut.at(-1);
    return last !== undefined && comparison.test(text.slice(0, last.start)) ? withoutLastSaid(items) : items;
  });
  const hasPercent = says(text, 'percent|per cent|percentage|tip|discount|tax|off') || text.includes('%');
  const hasRoot = says(text, 'roots?|sqrt');
  const isNegative = says(text, 'negative|minus') || text.includes('-');

  const anyOf = (item: Item): string => {
    const writings = unique(item.writings).map(literal);
    return rules.add(
      'n',
      `${isNegative ? '"-"? ' : ''}${writings.length === 1 ? writings[0] : `(${writings.join(' | ')})`}`,
    );
  };
  const operator = rules.add('op', '" " [-+*/^] " " | "/"');
  const open = `("("${hasRoot ? ' | "sqrt("' : ''})`;
  const percent = hasPercent ? ' "%"?' : '';

  /**
   * Items from `at` on with `depth` brackets open: an operand, then the end or an operator and the rest. A rule for each
   * place and depth; brackets open before an operand and close behind one, so that they always pair.
   */
  const chain = (items: readonly Item[], suffix: string): string | null => {
    const memo = new Map<string, string | null>();
    const mayEnd = (from: number): boolean => items.slice(from).every(({ isRequired }) => !isRequired);
    const ruleAt = (at: number, depth: number): string | null => {
      const key = `${at}/${depth}`;
      const known = memo.get(key);
      if (known !== undefined) return known;
      const alternatives: string[] = [];
      for (let next = at; next < items.length; next++) {
        const item = items[next]!;
        for (const opened of depth < 2 ? [0, 1] : [0])
          for (const closed of depth + opened > 0 ? [0, 1] : [0]) {
            const left = depth + opened - closed;
            const before = opened === 1 ? `${open} ` : '';
            const after = `${percent}${closed === 1 ? ` ")"${percent}` : ''}`;
            const rest = ruleAt(next + 1, left);
            const body = `${before}${anyOf(item)}${after}`;
            if (rest !== null) alternatives.push(`${body} ${operator} ${rest}`);
            if (left === 0 && mayEnd(next + 1)) alternatives.push(body);
          }
        if (item.isRequired) break;
      }
      const name = alternatives.length === 0 ? null : rules.add('sum', alternatives.join(' | '));
      memo.set(key, name);
      return name;
    };
    const first = ruleAt(0, 0);
    return first === null ? null : `${first}${suffix}`;
  };

  const sums: (string | null)[] = [];
  for (const items of cuts) {
    const required = items.filter(({ isRequired }) => isRequired);
    if (items.length === 0) continue;
    const isPart = says(text, 'percent(?:age)?|per cent') || text.includes('%');
    const divisor = says(text, 'average|mean') ? `" / ${required.length}"` : null;
    const suffix = `${isPart ? ' " * 100"?' : ''}${divisor === null ? '' : ` (${divisor})?`}`;
    const isShuffled = required.length <= 2 || says(text, 'from|into|of');
    const orders = isShuffled && items.length <= maxShuffled ? permutationsOf(items) : [items];
    for (const order of orders) sums.push(chain(order, suffix));
    // "20% off 80", "80 plus 20%".
    if (hasPercent && required.length === 2)
      for (const [share, whole] of permutationsOf(required))
        sums.push(`${anyOf(whole!)} " " [-+] " " ${anyOf(share!)} "% * " ${anyOf(whole!)}`);
  }
  const present = unique(sums.filter((sum) => sum !== null));
  return present.length === 0 ? null : present.join(' | ');
};
