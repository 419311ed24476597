/**
 * What the budgets leave, as this server last heard it: for choosing between places, at no cost to a request. What may be
 * spent `reserve` alone says.
 */
import { budgetLeft } from './budget-left.js';
import type { BudgetState, Ledger } from './ledger.js';

export interface BudgetView {
  /** Whole nanodollars that key, app and everything leave together; null where nothing limits them or nothing is known. */
  left(owner: { readonly keyId: string | null; readonly app: string | null }): number | null;
  /** Asks the ledger now; where that fails, nothing is known for a while. */
  refresh(): Promise<void>;
}

/** Older than this it is asked for again, in the background. */
const freshMs = 1_000;
/** Older than this it counts as unknown: a budget may have been raised since. */
const knownMs = 5_000;

/** `now`: milliseconds of a clock that does not jump. */
export const createBudgetView = (
  ledger: Pick<Ledger, 'budgets'>,
  now: () => number = () => performance.now(),
): BudgetView => {
  let budgets: readonly BudgetState[] = [];
  let heardMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  const refresh = (): Promise<void> => {
    asking ??= ledger
      .budgets()
      .then(
        (states) => {
          budgets = states;
          heardMs = now();
        },
        // Away: then the reservation is refused too.
        () => undefined,
      )
      .finally(() => {
        asking = null;
      });
    return asking;
  };

  return {
    refresh,
    left({ keyId, app }) {
      const ageMs = now() - heardMs;
      if (ageMs >= freshMs) void refresh();
      if (ageMs >= knownMs) return null;
      const { nanoUsd } = budgetLeft(budgets, { keyId, app });
      return nanoUsd === null ? null : Math.max(0, nanoUsd);
    },
  };
};
