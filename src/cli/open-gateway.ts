/**
 * From a configuration to a running gateway: the device's engines, the endpoints of its tiers, the ledger, the policy.
 *
 * Shared by the commands that run requests. Knows no HTTP.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SpillwayConfig } from '../config/config.js';
import { routePolicyOf } from '../config/config.js';
import { priceFor } from '../config/price-for.js';
import { reachFor } from '../config/reach-for.js';
import { createConsentGate } from '../gateway/consent-gate.js';
import { createDevicePlace } from '../gateway/device-place.js';
import { createGateway, type Gateway } from '../gateway/gateway.js';
import type { Place } from '../gateway/place.js';
import { createPrivatePlace } from '../gateway/private-place.js';
import { createResponseCache } from '../gateway/response-cache.js';
import { createThirdPartyPlace } from '../gateway/third-party-place.js';
import type { Ledger } from '../ledger/ledger.js';
import { openLedger } from '../ledger/open-ledger.js';
import { createPrivateTier } from '../tiers/private/private-tier.js';
import { createRedactor } from '../tiers/third-party/redaction/redactor.js';
import { createThirdPartyTransport } from '../tiers/third-party/third-party-transport.js';
import { defaultLedgerUrl, findKey, receiptKeyPath } from './ledger-flags.js';
import type { OpenDevice } from './open-device.js';

export interface OpenGateway {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
}

export interface GatewayParts {
  readonly device: OpenDevice | null;
  readonly warn: (line: string) => void;
}

/** Longest answer that is paid for where a request names none. */
const answerTokens = 4096;
const cacheEntries = 10_000;
const minuteMs = 60_000;

const today = (): string => new Date().toISOString().slice(0, 10);
const unixSeconds = (): number => Math.floor(Date.now() / 1000);
const newId = (prefix: string): string => `${prefix}${randomUUID().replaceAll('-', '')}`;

/** The budgets of the configuration, put into the ledger; those of keys that do not exist yet wait for them. */
const applyBudgets = async (ledger: Ledger, config: SpillwayConfig, warn: (line: string) => void): Promise<void> => {
  const keys = config.budgets.some(({ key }) => key !== null) ? await ledger.listKeys() : [];
  for (const { key, app, perMonthNanoUsd, perMonthTokens } of config.budgets) {
    if (key !== null && !keys.some(({ id, name }) => id === key || name === key)) {
      warn(`The budget of key "${key}" holds once there is such a key: spillway keys create ${key}`);
      continue;
    }
    const keyId = key === null ? null : findKey(keys, key).id;
    await ledger.setBudget({ keyId, app, perMonthNanoUsd, perMonthTokens });
  }
};

const redactorOf = ({ redaction }: SpillwayConfig['policy']) =>
  createRedactor({
    terms: [
      ...redaction.rules.map(({ name, pattern }) => ({ kind: name, patterns: [pattern] })),
      ...(redaction.names.length === 0 ? [] : [{ kind: 'name', words: redaction.names }]),
      ...(redaction.places.length === 0 ? [] : [{ kind: 'place', words: redaction.places }]),
    ],
    allowMedia: redaction.allowMedia,
  });

export const openConfiguredLedger = ({ ledger: { url } }: SpillwayConfig): Promise<Ledger> =>
  openLedger({ url: url ?? defaultLedgerUrl(), signingKeyPath: receiptKeyPath() });

/** Opens the ledger and connects every endpoint that the configuration names; throws what the parts throw. */
export const openGateway = async (config: SpillwayConfig, parts: GatewayParts): Promise<OpenGateway> => {
  const ledger = await openConfiguredLedger(config);
  await applyBudgets(ledger, config, parts.warn);
  return { gateway: connectGateway(config, { ...parts, ledger }), ledger };
};

/** Without a ledger nothing is booked, and nothing goes to a third party. */
export const connectGateway = (
  config: SpillwayConfig,
  options: GatewayParts & { readonly ledger: Ledger | null },
): Gateway => {
  const { policy } = config;
  const { ledger } = options;
  const createdSeconds = unixSeconds();
  const places: Place[] = [];

  const { device } = options;
  if (device !== null)
    places.push(
      createDevicePlace({
        tier: device.tier,
        stats: () => Object.fromEntries([...device.engines].map(([name, engine]) => [name, engine.stats()])),
        parallel: (model) => device.engines.get(model)?.info.parallel ?? 1,
        digest: () => null,
      }),
    );

  const endpoints = config.tiers.private;
  if (endpoints.length > 0) {
    const tier = createPrivateTier({
      timeouts: policy.timeouts,
      createdSeconds,
      endpoints: endpoints.map(({ name, url, apiKey, models }) => ({
        name,
        url,
        models: models.map((model) => model.name),
        ...(apiKey === null ? {} : { apiKey }),
      })),
    });
    for (const { name, models, parallel } of endpoints)
      places.push(createPrivatePlace({ tier, endpoint: name, models, parallel, createdSeconds }));
  }

  const providers = config.tiers.thirdParty;
  if (providers.length > 0 && ledger !== null) {
    const transport = createThirdPartyTransport({
      timeouts: policy.timeouts,
      providers: providers.map(({ name, kind, url, apiKey }) => ({
        name,
        kind,
        apiKey: apiKey ?? '',
        ...(url === null ? {} : { url }),
      })),
    });
    const gate = createConsentGate({
      ledger,
      policy: { scope: policy.consent.scope, ttlMs: policy.consent.ttlMinutes * minuteMs },
      now: Date.now,
      newId: () => newId('consent_'),
    });
    const redactor = redactorOf(policy);
    for (const endpoint of providers)
      places.push(
        createThirdPartyPlace({
          transport,
          redactor,
          gate,
          provider: endpoint.name,
          models: endpoint.models,
          createdSeconds,
          priceOf: (model) => priceFor({ prices: config.prices, endpoint, model, day: today() })?.price ?? null,
        }),
      );
  }

  return createGateway({
    places,
    ledger,
    policy: routePolicyOf(config),
    reachOf: ({ reach, key, app }) =>
      reachFor(policy, { requested: reach, keyName: key?.name, keyReach: key?.reach, app: key?.app ?? app }),
    cache: config.cache.enabled
      ? createResponseCache({
          maxEntries: cacheEntries,
          maxBytes: config.cache.maxBytes,
          maxAgeMs: config.cache.ttlSeconds * 1000,
        })
      : null,
    answerTokens,
    consentTtlMs: policy.consent.ttlMinutes * minuteMs,
    now: Date.now,
    random: Math.random,
    newId,
    sleep: (durationMs, signal) => pause(durationMs, undefined, { signal }),
    onUnsettled: (error) =>
      options.warn(`A receipt could not be written: ${error instanceof Error ? error.message : String(error)}`),
  });
};
