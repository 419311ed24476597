/**
 * The private tier: OpenAI-compatible servers of one's own. Sends exactly what it is given, once the gate of reach has
 * let it through; picks an endpoint where the caller names none, and retries nothing.
 */

import type { RemoteTimeouts } from '../remote/deadlines.js';
import type { ServerKind } from '../remote/openai/dialect.js';
import { createCompatibleCodec } from '../remote/openai/openai-codec.js';
import { RemoteError } from '../remote/remote-error.js';
import { createRemoteTransport, type RemoteTransport, type TransportLimits } from '../remote/remote-transport.js';
import type { DecoderContext, EncodeOptions, WireCodec, WireRequest } from '../remote/wire-codec.js';
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
import { type FoundModels, readModelList } from './model-list.js';
import { assertWithinReach, type PrivateRequest } from './private-request.js';

export interface PrivateEndpoint extends TransportLimits {
  readonly name: string;
  /** Up to `/v1`, such as `http://rack.internal:8000/v1`. */
  readonly url: string;
  /** Empty: those that `discover` finds. */
  readonly models: readonly string[];
  readonly apiKey?: string;
  /** Tokens; absent: what `discover` finds. */
  readonly contextLength?: number;
  /** Absent: what `discover` finds, until then `other`. */
  readonly server?: ServerKind;
}

export interface PrivateTierOptions {
  readonly endpoints: readonly PrivateEndpoint[];
  /** For calls that bring none of their own. */
  readonly timeouts: RemoteTimeouts;
  /** Unix seconds that `models` reports; default: when the tier was made. */
  readonly createdSeconds?: number;
}

/** An answer in one piece (`whole`) must be there within the time of a first token: until then nothing tells it from none. */
export interface PrivateCallOptions extends CallOptions {
  /** Name of the endpoint; default: the first that has the model. */
  readonly endpoint?: string;
  readonly timeouts?: RemoteTimeouts;
  /** The last message is the beginning of the answer (`continuationOf`). */
  readonly continueFinal?: boolean;
}

export interface DiscoveredEndpoint extends FoundModels {
  readonly endpoint: string;
}

export interface PrivateTier extends Tier {
  readonly name: 'private';
  chat(request: PrivateRequest<ChatRequest>, options?: PrivateCallOptions): AsyncIterable<ChatEvent>;
  complete(request: PrivateRequest<CompletionRequest>, options?: PrivateCallOptions): AsyncIterable<ChatEvent>;
  embed(request: PrivateRequest<EmbeddingRequest>, options?: PrivateCallOptions): Promise<EmbeddingResult>;
  /** True where the endpoint can go on inside a given answer. */
  canContinue(target: { readonly endpoint: string; readonly model: string }): boolean;
  /** Asks an endpoint for its models and keeps what it says. Rejects with RemoteError. */
  discover(endpoint: string, options?: { readonly signal?: AbortSignal }): Promise<DiscoveredEndpoint>;
  /** Ends at once what still runs. */
  close(): Promise<void>;
}

interface Connected {
  readonly options: PrivateEndpoint;
  readonly transport: RemoteTransport;
  readonly credentials: Readonly<Record<string, string>>;
  codec: WireCodec;
  models: ReadonlyMap<string, number | null>;
}

const connect = (options: PrivateEndpoint): Connected => {
  const codec = createCompatibleCodec(options.server);
  const { name, url, apiKey, models, contextLength } = options;
  return {
    options,
    codec,
    transport: createRemoteTransport({ ...options, endpoint: name, url }),
    credentials: apiKey === undefined ? {} : codec.credentialHeaders(apiKey),
    models: new Map(models.map((model) => [model, contextLength ?? null])),
  };
};

export const createPrivateTier = (options: PrivateTierOptions): PrivateTier => {
  const endpoints = new Map(options.endpoints.map((endpoint) => [endpoint.name, connect(endpoint)]));
  const createdSeconds = options.createdSeconds ?? Math.floor(Date.now() / 1000);

  const endpointNamed = (name: string): Connected => {
    const endpoint = endpoints.get(name);
    if (endpoint !== undefined) return endpoint;
    const names = [...endpoints.keys()].join(', ') || 'none';
    throw new TierError('model-not-found', `There is no private endpoint ${JSON.stringify(name)}; there are: ${names}`);
  };
  const endpointOf = (model: string, name: string | undefined): Connected => {
    if (name !== undefined) return endpointNamed(name);
    for (const endpoint of endpoints.values()) if (endpoint.models.has(model)) return endpoint;
    throw new TierError('model-not-found', `No private endpoint has a model ${JSON.stringify(model)}`, {
      param: 'model',
    });
  };

  const timeoutsOf = (request: { readonly deadlineMs?: number }, call: PrivateCallOptions): RemoteTimeouts => {
    const given = call.timeouts ?? options.timeouts;
    const totalMs = Math.min(given.totalMs, request.deadlineMs ?? Number.POSITIVE_INFINITY);
    return totalMs === given.totalMs ? given : { ...given, totalMs };
  };

  const generate = <Request extends PrivateRequest<ChatRequest> | PrivateRequest<CompletionRequest>>(
    request: Request,
    job: {
      readonly call: PrivateCallOptions;
      readonly encode: (codec: WireCodec, options: EncodeOptions) => WireRequest;
      readonly decoder: (codec: WireCodec, context: DecoderContext) => ReturnType<WireCodec['chatDecoder']>;
    },
  ): AsyncIterable<ChatEvent> => {
    const { call } = job;
    assertWithinReach(request);
    const { transport, codec, credentials, options: endpoint } = endpointOf(request.model, call.endpoint);
    return transport.stream({
      signal: call.signal,
      open: () => ({
        request: job.encode(codec, { stream: call.whole !== true, continueFinal: call.continueFinal === true }),
        credentials,
        decoder: job.decoder(codec, {
          endpoint: endpoint.name,
          submittedMs: performance.now(),
          now: () => performance.now(),
        }),
        timeouts: timeoutsOf(request, call),
      }),
    });
  };

  return {
    name: 'private',
    models: () => {
      const models = new Map<string, TierModel>();
      for (const endpoint of endpoints.values())
        for (const [id, contextLength] of endpoint.models)
          if (!models.has(id))
            models.set(id, {
              id,
              tier: 'private',
              ownedBy: endpoint.options.name,
              created: createdSeconds,
              contextLength: contextLength ?? 0,
              // What a server of one's own can do shows when it is asked; routing has the configured capabilities.
              capabilities: { chat: true, tools: true, embeddings: true },
            });
      return [...models.values()];
    },
    chat: (request, call = {}) =>
      generate(request, {
        call,
        encode: (codec, encoding) => codec.encodeChat(request, encoding),
        decoder: (codec, context) => codec.chatDecoder(context),
      }),
    complete: (request, call = {}) =>
      generate(request, {
        call,
        encode: (codec, encoding) => codec.encodeCompletion!(request, encoding),
        decoder: (codec, context) => codec.completionDecoder(context),
      }),
    async embed(request, call = {}) {
      assertWithinReach(request);
      const { transport, codec, credentials, options: endpoint } = endpointOf(request.model, call.endpoint);
      const body = await transport.collect({
        request: codec.encodeEmbedding!(request),
        credentials,
        totalMs: timeoutsOf(request, call).totalMs,
        signal: call.signal,
      });
      const answer = codec.decodeEmbedding(body, endpoint.name);
      if (answer.vectors.length !== request.inputs.length)
        throw new RemoteError(
          'malformed',
          `Endpoint ${endpoint.name} sent ${answer.vectors.length} embeddings for ${request.inputs.length} inputs`,
          { endpoint: endpoint.name, answerStarted: false },
        );
      return answer;
    },
    canContinue: ({ endpoint, model }) => endpointNamed(endpoint).codec.canContinue(model),
    async discover(name, { signal } = {}) {
      const endpoint = endpointNamed(name);
      const body = await endpoint.transport.collect({
        request: { method: 'GET', path: '/models' },
        credentials: endpoint.credentials,
        totalMs: options.timeouts.totalMs,
        signal,
      });
      const found = readModelList(body, name);
      const { models, contextLength, server } = endpoint.options;
      if (server === undefined) endpoint.codec = createCompatibleCodec(found.server);
      const lengths = new Map(found.models.map((model) => [model.id, contextLength ?? model.contextLength]));
      const ids = models.length > 0 ? models : [...lengths.keys()];
      endpoint.models = new Map(ids.map((id) => [id, lengths.get(id) ?? contextLength ?? null]));
      return { endpoint: name, ...found };
    },
    close: async () => {
      await Promise.all([...endpoints.values()].map(({ transport }) => transport.close()));
    },
  };
};
