/** Rate windows: made before the first request of their scope, so that every batch that counts in one can lock it. */
import { buildQuery } from '../sql/statement.js';
import { createStep } from '../sql/step.js';
import type { Action } from './action.js';

/** `all`, `key:ID`, `app:NAME`; those that are there stay as they are. */
export const trackRatesAction: Action<{ readonly scopes: readonly string[] }, null> = {
  access: 'write',
  step: ({ scopes }, { db }) =>
    createStep({}, () => ({
      result: null,
      writes: [...scopes].sort().map((scope) =>
        buildQuery(
          db
            .insertInto('rate_windows')
            .values({ scope, slots: '[]' })
            .onConflict((conflict) => conflict.doNothing()),
        ),
      ),
    })),
};
