/**
 * The device tier: chats, completions and embeddings on the engines of this machine, for any model that llama.cpp runs.
 *
 * Picks the engine by model name and the way to chat by the model's file: its template and tool-call format, or, for the
 * embedded model, its own. Builds no engine and knows no HTTP.
 */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../../engine/engine.js';
import type {
  CallOptions,
  ChatEvent,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResult,
  Tier,
  TierModel,
} from '../tier.js';
import { TierError } from '../tier-error.js';
import { planChat } from './chat-plan.js';
import { isPocketModel } from './pocket/pocket-model.js';
import { runPocket } from './pocket/run-pocket.js';
import { runChat } from './run-chat.js';
import { runCompletion } from './run-completion.js';

export interface DeviceTierOptions {
  /** The engines running now, by model name; asked for each request, so that models may come and go. */
  readonly engines: () => ReadonlyMap<string, Engine>;
  /** Unix seconds that `models` reports; default: when the tier was made. */
  readonly createdSeconds?: number;
  /** The clock that chat templates see. */
  readonly now?: () => Date;
  /** Hex digits for call ids; default: random ones. */
  readonly randomHex?: (length: number) => string;
}

/** A model of this device as the tier lists it; `created` in Unix seconds. */
export const describeDeviceModel = (
  id: string,
  facts: {
    readonly isPocket: boolean;
    readonly embeddingOnly: boolean;
    /** Tokens of one sequence. */
    readonly contextLength: number;
    readonly created: number;
  },
): TierModel => ({
  id,
  tier: 'device',
  ownedBy: facts.isPocket ? 'spillway' : 'local',
  created: facts.created,
  contextLength: facts.contextLength,
  capabilities: {
    chat: !facts.embeddingOnly,
    tools: !facts.embeddingOnly,
    embeddings: !facts.isPocket,
    ...(facts.isPocket ? { handsOver: true } : {}),
  },
});

export const createDeviceTier = (options: DeviceTierOptions): Tier => {
  const { engines } = options;
  const now = options.now ?? (() => new Date());
  const createdSeconds = options.createdSeconds ?? Math.floor(now().getTime() / 1000);
  const randomHex =
    options.randomHex ??
    ((length: number) =>
      randomBytes(Math.ceil(length / 2))
        .toString('hex')
        .slice(0, length));

  const engineOf = (name: string): Engine => {
    const running = engines();
    const engine = running.get(name);
    if (engine !== undefined) return engine;
    const names = [...running.keys()].join(', ') || 'none';
    throw new TierError('model-not-found', `There is no model ${JSON.stringify(name)} here; running: ${names}`, {
      param: 'model',
    });
  };
  const textEngineOf = (name: string): Engine => {
    const engine = engineOf(name);
    if (engine.info.embeddingOnly)
      throw new TierError('unsupported', `Model ${name} makes embeddings only; it cannot write text`, {
        param: 'model',
      });
    return engine;
  };

  return {
    name: 'device',
    models: () =>
      [...engines()].map(([id, { info }]): TierModel => {
        const { contextLength, embeddingOnly } = info;
        return describeDeviceModel(id, {
          isPocket: isPocketModel(info),
          embeddingOnly,
          contextLength,
          created: createdSeconds,
        });
      }),
    async *chat(request: ChatRequest, call: CallOptions = {}): AsyncGenerator<ChatEvent> {
      const engine = textEngineOf(request.model);
      if (isPocketModel(engine.info)) {
        yield* runPocket(engine, request, { ...call, newCallId: () => `call_${randomHex(24)}` });
        return;
      }
      const plan = planChat(request, { info: engine.info, now: now(), randomHex });
      yield* runChat(engine, plan, call);
    },
    async *complete(request: CompletionRequest, call: CallOptions = {}): AsyncGenerator<ChatEvent> {
      yield* runCompletion(textEngineOf(request.model), request, call);
    },
    async embed(request: EmbeddingRequest, call: CallOptions = {}): Promise<EmbeddingResult> {
      const { model, ...embed } = request;
      return engineOf(model).embed(embed, call);
    },
  };
};
