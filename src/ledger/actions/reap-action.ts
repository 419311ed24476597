/** Finds reservations that expired; giving them back is booking like any other, which looks at each once more. */
import { buildQuery } from '../sql/statement.js';
import { createReading } from '../sql/step.js';
import type { Action } from './action.js';

export const expiredAction: Action<{ readonly nowMs: number; readonly limit: number }, readonly string[]> = {
  access: 'read',
  step: ({ nowMs, limit }, { db }) =>
    createReading(
      {
        expired: buildQuery(
          db
            .selectFrom('reservations')
            .select('id')
            .where('expires_ms', '<=', nowMs)
            .orderBy('expires_ms')
            .limit(limit),
        ),
      },
      ({ expired }) => expired.map(({ id }) => id),
    ),
};
