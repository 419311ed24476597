/**
 * From names or paths of models to a running device tier: find the files, check that they fit, start a host for each.
 *
 * Shared by the commands that run models. Knows no HTTP.
 */
import type { Engine } from '../engine/engine.js';
import { createHostEngine } from '../engine/host-engine.js';
import { checkFit } from '../models/fits.js';
import { readGgufHeader } from '../models/gguf-reader.js';
import { findModel, type LocalModel } from '../models/registry.js';
import { systemMemory } from '../models/system-memory.js';
import { createDeviceTier } from '../tiers/device/device-tier.js';
import type { Tier } from '../tiers/tier.js';
import type { EngineFlags } from './engine-options.js';

export interface OpenDevice {
  readonly tier: Tier;
  /** By model name, in the order asked for; the first is the default. */
  readonly engines: ReadonlyMap<string, Engine>;
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

const defaultModel = 'pocket';

/** Starts one engine. Throws ModelError or EngineError with what to do. */
export const openEngine = async (model: LocalModel, flags: EngineFlags): Promise<Engine> => {
  const header = readGgufHeader(model.path);
  const fit = checkFit(header, {
    ...(flags.context === undefined ? {} : { contextTokens: flags.context }),
    ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
    availableBytes: systemMemory().availableBytes,
  });
  return createHostEngine({
    name: model.name,
    modelPath: model.path,
    contextLength: fit.contextTokens,
    parallel: fit.parallel,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  });
};

/** Starts an engine for each model (default: the embedded one), all at once, and the device tier over them. */
export const openDevice = async (names: readonly string[], flags: EngineFlags): Promise<OpenDevice> => {
  const models = (names.length === 0 ? [defaultModel] : names).map((name) => findModel(name));
  const started = await Promise.allSettled(models.map((model) => openEngine(model, flags)));
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
  return { tier: createDeviceTier({ engines: () => engines }), engines, close };
};
