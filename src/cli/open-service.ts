/**
 * What answers the requests of an interactive command: the device alone, or, with a configuration, everything that it
 * names under its policy, as `serve` has it.
 */
import type { SpillwayConfig } from '../config/config.js';
import { deviceModelNames } from '../config/meaning/known-names.js';
import { reachFor } from '../config/reach-for.js';
import type { Gateway } from '../gateway/gateway.js';
import type { Ledger } from '../ledger/ledger.js';
import { findModel } from '../models/registry.js';
import { autoName } from '../route/match-name.js';
import type { Reach } from '../route/reach.js';
import type { ModelService } from '../tiers/tier.js';
import type { EngineFlags } from './engine-options.js';
import { findConfig } from './find-config.js';
import { openDeviceLater } from './later-device.js';
import type { OpenDevice } from './open-device.js';
import type { ReachFlags } from './request-flags.js';
import { warn } from './terminal.js';

export interface ServiceFlags extends EngineFlags, ReachFlags {
  readonly model?: string;
}

export interface OpenRouter {
  readonly gateway: Gateway;
  readonly ledger: Ledger;
  /** The furthest that the policy lets a request of these flags go, whatever it asks for. */
  readonly furthest: Reach;
}

export interface OpenService {
  readonly service: ModelService;
  /** What requests ask for. */
  readonly model: string;
  /** Null: the device alone. */
  readonly router: OpenRouter | null;
  close(): Promise<void>;
}

/** What of the device has to be at hand, and the name to ask for. */
export interface ChosenModels {
  /** Names or paths. */
  readonly names: readonly string[];
  readonly model: string;
  /** No name of the configuration: a model of this device that it does not list. */
  readonly isLocal: boolean;
}

/** Throws ModelError for a name that nobody has. */
export const chooseModels = (config: SpillwayConfig, wanted: string): ChosenModels => {
  const { device, private: own, thirdParty } = config.tiers;
  const names = device.models;
  const asked = wanted.replace(/^device\//, '');
  const written = names.find((name) => deviceModelNames(name).includes(asked));
  if (written !== undefined) return { names, model: findModel(written).name, isLocal: false };
  const isKnown =
    wanted === autoName ||
    Object.hasOwn(config.aliases, wanted) ||
    [...own, ...thirdParty].some(({ name, models }) =>
      models.some((model) => model.name === wanted || `${name}/${model.name}` === wanted),
    );
  if (isKnown) return { names, model: wanted, isLocal: false };
  return { names: [wanted], model: findModel(wanted).name, isLocal: true };
};

/** A model that was asked for by name must be there; one of several may be missing. */
export const deviceOf = ({ names, isLocal }: ChosenModels, flags: EngineFlags): OpenDevice | null =>
  names.length === 0
    ? null
    : openDeviceLater(names, flags, (error) => {
        if (isLocal) throw error;
        warn(`Left out: ${error.message}`);
      });

export const furthestReach = ({ policy }: SpillwayConfig, { app }: ReachFlags): Reach =>
  reachFor(policy, { requested: 'third-party', app });

const openDeviceAlone = async (flags: ServiceFlags): Promise<OpenService> => {
  const { openDevice } = await import('./open-device.js');
  const device = await openDevice(flags.model === undefined ? [] : [flags.model], { parallel: 1, ...flags });
  return {
    service: device.tier,
    model: [...device.engines.keys()][0]!,
    router: null,
    close: () => device.close({ drainMs: 0 }),
  };
};

/** Throws what the parts throw: ConfigError, ModelError, EngineError, LedgerError. */
export const openService = async (flags: ServiceFlags): Promise<OpenService> => {
  const config = await findConfig(flags.config, warn);
  if (config === null) return openDeviceAlone(flags);
  const chosen = chooseModels(config, flags.model ?? autoName);
  const device = deviceOf(chosen, { parallel: 1, ...flags });
  const { openGateway } = await import('./open-gateway.js');
  const { gateway, ledger } = await openGateway(config, { device, warn });
  return {
    service: gateway,
    model: chosen.model,
    router: { gateway, ledger, furthest: furthestReach(config, flags) },
    async close() {
      await gateway.close();
      await device?.close({ drainMs: 0 });
    },
  };
};
