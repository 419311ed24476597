/**
 * From names or paths of models to a running device tier: find the files, check that they fit, start a host for each.
 *
 * Shared by the commands that run models. Knows no HTTP.
 */
import { statSync } from 'node:fs';
import type { Engine } from '../engine/engine.js';
import {
  createHostEngine,
  createSupervisedEngine,
  type HostEngineOptions,
  hostOptionsOf,
} from '../engine/host-engine.js';
import { type HostRelay, startHostRelay } from '../engine/host-relay.js';
import { connectRelayedHost, type RelayLink } from '../engine/relayed-host.js';
import { checkFit, type Fit } from '../models/fits.js';
import { type GgufHeader, readGgufHeader } from '../models/gguf-reader.js';
import { ModelError } from '../models/model-error.js';
import { findModel, type LocalModel } from '../models/registry.js';
import { systemMemory } from '../models/system-memory.js';
import { createDeviceTier } from '../tiers/device/device-tier.js';
import type { Tier } from '../tiers/tier.js';
import type { EngineFlags } from './engine-options.js';

export interface OpenDevice {
  readonly tier: Tier;
  /** By model name, in the order asked for; the first is the default. */
  readonly engines: ReadonlyMap<string, Engine>;
  /** Of each model, its shards in order. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

const defaultModel = 'pocket';
/** The cache may turn out this much larger than computed, for alignment. */
const kvSlack = 1.1;
/** Prefixes that leave the cache may take this share of what is left free, and at most so much. */
const spillShare = 0.1;
const spillLimitBytes = 512 * 2 ** 20;

/** A model with the sizes that it would be loaded with. */
export interface PlannedModel {
  readonly model: LocalModel;
  readonly header: GgufHeader;
  readonly fit: Fit;
  /** Free when this model and those before it are loaded. */
  readonly leftBytes: number;
}

/** Throws ModelError. */
export const planModel = (
  model: LocalModel,
  { context, parallel, availableBytes }: EngineFlags & { readonly availableBytes: number },
): PlannedModel => {
  const header = readGgufHeader(model.path);
  const fit = checkFit(header, {
    ...(context === undefined ? {} : { contextTokens: context }),
    ...(parallel === undefined ? {} : { parallel }),
    availableBytes,
  });
  return { model, header, fit, leftBytes: Math.max(0, availableBytes - fit.need.totalBytes) };
};

/** Sizes one model after the other, each in what the ones before leave. Throws ModelError. */
const planModels = (models: readonly LocalModel[], flags: EngineFlags): PlannedModel[] => {
  let { availableBytes } = systemMemory();
  return models.map((model) => {
    const planned = planModel(model, { ...flags, availableBytes });
    availableBytes = planned.leftBytes;
    return planned;
  });
};

const hostEngineOptions = ({ model, fit, leftBytes }: PlannedModel, flags: EngineFlags): HostEngineOptions => ({
  name: model.name,
  modelPath: model.path,
  contextLength: fit.contextTokens,
  parallel: fit.parallel,
  kvBytesLimit: Math.ceil(fit.need.kvBytes * kvSlack),
  spillBytes: Math.min(spillLimitBytes, Math.floor(leftBytes * spillShare)),
  ...(flags.threads === undefined ? {} : { threads: flags.threads }),
});

export const startEngine = (planned: PlannedModel, flags: EngineFlags): Promise<Engine> =>
  createHostEngine(hostEngineOptions(planned, flags));

/** Starts one engine. Throws ModelError or EngineError with what to do. */
export const openEngine = (model: LocalModel, flags: EngineFlags): Promise<Engine> => {
  const [planned] = planModels([model], flags);
  return startEngine(planned!, flags);
};

/** The tier, with each model as old as its file: the same after a restart, another when the file is. */
const datedByFiles = (tier: Tier, models: readonly LocalModel[]): Tier => {
  const created = new Map(models.map(({ name, path }) => [name, Math.floor(statSync(path).mtimeMs / 1000)]));
  return {
    ...tier,
    models: () => tier.models().map((model) => ({ ...model, created: created.get(model.id) ?? model.created })),
  };
};

const refuseSameNames = (models: readonly LocalModel[]): void => {
  const twice = models.find((model, index) => models.findIndex(({ name }) => name === model.name) < index);
  if (twice !== undefined)
    throw new ModelError('ambiguous', `Cannot serve two models of the name "${twice.name}": rename one of the files.`);
};

const findModels = (names: readonly string[]): LocalModel[] => {
  const models = (names.length === 0 ? [defaultModel] : names).map((name) => findModel(name));
  refuseSameNames(models);
  return models;
};

/** All of them by model name, or none: then those that did start are stopped, and the first failure is thrown. */
const startAll = async <Started>(
  models: readonly LocalModel[],
  start: (index: number) => Promise<Started>,
  stop: (started: Started) => Promise<void>,
): Promise<ReadonlyMap<string, Started>> => {
  const results = await Promise.allSettled(models.map((_, index) => start(index)));
  const started = new Map<string, Started>();
  for (const [index, result] of results.entries())
    if (result.status === 'fulfilled') started.set(models[index]!.name, result.value);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all([...started.values()].map(stop));
  throw failed.reason;
};

const deviceOver = (
  models: readonly LocalModel[],
  engines: ReadonlyMap<string, Engine>,
  files: OpenDevice['files'],
): OpenDevice => ({
  tier: datedByFiles(createDeviceTier({ engines: () => engines }), models),
  engines,
  files,
  close: async (options) => {
    await Promise.all([...engines.values()].map((engine) => engine.close(options)));
  },
});

/** Starts an engine for each model (default: the embedded one), all at once, and the device tier over them. */
export const openDevice = async (names: readonly string[], flags: EngineFlags): Promise<OpenDevice> => {
  const models = findModels(names);
  const planned = planModels(models, flags);
  const engines = await startAll(
    models,
    (index) => startEngine(planned[index]!, flags),
    (engine) => engine.close({ drainMs: 0 }),
  );
  return deviceOver(models, engines, new Map(planned.map(({ model, header }) => [model.name, header.shardPaths])));
};

/** Starts a host for each model, for other processes to share. */
export const startHosts = async (
  names: readonly string[],
  flags: EngineFlags,
): Promise<ReadonlyMap<string, HostRelay>> => {
  const models = findModels(names);
  const planned = planModels(models, flags);
  return startAll(
    models,
    (index) => startHostRelay(hostOptionsOf(hostEngineOptions(planned[index]!, flags))),
    (host) => host.stop(0),
  );
};

/** The device over hosts that another process has: `linkTo` leads to that of a model. */
export const shareDevice = async (
  names: readonly string[],
  linkTo: (model: string) => RelayLink,
): Promise<OpenDevice> => {
  const models = findModels(names);
  const engines = await startAll(
    models,
    (index) => {
      const { name } = models[index]!;
      return createSupervisedEngine(name, (events) => connectRelayedHost(linkTo(name), events));
    },
    (engine) => engine.close({ drainMs: 0 }),
  );
  const files = new Map(models.map(({ name, path }) => [name, readGgufHeader(path).shardPaths]));
  return deviceOver(models, engines, files);
};
