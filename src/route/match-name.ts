/**
 * Which candidates a name in a request means: a model, `endpoint/model`, an alias for an ordered list of names, or
 * `auto` for every candidate. Knows nothing of tiers and reach.
 */
import type { Candidate } from './route.js';

export const autoName = 'auto';

/** The aliases of a policy: name -> names, in the order in which they are tried. */
export type Aliases = Readonly<Record<string, readonly string[]>>;

/**
 * The names behind a name, in order: aliases are opened, aliases inside aliases too, each once. An alias that leads
 * back to itself stands there for a model of that name, so that this always ends. Own properties only: `constructor`
 * is no alias.
 */
export const openName = (name: string, aliases: Aliases): readonly string[] => {
  const opened = new Set<string>();
  const names: string[] = [];
  const open = (current: string): void => {
    if (current === autoName || opened.has(current) || !Object.hasOwn(aliases, current)) {
      names.push(current);
      return;
    }
    opened.add(current);
    for (const target of aliases[current]!) open(target);
  };
  open(name);
  return names;
};

export interface NameMatch {
  readonly kind: 'auto' | 'alias' | 'model';
  /** What the asked-for name stands for. */
  readonly names: readonly string[];
  /** Place of a candidate in the order that was asked for, from 0; null where it was not asked for. */
  positionOf(candidate: Candidate): number | null;
}

export const matchName = (name: string, aliases: Aliases): NameMatch => {
  const names = openName(name, aliases);
  const positions = new Map<string, number>();
  for (const [index, one] of names.entries()) if (!positions.has(one)) positions.set(one, index);
  const absent = names.length;
  const position = (one: string): number => positions.get(one) ?? absent;
  const anywhere = position(autoName);
  return {
    kind: name === autoName ? 'auto' : Object.hasOwn(aliases, name) ? 'alias' : 'model',
    names,
    positionOf({ model, endpoint }) {
      const found = Math.min(anywhere, position(model), position(`${endpoint}/${model}`));
      return found === absent ? null : found;
    },
  };
};
