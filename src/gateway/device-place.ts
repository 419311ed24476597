/**
 * The device as a place: its engines behind the device tier. Nothing leaves, so there is no gate.
 */
import type { EngineStats } from '../engine/engine.js';
import type { ChatEvent, Tier } from '../tiers/tier.js';
import type { Place, PlaceCall } from './place.js';

export interface DevicePlaceOptions {
  readonly tier: Tier;
  /** A snapshot by model name. */
  readonly stats: () => Readonly<Record<string, EngineStats>>;
  /** Sequences at once, by model name. */
  readonly parallel: (model: string) => number;
  /** Digest of a model's file, `sha256:` and hex; null while it is not known. */
  readonly digest: (model: string) => string | null;
}

const untouched = { consentId: null, redactions: {} } as const;

export const createDevicePlace = (options: DevicePlaceOptions): Place => {
  const { tier } = options;
  async function* announced(events: AsyncIterable<ChatEvent>, call: PlaceCall): AsyncGenerator<ChatEvent> {
    call.onCrossing(untouched);
    yield* events;
  }
  return {
    tier: 'device',
    endpoint: 'device',
    models: () =>
      tier.models().map(({ id, ownedBy, created, contextLength, capabilities }) => {
        const handsOver = capabilities.handsOver === true;
        return {
          id,
          ownedBy,
          created,
          price: null,
          // Read for receipts alone.
          get digest() {
            return options.digest(id);
          },
          capabilities: {
            contextLength,
            chat: capabilities.chat,
            completions: capabilities.chat,
            embeddings: capabilities.embeddings,
            tools: capabilities.tools,
            vision: false,
            audio: false,
            jsonSchema: capabilities.chat && !handsOver,
            logprobs: capabilities.chat && !handsOver,
            handsOver,
          },
        };
      }),
    load(model) {
      const stats = options.stats()[model];
      return stats === undefined
        ? null
        : { running: stats.sequencesRunning, queued: stats.sequencesQueued, parallel: options.parallel(model) };
    },
    chat: (request, call) => announced(tier.chat(request, { signal: call.signal }), call),
    complete: (request, call) => announced(tier.complete(request, { signal: call.signal }), call),
    embed(request, call) {
      call.onCrossing(untouched);
      return tier.embed(request, { signal: call.signal });
    },
    // Another place's words in front of its own are nothing that a chat template has a form for.
    resume: () => null,
    close: async () => undefined,
  };
};
