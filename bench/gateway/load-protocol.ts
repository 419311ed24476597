/**
 * What the side that asks and answers can be asked: load generator and fixed upstream in one process. Both speak HTTP/1.1
 * over raw sockets, so that one core is enough for them.
 */
import type { Percentiles } from './percentiles.js';

export interface LoadQuestion {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  /** Beside the first of each connection: stops asking after so many requests, or so many seconds: whichever is given, or comes first. */
  readonly requests?: number;
  readonly seconds?: number;
  /** Open loop: requests per second over all connections; absent: each connection asks again at once. */
  readonly perSecond?: number;
  /** What a good answer's body ends with; another end counts as a failure. */
  readonly endsWith?: string;
  /** Bytes that a good answer's body has at least: what was asked for must be in it, in however many events. */
  readonly leastBytes?: number;
}

export interface LoadAnswer {
  readonly seconds: number;
  /** Answered well. */
  readonly requests: number;
  /** From when a request was due (open loop) or sent to the last byte of its answer, milliseconds. */
  readonly latencyMs: Percentiles;
  /** Answers that were no 200 or had another end, and one of them. */
  readonly failed: number;
  readonly firstFailure: string | null;
  /** Of answer bodies, chunk framing not counted. */
  readonly bodyBytes: number;
}

export interface UpstreamQuestion {
  /** Tokens of a streamed answer, one event and one write each. */
  readonly tokens: number;
}

export type LoadProtocol = {
  /** Starts the upstream. */
  readonly listen: readonly [UpstreamQuestion, { readonly url: string }];
  readonly load: readonly [LoadQuestion, LoadAnswer];
};

/** What a proxy in a side's process can be asked. */
export type ProxyProtocol = {
  readonly listen: readonly [{ readonly upstreamUrl: string }, { readonly url: string }];
};
