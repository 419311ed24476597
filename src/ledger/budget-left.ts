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

/** What one budget leaves of its dollars; null where it does not limit them. */
export const nanoUsdLeft = ({ perMonthNanoUsd, spentNanoUsd, reservedNanoUsd }: BudgetState): number | null =>
  perMonthNanoUsd === null ? null : perMonthNanoUsd - spentNanoUsd - reservedNanoUsd;

const tokensLeft = ({ perMonthTokens, spentTokens, reservedTokens }: BudgetState): number | null =>
  perMonthTokens === null ? null : perMonthTokens - spentTokens - reservedTokens;

const lesser = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** Of the budgets that it falls under: its key's, its app's, those of everything. */
export const budgetLeft = (budgets: readonly BudgetState[], { keyId, app }: Spender): BudgetLeft => {
  let nanoUsd: number | null = null;
  let tokens: number | null = null;
  for (const budget of budgets) {
    if (budget.keyId !== null && budget.keyId !== keyId) continue;
    if (budget.app !== null && budget.app !== app) continue;
    nanoUsd = lesser(nanoUsd, nanoUsdLeft(budget));
    tokens = lesser(tokens, tokensLeft(budget));
  }
  return { nanoUsd, tokens };
};
