/**
 * What the load generator's side can be asked. It is a process of its own that speaks HTTP/1.1 over raw sockets, so that
 * it takes as little of the machine as it can from what is measured.
 */

export interface LoadQuestion {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  /** Ends after so many requests. */
  readonly requests: number;
  /** Open loop: requests per second over all connections; absent: each connection asks again at once. */
  readonly perSecond?: number;
}

export interface LoadAnswer {
  readonly seconds: number;
  readonly requests: number;
  /** Sending to the last byte, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 200, and one of them. */
  readonly failed: number;
  readonly firstFailure: string | null;
  /** Of answer bodies, chunk framing not counted. */
  readonly bodyBytes: number;
}

export type LoadProtocol = {
  readonly load: readonly [LoadQuestion, LoadAnswer];
};

/** What the fixed upstream's side can be asked. */
export interface UpstreamQuestion {
  /** Tokens of a streamed answer, one event each. */
  readonly tokens: number;
}

export type UpstreamProtocol = {
  readonly listen: readonly [UpstreamQuestion, { readonly url: string }];
};
