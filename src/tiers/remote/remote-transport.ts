/**
 * The connections to one endpoint: a pool of kept-alive HTTP/1.1 sockets, and requests over it as event streams or whole
 * bodies. Redirects are not followed and nothing is retried; who may be sent what is decided before this.
 *
 * Only `tiers/private` and `tiers/third-party` use it, after their gates (importers.test.ts).
 */
import { type Dispatcher, Pool } from 'undici';
import type { ChatEvent } from '../tier.js';
import { createAnswerStream } from './answer-stream.js';
import { collectBody } from './collect-body.js';
import type { RemoteTimeouts } from './deadlines.js';
import { parseEndpointUrl } from './endpoint-url.js';
import type { AnswerDecoder, WireRequest } from './wire-codec.js';

export interface TransportLimits {
  /** Connection and TLS handshake. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Requests at once; further ones wait for a free connection. Default: no limit. */
  readonly maxConnections?: number;
  /** Default 64 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface TransportOptions extends TransportLimits {
  readonly endpoint: string;
  /** With the API's base path, such as `http://rack:8000/v1`. */
  readonly url: string;
}

export interface StreamCall {
  /** Called at the first read; what it throws, the reader gets. */
  readonly open: () => {
    readonly request: WireRequest;
    readonly credentials: Readonly<Record<string, string>>;
    readonly decoder: AnswerDecoder;
    readonly timeouts: RemoteTimeouts;
  };
  readonly signal?: AbortSignal | undefined;
}

export interface CollectCall {
  readonly request: WireRequest | { readonly method: 'GET'; readonly path: string };
  readonly credentials: Readonly<Record<string, string>>;
  readonly totalMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteTransport {
  /** Origin and base path that all requests go to. */
  readonly href: string;
  /** Throws RemoteError, or the signal's reason, from its reads. */
  stream(call: StreamCall): AsyncIterableIterator<ChatEvent>;
  collect(call: CollectCall): Promise<Uint8Array>;
  /** Ends at once what still runs. */
  close(): Promise<void>;
}

const defaultConnectTimeoutMs = 10_000;
const defaultMaxAnswerBytes = 64 * 1024 * 1024;

export const createRemoteTransport = (options: TransportOptions): RemoteTransport => {
  const { endpoint, maxAnswerBytes = defaultMaxAnswerBytes } = options;
  const { origin, basePath, href } = parseEndpointUrl(options.url, endpoint);
  const pool = new Pool(origin, {
    connections: options.maxConnections ?? null,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs },
    // The exchange has its own clocks, which know what a token is.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const dispatchOptions = (
    request: CollectCall['request'],
    credentials: Readonly<Record<string, string>>,
  ): Dispatcher.DispatchOptions =>
    request.method === 'GET'
      ? { method: 'GET', path: basePath + request.path, headers: { accept: 'application/json', ...credentials } }
      : {
          method: request.method,
          path: basePath + request.path,
          headers: { ...request.headers, ...credentials },
          body: request.body,
        };

  return {
    href,
    stream: ({ open, signal }) =>
      createAnswerStream({
        endpoint,
        pool,
        maxAnswerBytes,
        signal,
        open: () => {
          const { request, credentials, decoder, timeouts } = open();
          return { request: dispatchOptions(request, credentials), decoder, timeouts };
        },
      }),
    collect: ({ request, credentials, totalMs, signal }) =>
      collectBody({ endpoint, pool, request: dispatchOptions(request, credentials), totalMs, maxAnswerBytes, signal }),
    close: () => pool.destroy(),
  };
};
