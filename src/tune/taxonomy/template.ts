// The template language: "[set|make] an alarm for {time=clock}" parsed into a tree and expanded into segments.
// It does not know which slots exist, where a template is written down, or what a row is.
import type { Rng } from '../rng.js';

/** A parsed template: a run of nodes. */
export type Template = readonly TemplateNode[];

export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'choice'; readonly options: readonly Template[] }
  | { readonly type: 'slot'; readonly slot: string; readonly arg: string | null };

/** What a slot gave: `surface` goes into the text, `canonical` into the argument. */
export interface Filler {
  readonly surface: string;
  readonly canonical: string;
}

/** A stretch of an expanded text. `value` is set where the stretch fills `arg`; a filler is a slot's text without argument. */
export type Segment =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'filler'; readonly text: string }
  | { readonly type: 'arg'; readonly text: string; readonly arg: string; readonly value: string };

/** Draws a value for a slot by name. */
export type DrawSlot = (slot: string) => Filler;

/** A template that cannot be read: `column` counts from 1. */
export class TemplateError extends Error {
  readonly column: number;
  constructor(message: string, column: number) {
    super(`${message} (column ${column})`);
    this.name = 'TemplateError';
    this.column = column;
  }
}

const SLOT = /^(?:([a-z][a-z0-9_]*)\s*=\s*)?([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)$/;

/** Reads a template; throws TemplateError with the column of the first fault. */
export function parseTemplate(source: string): Template {
  let at = 0;

  function sequence(depth: number): Template {
    const nodes: TemplateNode[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') nodes.push({ type: 'text', text });
      text = '';
    };
    while (at < source.length) {
      const char = source[at]!;
      if (char === '[') {
        flush();
        nodes.push(choice(depth + 1));
      } else if (char === '{') {
        flush();
        nodes.push(slot());
      } else if (char === '}') {
        throw new TemplateError("'}' without '{'", at + 1);
      } else if (char === ']' || char === '|') {
        if (depth === 0) throw new TemplateError(`'${char}' outside of [ ]`, at + 1);
        break;
      } else {
        text += char;
        at++;
      }
    }
    flush();
    return nodes;
  }

  function choice(depth: number): TemplateNode {
    const open = at + 1;
    const options: Template[] = [];
    do {
      at++; // '[' or '|'
      options.push(sequence(depth));
    } while (source[at] === '|');
    if (source[at] !== ']') throw new TemplateError("'[' is never closed", open);
    at++;
    if (options.length === 1) throw new TemplateError("'[...]' holds one alternative only: '|' is missing", open);
    return { type: 'choice', options };
  }

  function slot(): TemplateNode {
    const open = at + 1;
    const close = source.indexOf('}', at);
    if (close < 0) throw new TemplateError("'{' is never closed", open);
    const inner = source.slice(at + 1, close);
    const match = SLOT.exec(inner.trim());
    if (match === null) throw new TemplateError(`'{${inner}}' is not {slot} or {arg=slot}`, open);
    at = close + 1;
    return { type: 'slot', slot: match[2]!, arg: match[1] ?? null };
  }

  const nodes = sequence(0);
  if (nodes.length === 0) throw new TemplateError('The template is empty', 1);
  return nodes;
}

/** One random expansion: alternatives are equally likely, slots come from `draw`. Texts keep their outer spaces. */
export function expandTemplate(template: Template, options: { rng: Rng; draw: DrawSlot }): Segment[] {
  const { rng, draw } = options;
  const segments: Segment[] = [];
  const walk = (nodes: Template): void => {
    for (const node of nodes) {
      if (node.type === 'text') {
        const last = segments.at(-1);
        if (last?.type === 'literal') segments[segments.length - 1] = { type: 'literal', text: last.text + node.text };
        else segments.push({ type: 'literal', text: node.text });
      } else if (node.type === 'choice') {
        walk(rng.pick(node.options));
      } else {
        const { surface, canonical } = draw(node.slot);
        if (node.arg === null) segments.push({ type: 'filler', text: surface });
        else segments.push({ type: 'arg', text: surface, arg: node.arg, value: canonical });
      }
    }
  };
  walk(template);
  return segments;
}

/** Every slot node of a template, in reading order. */
export function slotsOf(template: Template): { slot: string; arg: string | null }[] {
  return template.flatMap((node) => {
    if (node.type === 'slot') return [{ slot: node.slot, arg: node.arg }];
    return node.type === 'choice' ? node.options.flatMap(slotsOf) : [];
  });
}

/** The sets of arguments that expansions of a template fill; an argument filled twice shows twice in its set. */
export function argumentSets(template: Template): string[][] {
  const sets = template.reduce<string[][]>(
    (before, node) => {
      if (node.type === 'text' || (node.type === 'slot' && node.arg === null)) return before;
      const here = node.type === 'slot' ? [[node.arg!]] : node.options.flatMap(argumentSets);
      return unique(before.flatMap((left) => here.map((right) => [...left, ...right].sort())));
    },
    [[]],
  );
  return sets;
}

/** How many texts a template can give when every slot counts as `slotValues` values; 1 for plain text. */
export function countExpansions(template: Template, slotValues: number): number {
  return template.reduce((product, node) => {
    if (node.type === 'text') return product;
    if (node.type === 'slot') return product * slotValues;
    return product * node.options.reduce((sum, option) => sum + countExpansions(option, slotValues), 0);
  }, 1);
}

function unique(sets: string[][]): string[][] {
  return [...new Map(sets.map((set) => [set.join(','), set])).values()];
}
