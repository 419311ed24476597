/**
 * The WireCodec contract: one provider's API as bytes out and events in. Siblings implement it; none opens a socket.
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

/** Reads one answer. Throws RemoteError for bytes that are no whole, well-formed answer; knows no timeouts. */
export interface AnswerDecoder {
  /** Events that these bytes complete. */
  push(bytes: Uint8Array): readonly ChatEvent[];
  /** The bytes are over: the events that were left, the `end` among them if it did not come before. */
  finish(): readonly ChatEvent[];
}

export interface WireCodec {
  /** `openai`, `anthropic`, `gemini`, ... */
  readonly kind: string;
  /** Header that carries the credential. */
  credentialHeaders(apiKey: string): Readonly<Record<string, string>>;
  /** Throws TierError `unsupported` (with `param`) for what the API cannot say. Always streams. */
  encodeChat(request: ChatRequest): WireRequest;
  chatDecoder(context: {
    readonly endpoint: string;
    readonly submittedMs: number;
    readonly now: () => number;
  }): AnswerDecoder;
  /** Null where the API has none. */
  readonly encodeCompletion: ((request: CompletionRequest) => WireRequest) | null;
  completionDecoder(context: {
    readonly endpoint: string;
    readonly submittedMs: number;
    readonly now: () => number;
  }): AnswerDecoder;
  readonly encodeEmbedding: ((request: EmbeddingRequest) => WireRequest) | null;
  decodeEmbedding(
    body: Uint8Array,
    endpoint: string,
  ): { readonly vectors: readonly Float32Array[]; readonly promptTokens: number };
}
