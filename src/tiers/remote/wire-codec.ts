/**
 * The WireCodec contract: one provider's API as bytes out and events in. Siblings implement it; none opens a socket.
 *
 * A whole answer is zero or one `start` right before the first content, then content, then one `end`. Counts that the
 * provider does not tell are 0 in `start` and `end`.
 */
import type { ChatEvent, ChatRequest, CompletionRequest, EmbeddingRequest } from '../tier.js';

/** A request as it goes out, without credentials: what a person says yes to. */
export interface WireRequest {
  readonly method: 'POST';
  /** Below the endpoint's base URL, with a leading slash. */
  readonly path: string;
  /** Lower-case names; no credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface EncodeOptions {
  /** Default true: the answer comes as server-sent events; false: as one JSON document when it is finished. */
  readonly stream?: boolean;
  /**
   * The last message, an assistant's, is the beginning of the answer itself: the model goes on inside it. Only where
   * `canContinue` says so.
   */
  readonly continueFinal?: boolean;
}

export interface DecoderContext {
  readonly endpoint: string;
  readonly submittedMs: number;
  readonly now: () => number;
  /** The text that a continued answer goes on from: providers that repeat it have it taken off. */
  readonly continuedText?: string;
  /** One event may not be longer. Default 4 MiB. */
  readonly maxEventBytes?: number;
}

/**
 * Reads one answer. Throws RemoteError for bytes that are no whole, well-formed answer; knows no timeouts.
 *
 * Events are appended to `out`, which the reader empties: text that follows text nobody has read yet joins that event.
 */
export interface AnswerDecoder {
  /** Appends the events that these bytes complete. They may be read later: the bytes are not kept. */
  push(bytes: Uint8Array, out: ChatEvent[]): void;
  /** The bytes are over: appends the `end` of protocols without an end mark, throws where the end is missing. */
  finish(out: ChatEvent[]): void;
  /** Instead of the other two: an answer that came as one JSON document. */
  whole(body: Uint8Array, out: ChatEvent[]): void;
}

export interface EmbeddingAnswer {
  readonly vectors: readonly Float32Array[];
  /** 0 where the provider does not tell. */
  readonly promptTokens: number;
}

export interface WireCodec {
  /** `openai`, `anthropic`, `gemini`, ... */
  readonly kind: string;
  /** Header that carries the credential. */
  credentialHeaders(apiKey: string): Readonly<Record<string, string>>;
  /** Throws TierError `unsupported` (with `param`) for what the API cannot say. */
  encodeChat(request: ChatRequest, options?: EncodeOptions): WireRequest;
  chatDecoder(context: DecoderContext): AnswerDecoder;
  /** True where this model here can go on inside a given answer (`continueFinal`). */
  canContinue(model: string): boolean;
  /** Null where the API has none. */
  readonly encodeCompletion: ((request: CompletionRequest, options?: EncodeOptions) => WireRequest) | null;
  completionDecoder(context: DecoderContext): AnswerDecoder;
  readonly encodeEmbedding: ((request: EmbeddingRequest) => WireRequest) | null;
  decodeEmbedding(body: Uint8Array, endpoint: string): EmbeddingAnswer;
}
