/**
 * What budgets leave for one request, as the ledger judges it at admission. Pure: states in, what is left out.
 */
import type { BudgetState } from './ledger.js';

export interface Spender {
  readonly keyId: string | null;
  readonly app: string | null;
}

export interface BudgetLeft {
  /** Of the budget with the least left; null where none limits dollars. Below 0 where a limit was lowered. */
  readonly nanoUsd: number | null;
  readonly tokens: number | null;
}

/** The budgets that a request falls under: of its key, of its app, of everything. */
const budgetsOver = (budgets: readonly BudgetState[], { keyId, app }: Spender): readonly BudgetState[] =>
  budgets.filter((budget) => {
    if (budget.keyId !== null) return budget.keyId === keyId;
    return budget.app === null || budget.app === app;
  });

const least = (amounts: readonly number[]): number | null => (amounts.length === 0 ? null : Math.min(...amounts));

/** What one budget leaves of its dollars; null where it does not limit them. */
const nanoUsdLeft = ({ perMonthNanoUsd, spentNanoUsd, reservedNanoUsd }: BudgetState): number | null =>
  perMonthNanoUsd === null ? null : perMonthNanoUsd - spentNanoUsd - reservedNanoUsd;

const tokensLeft = ({ perMonthTokens, spentTokens, reservedTokens }: BudgetState): number | null =>
  perMonthTokens === null ? null : perMonthTokens - spentTokens - reservedTokens;

export const budgetLeft = (budgets: readonly BudgetState[], spender: Spender): BudgetLeft => {
  const over = budgetsOver(budgets, spender);
  const known = (amounts: readonly (number | null)[]): number[] => amounts.filter((amount) => amount !== null);
  return { nanoUsd: least(known(over.map(nanoUsdLeft))), tokens: least(known(over.map(tokensLeft))) };
};
