/**
 * The device as its models' files tell of it: each model starts when the first request comes for it. For commands that
 * may need none of them.
 */
import type { Engine } from '../engine/engine.js';
import { cacheLayout } from '../models/cache-layout.js';
import { embeddingKind } from '../models/fits.js';
import { ModelError } from '../models/model-error.js';
import { findModel } from '../models/registry.js';
import { systemMemory } from '../models/system-memory.js';
import { createDeviceTier, describeDeviceModel } from '../tiers/device/device-tier.js';
import { isPocketModel } from '../tiers/device/pocket/pocket-model.js';
import type { CallOptions, ChatEvent, ChatRequest, Tier, TierModel } from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import type { EngineFlags } from './engine-options.js';
import { type OpenDevice, type PlannedModel, planModel, startEngine } from './open-device.js';

const describeModel = ({ model, header, fit }: PlannedModel): TierModel => {
  const metadata = Object.fromEntries([...header.metadata].map(([key, value]) => [key, String(value)]));
  return describeDeviceModel(model.name, {
    isPocket: isPocketModel({ metadata }),
    embeddingOnly: embeddingKind(header, cacheLayout(header)).embedsOnly,
    contextLength: fit.contextTokens,
    created: Math.floor(model.modifiedMs / 1000),
  });
};

/** Sized one after the other, each in what the ones before leave. */
const planAll = (names: readonly string[], flags: EngineFlags, onFault: (error: ModelError, name: string) => void) => {
  let { availableBytes } = systemMemory();
  const planned = new Map<string, PlannedModel>();
  for (const name of names)
    try {
      const model = planModel(findModel(name), { ...flags, availableBytes });
      availableBytes = model.leftBytes;
      planned.set(model.model.name, model);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      onFault(error, name);
    }
  return planned;
};

/** `onFault` hears of models that cannot be loaded here; it may throw. */
export const openDeviceLater = (
  names: readonly string[],
  flags: EngineFlags,
  onFault: (error: ModelError, name: string) => void,
): OpenDevice => {
  const planned = planAll(names, flags, onFault);
  const described = [...planned.values()].map(describeModel);
  const engines = new Map<string, Engine>();
  const starting = new Map<string, Promise<Engine>>();
  const device = createDeviceTier({ engines: () => engines });

  const start = async (name: string): Promise<void> => {
    const model = planned.get(name);
    if (model === undefined)
      throw new TierError('model-not-found', `There is no model ${JSON.stringify(name)} on this device`);
    const engine = starting.get(name) ?? startEngine(model, flags);
    starting.set(name, engine);
    engines.set(name, await engine);
  };

  const tier: Tier = {
    name: 'device',
    models: () => described,
    async *chat(request: ChatRequest, call: CallOptions = {}): AsyncGenerator<ChatEvent> {
      await start(request.model);
      yield* device.chat(request, call);
    },
    async *complete(request, call = {}) {
      await start(request.model);
      yield* device.complete(request, call);
    },
    async embed(request, call = {}) {
      await start(request.model);
      return device.embed(request, call);
    },
  };
  return {
    tier,
    engines,
    files: new Map([...planned].map(([name, { header }]) => [name, header.shardPaths])),
    async close(options) {
      const ended = await Promise.allSettled(starting.values());
      await Promise.all(ended.map(async (one) => (one.status === 'fulfilled' ? one.value.close(options) : undefined)));
    },
  };
};
