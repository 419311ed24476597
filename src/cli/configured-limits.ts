/**
 * The budgets of a configuration, put into the ledger: those of apps and of everything, and those of keys as keys come.
 */
import type { SpillwayConfig } from '../config/config.js';
import { isOfKey } from '../config/rate-limits-for.js';
import type { KeyRecord, Ledger } from '../ledger/ledger.js';

export interface ConfiguredLimits {
  prepare(ledger: Ledger): Promise<void>;
  /** For a key that was made after `prepare`, too. */
  prepareKey(key: KeyRecord, ledger: Ledger): Promise<void>;
}

export const createConfiguredLimits = (
  { budgets }: Pick<SpillwayConfig, 'budgets'>,
  warn: (line: string) => void,
): ConfiguredLimits => {
  const ofKeys = budgets.filter(({ key }) => key !== null);
  const others = budgets.filter(({ key }) => key === null);

  const prepareKey: ConfiguredLimits['prepareKey'] = async (key, ledger) => {
    for (const budget of ofKeys) {
      if (!isOfKey(budget, key)) continue;
      const { perMonthNanoUsd, perMonthTokens } = budget;
      await ledger.setBudget({ keyId: key.id, app: null, perMonthNanoUsd, perMonthTokens });
    }
  };

  return {
    async prepare(ledger) {
      for (const { app, perMonthNanoUsd, perMonthTokens } of others)
        await ledger.setBudget({ keyId: null, app, perMonthNanoUsd, perMonthTokens });
      if (ofKeys.length === 0) return;
      const keys = (await ledger.listKeys()).filter(({ revokedMs }) => revokedMs === null);
      for (const key of keys) await prepareKey(key, ledger);
      for (const budget of ofKeys)
        if (!keys.some((key) => isOfKey(budget, key)))
          warn(
            `There is no key "${budget.key}" yet; its budget holds once there is: spillway keys create ${budget.key}`,
          );
    },
    prepareKey,
  };
};
