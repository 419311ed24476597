/** How the commands name places, times and redactions to a person. Knows routes' words only. */
import type { Candidate } from '../route/route.js';

/** `pocket on this device`, `qwen3-32b at rack (private)`. */
export const writePlace = ({ tier, endpoint, model }: Pick<Candidate, 'tier' | 'endpoint' | 'model'>): string =>
  tier === 'device' ? `${model} on this device` : `${model} at ${endpoint} (${tier})`;

/** `1 email, 2 phone`; what was replaced, by kind. */
export const writeRedactions = (redactions: Readonly<Record<string, number>>): string => {
  const kinds = Object.entries(redactions).map(([kind, count]) => `${count} ${kind}`);
  return kinds.length === 0 ? 'nothing was found to replace' : `${kinds.join(', ')} replaced`;
};

/** `14:05`, in local time. */
export const writeClock = (timeMs: number): string => {
  const time = new Date(timeMs);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
};
