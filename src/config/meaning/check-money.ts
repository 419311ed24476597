/** Budgets, rate limits and prices that do not say what they hold for, or that nothing has. */
import { type ConfigPath, errorAt, type Finding, warningAt } from '../config-path.js';
import type { ConfigFile } from '../config-schema.js';
import { nearestName } from '../nearest-name.js';
import { priceFor } from '../price-for.js';
import { endpointsOf, modelNamesOf } from './known-names.js';

interface Holder {
  readonly key?: string;
  readonly app?: string;
}

const describeHolder = ({ key, app }: Holder): string =>
  key !== undefined ? `key "${key}"` : app !== undefined ? `app "${app}"` : 'everything';

/** Entries of a list that each hold for a key, an app or everything, and set at least one of two limits. */
const checkHolders = (
  entries: readonly Holder[],
  { section, limits }: { readonly section: string; readonly limits: readonly string[] },
): Finding[] => {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    const at: ConfigPath = [section, index];
    const findings: Finding[] = [];
    if (entry.key !== undefined && entry.app !== undefined)
      findings.push(errorAt(at, 'holds for a key and an app at once; write one entry for each'));
    if (!limits.some((limit) => Object.hasOwn(entry, limit)))
      findings.push(errorAt(at, `sets no limit; give ${limits.join(' or ')}`));
    const holder = describeHolder(entry);
    if (seen.has(holder)) findings.push(errorAt(at, `there is another entry for ${holder}; write them as one`));
    seen.add(holder);
    return findings;
  });
};

const checkPriceNames = (file: ConfigFile, deviceModels: readonly string[]): Finding[] => {
  const models = modelNamesOf(file, deviceModels);
  return Object.keys(file.prices ?? {}).flatMap((name) => {
    if (models.has(name)) return [];
    const nearest = nearestName(name, [...models]);
    const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
    return [warningAt(['prices', name], `no configured model has this name${hint}`)];
  });
};

const checkMissingPrices = (file: ConfigFile, day: string): Finding[] =>
  endpointsOf(file).flatMap(({ section, index, name, models }) => {
    if (section !== 'thirdParty') return [];
    const { kind } = file.tiers!.thirdParty![index]!;
    return models.flatMap((model, place) =>
      priceFor({ prices: file.prices ?? {}, endpoint: { name, kind }, model, day }) === null
        ? [
            warningAt(
              ['tiers', section, index, 'models', place],
              `no price is known for "${model}": it is passed over wherever money is limited; set one under prices`,
            ),
          ]
        : [],
    );
  });

/** `day` is today, `YYYY-MM-DD`. */
export const checkMoney = (
  file: ConfigFile,
  { deviceModels, day }: { readonly deviceModels: readonly string[]; readonly day: string },
): Finding[] => [
  ...checkHolders(file.budgets ?? [], { section: 'budgets', limits: ['perMonthUsd', 'perMonthTokens'] }),
  ...checkHolders(file.rateLimits ?? [], { section: 'rateLimits', limits: ['requestsPerMinute', 'tokensPerMinute'] }),
  ...checkPriceNames(file, deviceModels),
  ...checkMissingPrices(file, day),
];
