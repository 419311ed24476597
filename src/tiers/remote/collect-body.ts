/** An answer's whole body as bytes, for what does not stream: embeddings, lists of models. */
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.js';

export interface CollectOptions {
  readonly endpoint: string;
  readonly pool: Dispatcher;
  readonly request: Dispatcher.DispatchOptions;
  readonly totalMs: number;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Rejects with RemoteError, or with the signal's reason. */
export const collectBody = (options: CollectOptions): Promise<Buffer> => {
  const { endpoint, pool, request, totalMs, maxAnswerBytes, signal } = options;
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const exchange = new Exchange({
      endpoint,
      // There are no tokens to wait for, so only the total counts; one millisecond more makes it the first to pass.
      timeouts: { firstTokenMs: totalMs + 1, stallMs: totalMs, totalMs },
      maxAnswerBytes,
      signal,
      sink: {
        data: (bytes) => {
          pieces.push(bytes);
        },
        done: () => resolve(Buffer.concat(pieces)),
        failed: reject,
      },
    });
    exchange.start(pool, request);
  });
};
