/**
 * A Tier in memory for tests of the server: each request is answered by a function that yields tier events, and what
 * was asked and cancelled is on record. It checks nothing and computes nothing.
 */
import type {
  ChatEvent,
  ChatFinishReason,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResult,
  Tier,
  TierModel,
} from '../tiers/tier.js';

export type Answer<R> = (request: R, signal: AbortSignal) => AsyncIterable<ChatEvent>;

export interface FakeTierOptions {
  readonly models?: readonly TierModel[];
  /** Default: says the last user text word by word. */
  readonly chat?: Answer<ChatRequest>;
  /** Default: says the prompt. */
  readonly complete?: Answer<CompletionRequest>;
  readonly embed?: (request: EmbeddingRequest) => Promise<EmbeddingResult>;
}

export interface FakeTier extends Tier {
  readonly chatRequests: readonly ChatRequest[];
  readonly completionRequests: readonly CompletionRequest[];
  readonly embeddingRequests: readonly EmbeddingRequest[];
  /** Answers that were left before their end. */
  readonly cancelledCount: number;
}

export const fakeModel = (id: string, fields: Partial<TierModel> = {}): TierModel => ({
  id,
  tier: 'device',
  ownedBy: 'spillway',
  created: 1_700_000_000,
  contextLength: 4096,
  capabilities: { chat: true, tools: true, embeddings: true },
  ...fields,
});

export const startEvent = (promptTokens = 7, cachedTokens = 3): ChatEvent => ({
  type: 'start',
  promptTokens,
  cachedTokens,
});

export const endEvent = (
  reason: ChatFinishReason = 'stop',
  fields: Partial<Extract<ChatEvent, { type: 'end' }>> = {},
): ChatEvent => ({
  type: 'end',
  reason,
  usage: { promptTokens: 7, cachedTokens: 3, completionTokens: 2 },
  timings: { queueMs: 0.5, ttftMs: 2, totalMs: 5 },
  ...fields,
});

/** An answer of these pieces of text, or of these events between a start and an end. */
export async function* say(
  pieces: readonly (string | ChatEvent)[],
  reason: ChatFinishReason = 'stop',
): AsyncGenerator<ChatEvent> {
  yield startEvent();
  for (const piece of pieces) yield typeof piece === 'string' ? { type: 'text', text: piece } : piece;
  yield endEvent(reason, {
    usage: { promptTokens: 7, cachedTokens: 3, completionTokens: pieces.length },
  });
}

const lastText = (request: ChatRequest): string => {
  const content = request.messages.at(-1)?.content ?? '';
  return typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '')).join('');
};

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

export const createFakeTier = (options: FakeTierOptions = {}): FakeTier => {
  const models = options.models ?? [fakeModel('fake')];
  const chatRequests: ChatRequest[] = [];
  const completionRequests: CompletionRequest[] = [];
  const embeddingRequests: EmbeddingRequest[] = [];
  let cancelledCount = 0;

  async function* watched(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent> {
    let ended = false;
    try {
      for await (const event of events) {
        ended ||= event.type === 'end';
        yield event;
      }
      ended = true;
    } finally {
      if (!ended) cancelledCount++;
    }
  }
  const never = new AbortController().signal;

  return {
    name: 'device',
    models: () => models,
    chat: (request, call = {}) => {
      chatRequests.push(request);
      return watched((options.chat ?? ((asked) => say(words(lastText(asked)))))(request, call.signal ?? never));
    },
    complete: (request, call = {}) => {
      completionRequests.push(request);
      return watched(
        (options.complete ?? ((asked) => say(words(String(asked.prompt)))))(request, call.signal ?? never),
      );
    },
    embed: async (request) => {
      embeddingRequests.push(request);
      if (options.embed !== undefined) return options.embed(request);
      return {
        vectors: request.inputs.map((_, index) => Float32Array.of(index === 0 ? 1 : 0.6, index === 0 ? 0 : 0.8)),
        promptTokens: request.inputs.length,
      };
    },
    chatRequests,
    completionRequests,
    embeddingRequests,
    get cancelledCount() {
      return cancelledCount;
    },
  };
};
