/**
 * How far a request may go, and which of several wishes about it holds. Pure.
 */
import type { TierName } from '../tiers/tier.js';

/** The furthest tier that one request may go to. */
export type Reach = TierName;

/** Nearest first. */
export const tiersByDistance = ['device', 'private', 'third-party'] as const satisfies readonly TierName[];

const distanceOf = (tier: TierName): number => tiersByDistance.indexOf(tier);

export const isReach = (value: unknown): value is Reach => tiersByDistance.includes(value as TierName);

/** True where a request of this reach may run on that tier. */
export const reaches = (reach: Reach, tier: TierName): boolean => distanceOf(tier) <= distanceOf(reach);

/** The strictest of the wishes that are there; `device` where there is none. */
export const strictestReach = (...wishes: readonly (Reach | undefined)[]): Reach => {
  const present = wishes.filter((wish) => wish !== undefined);
  if (present.length === 0) return 'device';
  return present.reduce((strictest, wish) => (distanceOf(wish) < distanceOf(strictest) ? wish : strictest));
};
