/**
 * The way to third parties: turns redacted requests into the exact bytes to ask about, and sends those that were approved.
 * It takes nothing else. Credentials join the request at the moment it is sent, to the address they are configured for.
 */

import type { RemoteTimeouts } from '../remote/deadlines.js';
import { parseEndpointUrl } from '../remote/endpoint-url.js';
import { RemoteError } from '../remote/remote-error.js';
import { createRemoteTransport, type RemoteTransport, type TransportLimits } from '../remote/remote-transport.js';
import type { WireCodec, WireRequest } from '../remote/wire-codec.js';
import type { ChatEvent, ChatRequest, CompletionRequest, EmbeddingRequest, EmbeddingResult } from '../tier.js';
import { TierError } from '../tier-error.js';
import { type ApprovedRequest, readApproved } from './approved-request.js';
import { makeOutgoing, type OutgoingFields, type OutgoingRequest } from './outgoing-request.js';
import { type ProviderKind, providerTable } from './provider-table.js';
import { type RedactedRequest, readRedacted } from './redacted-request.js';

export interface ThirdPartyProvider extends TransportLimits {
  readonly name: string;
  readonly kind: ProviderKind;
  /** Default: the provider's own. Must be https, except on loopback. */
  readonly url?: string;
  readonly apiKey: string;
}

export interface ThirdPartyOptions {
  readonly providers: readonly ThirdPartyProvider[];
  /** For calls that bring none of their own. */
  readonly timeouts: RemoteTimeouts;
  /** Milliseconds since 1970, against which a yes expires. */
  readonly nowMs?: () => number;
}

export interface PrepareOptions {
  readonly provider: string;
  /** Default true. False: the answer in one piece. */
  readonly stream?: boolean;
  /** The last message is the beginning of the answer (`continuationOf`). */
  readonly continueFinal?: boolean;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  readonly timeouts?: RemoteTimeouts;
}

export interface ThirdPartyTransport {
  /** These throw TierError for what the provider's API cannot say, before anybody is asked. */
  prepareChat(request: RedactedRequest<ChatRequest>, options: PrepareOptions): OutgoingRequest;
  prepareCompletion(request: RedactedRequest<CompletionRequest>, options: PrepareOptions): OutgoingRequest;
  prepareEmbedding(request: RedactedRequest<EmbeddingRequest>, options: PrepareOptions): OutgoingRequest;
  /** Chats and completions. Throws TierError for what was not approved or is so no more, RemoteError from its reads. */
  generate(request: ApprovedRequest, options?: SendOptions): AsyncIterable<ChatEvent>;
  embed(request: ApprovedRequest, options?: SendOptions): Promise<EmbeddingResult>;
  canContinue(target: { readonly provider: string; readonly model: string }): boolean;
  /** Ends at once what still runs. */
  close(): Promise<void>;
}

interface Connected {
  readonly options: ThirdPartyProvider;
  readonly codec: WireCodec;
  readonly transport: RemoteTransport;
}

const connect = (options: ThirdPartyProvider): Connected => {
  const { name, kind } = options;
  const { baseUrl, createCodec } = providerTable[kind];
  const url = options.url ?? baseUrl;
  const refuse = (fault: string): RemoteError =>
    new RemoteError('unreachable', `Cannot use provider ${name}: ${fault}`, { endpoint: name, answerStarted: false });
  if (url === null) throw refuse(`an API of kind ${kind} has no address of its own; configure url`);
  const { isEncrypted, isLoopback } = parseEndpointUrl(url, name);
  if (!isEncrypted && !isLoopback) throw refuse('its URL is not https');
  return { options, codec: createCodec(), transport: createRemoteTransport({ ...options, endpoint: name, url }) };
};

export const createThirdPartyTransport = (options: ThirdPartyOptions): ThirdPartyTransport => {
  const providers = new Map(options.providers.map((provider) => [provider.name, connect(provider)]));
  const nowMs = options.nowMs ?? Date.now;

  const providerNamed = (name: string): Connected => {
    const provider = providers.get(name);
    if (provider !== undefined) return provider;
    const names = [...providers.keys()].join(', ') || 'none';
    throw new TierError('model-not-found', `There is no provider ${JSON.stringify(name)}; there are: ${names}`);
  };

  const outgoing = (
    redacted: RedactedRequest,
    fields: Pick<OutgoingFields, 'provider' | 'model' | 'operation' | 'continuedText' | 'inputCount'> & {
      readonly wire: WireRequest;
    },
  ): OutgoingRequest => {
    const { wire, ...rest } = fields;
    const { transport } = providerNamed(fields.provider);
    const { redactions } = redacted;
    return makeOutgoing({
      ...rest,
      method: wire.method,
      url: transport.href + wire.path,
      headers: wire.headers,
      body: wire.body,
      redactions,
    });
  };

  const lacks = (operation: string, { options: { name, kind } }: Connected): TierError =>
    new TierError('unsupported', `Cannot send ${operation} to ${name}: the API of kind ${kind} has none`, {
      param: 'model',
    });

  /** What is approved, with the way to its provider. */
  const admit = (approved: ApprovedRequest, operations: readonly OutgoingFields['operation'][]) => {
    const { outgoing: request, body } = readApproved(approved);
    if (!(nowMs() < approved.expiresMs))
      throw new TierError(
        'unsupported',
        `Cannot send the request to ${request.provider}: the consent to it has expired`,
      );
    if (!operations.includes(request.operation))
      throw new TierError('unsupported', `Cannot send a request for a ${request.operation} as something else`);
    const provider = providerNamed(request.provider);
    const { href } = provider.transport;
    // The key goes where it is configured for, should the provider of that name have changed.
    if (!request.url.startsWith(`${href}/`))
      throw new TierError('unsupported', `Cannot send the request to ${request.provider}: it is for another address`);
    const { method, headers } = request;
    const wire: WireRequest = { method, path: request.url.slice(href.length), headers, body };
    return { request, provider, wire };
  };

  const lastTextOf = (request: ChatRequest): string => {
    const content = request.messages.at(-1)?.content;
    return typeof content === 'string' ? content : '';
  };

  return {
    prepareChat(redacted, { provider, ...encoding }) {
      const request = readRedacted(redacted);
      return outgoing(redacted, {
        provider,
        model: request.model,
        operation: 'chat',
        continuedText: encoding.continueFinal === true ? lastTextOf(request) : null,
        inputCount: 0,
        wire: providerNamed(provider).codec.encodeChat(request, encoding),
      });
    },
    prepareCompletion(redacted, { provider, ...encoding }) {
      const request = readRedacted(redacted);
      const target = providerNamed(provider);
      const { encodeCompletion } = target.codec;
      if (encodeCompletion === null) throw lacks('a completion', target);
      const wire = encodeCompletion(request, encoding);
      const { model } = request;
      return outgoing(redacted, { provider, model, operation: 'completion', continuedText: null, inputCount: 0, wire });
    },
    prepareEmbedding(redacted, { provider }) {
      const request = readRedacted(redacted);
      const target = providerNamed(provider);
      const { encodeEmbedding } = target.codec;
      if (encodeEmbedding === null) throw lacks('an embedding', target);
      const wire = encodeEmbedding(request);
      const { model, inputs } = request;
      return outgoing(redacted, {
        provider,
        model,
        operation: 'embedding',
        continuedText: null,
        inputCount: inputs.length,
        wire,
      });
    },
    generate(approved, call = {}) {
      const { request, provider, wire } = admit(approved, ['chat', 'completion']);
      const { codec, transport, options: own } = provider;
      const given = call.timeouts ?? options.timeouts;
      const isWhole = request.headers.accept === 'application/json';
      return transport.stream({
        signal: call.signal,
        open: () => {
          const context = {
            endpoint: own.name,
            submittedMs: performance.now(),
            now: () => performance.now(),
            ...(request.continuedText === null ? {} : { continuedText: request.continuedText }),
          };
          return {
            request: wire,
            credentials: codec.credentialHeaders(own.apiKey),
            decoder: request.operation === 'chat' ? codec.chatDecoder(context) : codec.completionDecoder(context),
            // An answer in one piece is silent until it is there.
            timeouts: isWhole ? { ...given, firstTokenMs: given.totalMs + 1, stallMs: given.totalMs } : given,
          };
        },
      });
    },
    async embed(approved, call = {}) {
      const { request, provider, wire } = admit(approved, ['embedding']);
      const { codec, transport, options: own } = provider;
      const body = await transport.collect({
        request: wire,
        credentials: codec.credentialHeaders(own.apiKey),
        totalMs: (call.timeouts ?? options.timeouts).totalMs,
        signal: call.signal,
      });
      const answer = codec.decodeEmbedding(body, own.name);
      if (answer.vectors.length !== request.inputCount)
        throw new RemoteError(
          'malformed',
          `Endpoint ${own.name} sent ${answer.vectors.length} embeddings for ${request.inputCount} inputs`,
          { endpoint: own.name, answerStarted: false },
        );
      return answer;
    },
    canContinue: ({ provider, model }) => providerNamed(provider).codec.canContinue(model),
    close: async () => {
      await Promise.all([...providers.values()].map(({ transport }) => transport.close()));
    },
  };
};
