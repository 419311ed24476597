/** A checked configuration file to the configuration: defaults filled in, units made one. Pure. */
import { assumedCapabilities } from './capabilities.js';
import type { EndpointModel, LimitHolder, SpillwayConfig } from './config.js';
import type { ConfigFile } from './config-schema.js';
import { defaultParallel, defaults } from './defaults.js';

type FileModel = NonNullable<NonNullable<ConfigFile['tiers']>['private']>[number]['models'][number];

/** Keys that are there, without those that are there and undefined. */
const given = <T extends object>(settings: T | undefined): Partial<T> =>
  Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;

const resolveModel = (kind: string, model: FileModel): EndpointModel => {
  const { name, contextLength, capabilities } = typeof model === 'string' ? { name: model } : { ...model };
  return {
    name,
    capabilities: {
      ...assumedCapabilities(kind, name),
      ...given(capabilities),
      ...(contextLength === undefined ? {} : { contextLength }),
    },
  };
};

const resolveHolder = ({ key, app }: { key?: string; app?: string }): LimitHolder => ({
  key: key ?? null,
  app: app ?? null,
});

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** Dollars to whole nanodollars; exact for amounts of up to nine decimals below nine million. */
const nanoUsdOf = (usd: number): number => Math.round(usd * 1e9);

const resolveTiers = ({ tiers = {} }: ConfigFile): SpillwayConfig['tiers'] => ({
  device: { models: tiers.device?.models ?? defaults.device.models },
  private: (tiers.private ?? []).map(({ name, url, apiKey, parallel, models }) => ({
    name,
    url: withoutSlash(url),
    apiKey: apiKey ?? null,
    parallel: parallel ?? defaultParallel,
    models: models.map((model) => resolveModel('private', model)),
  })),
  thirdParty: (tiers.thirdParty ?? []).map(({ name, kind, url, apiKey, models }) => ({
    name,
    kind,
    url: url === undefined ? null : withoutSlash(url),
    apiKey: apiKey ?? null,
    models: models.map((model) => resolveModel(kind, model)),
  })),
});

const resolvePolicy = ({ policy = {} }: ConfigFile): SpillwayConfig['policy'] => {
  const { timeouts, consent, redaction, apps, keys, ...rest } = policy;
  const totalMs = timeouts?.totalMs ?? defaults.policy.timeouts.totalMs;
  const within = (ms: number): number => Math.min(ms, totalMs);
  return {
    reach: rest.reach ?? defaults.policy.reach,
    maxReach: rest.maxReach ?? defaults.policy.maxReach,
    confidenceLine: rest.confidenceLine ?? defaults.policy.confidenceLine,
    retries: rest.retries ?? defaults.policy.retries,
    hedgeAfterMs: rest.hedgeAfterMs ?? defaults.policy.hedgeAfterMs,
    timeouts: {
      firstTokenMs: within(timeouts?.firstTokenMs ?? defaults.policy.timeouts.firstTokenMs),
      stallMs: within(timeouts?.stallMs ?? defaults.policy.timeouts.stallMs),
      totalMs,
    },
    consent: { ...defaults.policy.consent, ...given(consent) },
    redaction: {
      rules: redaction?.rules ?? [],
      names: redaction?.names ?? [],
      places: redaction?.places ?? [],
      allowMedia: redaction?.allowMedia ?? defaults.policy.redaction.allowMedia,
    },
    apps: apps ?? {},
    keys: keys ?? {},
  };
};

export const resolveConfig = (file: ConfigFile): SpillwayConfig => ({
  tiers: resolveTiers(file),
  aliases: file.aliases ?? {},
  policy: resolvePolicy(file),
  cache: { ...defaults.cache, ...given(file.cache) },
  budgets: (file.budgets ?? []).map((budget) => ({
    ...resolveHolder(budget),
    perMonthNanoUsd: budget.perMonthUsd === undefined ? null : nanoUsdOf(budget.perMonthUsd),
    perMonthTokens: budget.perMonthTokens ?? null,
  })),
  rateLimits: (file.rateLimits ?? []).map((limit) => ({
    ...resolveHolder(limit),
    requestsPerMinute: limit.requestsPerMinute ?? null,
    tokensPerMinute: limit.tokensPerMinute ?? null,
  })),
  prices: file.prices ?? {},
  ledger: { url: file.ledger?.url ?? defaults.ledger.url },
  server: { ...defaults.server, ...given(file.server) },
});
