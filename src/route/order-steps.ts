/**
 * The order in which candidates are tried, and the sentence that says why one stands where it stands.
 *
 * First the order that was asked for, then the nearer tier, then closed circuits before half-open ones, then the
 * shorter expected time, then the lower worst case of cost, then the id. What was never measured counts as fast: it is
 * tried once, and measured.
 */
import type { Prospect } from './judge-candidate.js';
import type { NameMatch } from './match-name.js';
import { tiersByDistance } from './reach.js';
import { writeMs, writeName, writeUsd } from './words.js';

interface Criterion {
  /** Below 0 where `a` comes first. */
  compare(a: Prospect, b: Prospect): number;
  /** Why `later` stands behind `earlier`, which this criterion tells apart. */
  because(later: Prospect, earlier: Prospect): string;
}

const distanceOf = ({ candidate }: Prospect): number => tiersByDistance.indexOf(candidate.tier);
const isHalfOpen = ({ candidate }: Prospect): number => (candidate.circuit === 'half-open' ? 1 : 0);
const totalMsOf = ({ times }: Prospect): number => times.totalMs ?? 0;

const nearer: Criterion = {
  compare: (a, b) => distanceOf(a) - distanceOf(b),
  because: ({ candidate }) => `further away: ${candidate.tier}`,
};

const criteria: readonly Criterion[] = [
  nearer,
  {
    compare: (a, b) => isHalfOpen(a) - isHalfOpen(b),
    because: () => 'same tier, on trial after failures',
  },
  {
    compare: (a, b) => totalMsOf(a) - totalMsOf(b),
    because: (later, earlier) =>
      `same tier, slower: ${writeMs(totalMsOf(later))} expected${
        earlier.times.totalMs === null
          ? ', the one before is not measured yet'
          : ` against ${writeMs(totalMsOf(earlier))}`
      }`,
  },
  {
    compare: (a, b) => a.worstCostNanoUsd - b.worstCostNanoUsd,
    because: (later, earlier) =>
      `same tier, dearer: ${writeUsd(later.worstCostNanoUsd)} against ${writeUsd(earlier.worstCostNanoUsd)} at most`,
  },
  {
    compare: (a, b) => (a.candidate.id < b.candidate.id ? -1 : a.candidate.id > b.candidate.id ? 1 : 0),
    because: () => 'same tier, equal but for its name',
  },
];

const byPosition = (a: Prospect, b: Prospect): number => (a.position ?? 0) - (b.position ?? 0);

const compareProspects = (a: Prospect, b: Prospect): number => {
  const order = byPosition(a, b);
  if (order !== 0) return order;
  for (const { compare } of criteria) {
    const difference = compare(a, b);
    if (difference !== 0) return difference;
  }
  return 0;
};

export const orderProspects = (prospects: readonly Prospect[]): Prospect[] => [...prospects].sort(compareProspects);

/** Why a step stands there; `earlier` is the one before it, null for the first. */
export const describePlace = (
  { prospect, earlier }: { readonly prospect: Prospect; readonly earlier: Prospect | null },
  asked: { readonly model: string; readonly match: NameMatch },
): string => {
  const { match, model } = asked;
  if (match.kind === 'alias' && (earlier === null || byPosition(earlier, prospect) !== 0))
    return `choice ${(prospect.position ?? 0) + 1} of ${writeName(model)}`;
  if (earlier === null) return match.kind === 'auto' ? 'nearest place that can answer' : 'the model that was asked for';
  const deciding = criteria.find(({ compare }) => compare(earlier, prospect) !== 0);
  return deciding === undefined ? 'equal to the one before' : deciding.because(prospect, earlier);
};
