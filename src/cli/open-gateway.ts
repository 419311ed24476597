/**
 * From a configuration to a running gateway: the device's engines, the endpoints of its tiers, the ledger, the policy.
 *
 * Shared by the commands that run requests. Knows no HTTP.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SpillwayConfig } from '../config/config.js';
import { routePolicyOf } from '../config/config.js';
import { priceFor } from '../config/price-for.js';
import { rateLimitsFor } from '../config/rate-limits-for.js';
import { reachFor } from '../config/reach-for.js';
import { createConsentGate } from '../gateway/consent-gate.js';
import { createDevicePlace } from '../gateway/device-place.js';
import { createGateway, type Gateway } from '../gateway/gateway.js';
import type { Place } from '../gateway/place.js';
import { createPrivatePlace } from '../gateway/private-place.js';
import { createResponseCache } from '../gateway/response-cache.js';
import { createThirdPartyPlace } from '../gateway/third-party-place.js';
import { type BudgetView, createBudgetView } from '../ledger/budget-view.js';
import type { Ledger } from '../ledger/ledger.js';
import { openLedger } from '../ledger/open-ledger.js';
import { serveLedger } from '../ledger/serve-ledger.js';
import { createModelDigests } from '../models/model-digests.js';
import { dataFolder } from '../models/registry.js';
import { randomHex } from '../server/random-hex.js';
import { createPrivateTier } from '../tiers/private/private-tier.js';
import { createRedactor } from '../tiers/third-party/redaction/redactor.js';
import { createThirdPartyTransport } from '../tiers/third-party/third-party-transport.js';
import { createConfiguredLimits } from './configured-limits.js';
import { defaultLedgerUrl, receiptKeyPath } from './ledger-flags.js';
import type { OpenDevice } from './open-device.js';

export interface OpenGateway {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
}

export interface GatewayParts {
  readonly device: OpenDevice | null;
  readonly warn: (line: string) => void;
  /** What there is to say at the start, once for all processes. Default: as `warn`. */
  readonly note?: (line: string) => void;
  /** Processes that serve together: each counts on its part of what runs at an endpoint. Default 1. */
  readonly workers?: number;
}

/** Longest answer that is paid for where a request names none. */
const answerTokens = 4096;
const cacheEntries = 10_000;
const minuteMs = 60_000;

const today = (): string => new Date().toISOString().slice(0, 10);
const unixSeconds = (): number => Math.floor(Date.now() / 1000);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
/** Sorts by time, as UUID version 7 does (RFC 9562): neighbours in an index are neighbours in time. */
const newId = (prefix: string): string => `${prefix}${Date.now().toString(16).padStart(12, '0')}${randomHex(10)}`;

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
  openLedger({ url: url ?? defaultLedgerUrl(), signingKeyPath: receiptKeyPath(), reservesAhead: true });

/** For each ledger another one, or what was spent under one would be booked in the other. */
const spoolFolderOf = (url: string): string =>
  join(dataFolder(), 'unbooked', createHash('sha256').update(url).digest('hex').slice(0, 16));

/** The ledger of the configuration, with its limits in it. A database that is away stops no start. */
const openServedLedger = async (
  config: SpillwayConfig,
  { warn, note = warn }: Pick<GatewayParts, 'warn' | 'note'>,
): Promise<Ledger> => {
  const limits = createConfiguredLimits(config, note);
  const ledger = await openConfiguredLedger(config);
  try {
    return await serveLedger(ledger, {
      ...limits,
      onAway: ({ message }) => note(`Requests are refused until the ledger is back. ${message}`),
      onError: (error) => warn(`The ledger could not be put in order: ${messageOf(error)}`),
      spoolFolder: spoolFolderOf(config.ledger.url ?? defaultLedgerUrl()),
    });
  } catch (error) {
    await ledger.close();
    throw error;
  }
};

/**
 * Opens the ledger and connects every endpoint that the configuration names; throws what the parts throw. Requests are
 * refused as long as the ledger is away.
 */
export const openGateway = async (config: SpillwayConfig, parts: GatewayParts): Promise<OpenGateway> => {
  const ledger = await openServedLedger(config, parts);
  const budgets = createBudgetView(ledger);
  await budgets.refresh();
  return { gateway: connectGateway(config, { ...parts, ledger, budgets }), ledger };
};

/** Without a ledger nothing is booked, and nothing goes to a third party; without a view of budgets none is foreseen. */
export const connectGateway = (
  config: SpillwayConfig,
  options: GatewayParts & { readonly ledger: Ledger | null; readonly budgets: BudgetView | null },
): Gateway => {
  const { policy } = config;
  const { ledger, budgets, workers = 1 } = options;
  const createdSeconds = unixSeconds();
  const places: Place[] = [];

  const { device } = options;
  if (device !== null) {
    const digests = createModelDigests({ memoryPath: join(dataFolder(), 'digests.json') });
    const digestOf = (model: string): string | null =>
      digests.of(device.files.get(model) ?? [], device.engines.get(model)?.stats().hostRestarts ?? 0);
    // The first look begins the work, so that it is done before the first answer is, if it can be.
    for (const model of device.engines.keys()) digestOf(model);
    places.push(
      createDevicePlace({
        tier: device.tier,
        stats: () => Object.fromEntries([...device.engines].map(([name, engine]) => [name, engine.stats()])),
        parallel: (model) => device.engines.get(model)?.info.parallel ?? 1,
        digest: digestOf,
      }),
    );
  }

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
      places.push(
        createPrivatePlace({
          tier,
          endpoint: name,
          models,
          parallel: Math.max(1, Math.floor(parallel / workers)),
          createdSeconds,
          priceOf: (model) =>
            priceFor({ prices: config.prices, endpoint: { name, kind: null }, model, day: today() })?.price ?? null,
        }),
      );
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
    budgetLeft: (keyId, app) => budgets?.left({ keyId, app }) ?? null,
    rateLimitsOf: ({ key, app }) => rateLimitsFor(config.rateLimits, { key, app: key?.app ?? app }),
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
    onUnsettled: (error) => options.warn(`A receipt could not be written: ${messageOf(error)}`),
  });
};
