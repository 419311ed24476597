/** What would break: a wish that widens what another one narrowed. */
import { expect, it } from 'vitest';
import { isReach, reaches, strictestReach, tiersByDistance } from './reach.js';

it('the strictest wish wins, and without any it is this device', () => {
  expect(strictestReach()).toBe('device');
  expect(strictestReach(undefined, undefined)).toBe('device');
  expect(strictestReach('third-party', undefined, 'private')).toBe('private');
  for (const a of tiersByDistance)
    for (const b of tiersByDistance) {
      const both = strictestReach(a, b);
      expect(strictestReach(b, a)).toBe(both);
      for (const tier of tiersByDistance) expect(reaches(both, tier)).toBe(reaches(a, tier) && reaches(b, tier));
    }
});

it('knows the three words and no other', () => {
  expect(tiersByDistance.every(isReach)).toBe(true);
  for (const word of ['thirdParty', 'Device', '', null, 1, undefined]) expect(isReach(word)).toBe(false);
});
