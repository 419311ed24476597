/**
 * The budgets as they would stand once a command with this configuration had started: those of the ledger, under the
 * limits that the configuration gives. Changes nothing.
 */
import type { SpillwayConfig } from '../config/config.js';
import { isOfKey } from '../config/rate-limits-for.js';
import type { BudgetRecord, BudgetState, KeyRecord, Ledger } from '../ledger/ledger.js';
import { monthOf } from '../ledger/month.js';

type Subject = Pick<BudgetRecord, 'keyId' | 'app'>;

const isSame = (one: Subject, other: Subject): boolean => one.keyId === other.keyId && one.app === other.app;

/** What the receipts of this month say was spent; what runs at the moment is not among it. */
const spentThisMonth = async (
  ledger: Pick<Ledger, 'usage'>,
  { keyId, app, nowMs }: Subject & { readonly nowMs: number },
) => {
  const by = keyId !== null ? (['key'] as const) : app !== null ? (['app'] as const) : [];
  const rows = await ledger.usage({ fromMs: Date.parse(`${monthOf(nowMs)}-01`), toMs: nowMs + 1, by });
  const own = rows.filter(({ group }) => by.length === 0 || group[by[0]] === (keyId ?? app));
  return {
    spentNanoUsd: own.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0),
    spentTokens: own.reduce((sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens, 0),
  };
};

export const explainedBudgets = async (
  ledger: Pick<Ledger, 'budgets' | 'usage'>,
  {
    config,
    keys,
    nowMs,
  }: { readonly config: SpillwayConfig; readonly keys: readonly KeyRecord[]; readonly nowMs: number },
): Promise<readonly BudgetState[]> => {
  const states = await ledger.budgets();
  const configured = config.budgets.flatMap((budget): Omit<BudgetRecord, 'id'>[] => {
    const { key, ...limits } = budget;
    if (key === null) return [{ ...limits, keyId: null }];
    // As `createConfiguredLimits` applies them: to every key of that name, and to nobody where there is none.
    return keys
      .filter((known) => known.revokedMs === null && isOfKey(budget, known))
      .map(({ id }) => ({ ...limits, keyId: id }));
  });
  const others = states.filter((state) => !configured.some((limits) => isSame(limits, state)));
  const limited = configured.map(async (limits): Promise<BudgetState> => {
    const known = states.find((state) => isSame(limits, state));
    if (known !== undefined) return { ...known, ...limits };
    const spent = await spentThisMonth(ledger, { ...limits, nowMs });
    return { id: '', month: monthOf(nowMs), reservedNanoUsd: 0, reservedTokens: 0, ...limits, ...spent };
  });
  return [...others, ...(await Promise.all(limited))];
};
