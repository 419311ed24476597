/**
 * From names or paths of models to a running device tier: find the files, check that they fit, start a host for each.
 *
 * Shared by the commands that run models. Knows no HTTP.
 */
import { statSync } from 'node:fs';
import type { Engine } from '../engine/engine.js';
import { createHostEngine } from '../engine/host-engine.js';
import { checkFit, type Fit } from '../models/fits.js';
import { readGgufHeader } from '../models/gguf-reader.js';
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

interface PlannedModel {
  readonly model: LocalModel;
  readonly files: readonly string[];
  readonly fit: Fit;
  /** Free when this model and those before it are loaded. */
  readonly leftBytes: number;
}

/** Sizes one model after the other, each in what the ones before leave. Throws ModelError. */
const planModels = (models: readonly LocalModel[], flags: EngineFlags): PlannedModel[] => {
  let availableBytes = systemMemory().availableBytes;
  return models.map((model) => {
    const header = readGgufHeader(model.path);
    const fit = checkFit(header, {
      ...(flags.context === undefined ? {} : { contextTokens: flags.context }),
      ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
      availableBytes,
    });
    availableBytes = Math.max(0, availableBytes - fit.need.totalBytes);
    return { model, files: header.shardPaths, fit, leftBytes: availableBytes };
  });
};

const startEngine = ({ model, fit, leftBytes }: PlannedModel, flags: EngineFlags): Promise<Engine> =>
  createHostEngine({
    name: model.name,
    modelPath: model.path,
    contextLength: fit.contextTokens,
    parallel: fit.parallel,
    kvBytesLimit: Math.ceil(fit.need.kvBytes * kvSlack),
    spillBytes: Math.min(spillLimitBytes, Math.floor(leftBytes * spillShare)),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  });

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

/** Starts an engine for each model (default: the embedded one), all at once, and the device tier over them. */
export const openDevice = async (names: readonly string[], flags: EngineFlags): Promise<OpenDevice> => {
  const models = (names.length === 0 ? [defaultModel] : names).map((name) => findModel(name));
  refuseSameNames(models);
  const planned = planModels(models, flags);
  const started = await Promise.allSettled(planned.map((one) => startEngine(one, flags)));
  const engines = new Map<string, Engine>();
  const failed = started.find((result) => result.status === 'rejected');
  started.forEach((result, index) => {
    if (result.status === 'fulfilled') engines.set(models[index]!.name, result.value);
  });
  const close = async (options?: { readonly drainMs?: number }): Promise<void> => {
    await Promise.all([...engines.values()].map((engine) => engine.close(options)));
  };
  if (failed !== undefined) {
    await close({ drainMs: 0 });
    throw failed.reason;
  }
  return {
    tier: datedByFiles(createDeviceTier({ engines: () => engines }), models),
    engines,
    files: new Map(planned.map(({ model, files }) => [model.name, files])),
    close,
  };
};
