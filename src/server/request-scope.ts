/**
 * The life of one HTTP request: a signal that fires when its client goes away, stalls, or the server must end; and the
 * list of all that are alive, for draining. Knows no route and no body.
 */
import type { ServerResponse } from 'node:http';
import { ServerError } from './server-error.js';

export interface RequestScope {
  readonly signal: AbortSignal;
  /** performance.now() at arrival. */
  readonly startedMs: number;
  /** Ends the request for this reason; later reasons are ignored. */
  abort(reason: Error): void;
  /** Why the request really ended: the abort's reason if there was one, otherwise `error`. */
  causeOf(error: unknown): unknown;
}

export interface RequestRegistry {
  readonly size: number;
  /** A scope that ends with the response. */
  enter(response: ServerResponse): RequestScope;
  abortAll(reason: Error): void;
  /** Resolves true when no request is left, false after `timeoutMs`. */
  idle(timeoutMs: number): Promise<boolean>;
}

export const createRequestRegistry = (): RequestRegistry => {
  const scopes = new Set<RequestScope>();
  let waiting: (() => void)[] = [];

  const enter = (response: ServerResponse): RequestScope => {
    const controller = new AbortController();
    const abort = (reason: Error): void => {
      if (!controller.signal.aborted) controller.abort(reason);
    };
    const scope: RequestScope = {
      signal: controller.signal,
      startedMs: performance.now(),
      abort,
      causeOf: (error) => (controller.signal.aborted ? controller.signal.reason : error),
    };
    scopes.add(scope);
    response.once('close', () => {
      scopes.delete(scope);
      if (!response.writableFinished)
        abort(new ServerError('client-gone', 'The client closed the connection before its answer was whole'));
      if (scopes.size > 0) return;
      const wakes = waiting;
      waiting = [];
      for (const resolve of wakes) resolve();
    });
    return scope;
  };

  const idle = async (timeoutMs: number): Promise<boolean> => {
    if (scopes.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const emptied = new Promise<boolean>((resolve) => waiting.push(() => resolve(true)));
    const timedOut = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    return Promise.race([emptied, timedOut]).finally(() => clearTimeout(timer));
  };

  return {
    get size() {
      return scopes.size;
    },
    enter,
    abortAll: (reason) => {
      for (const scope of scopes) scope.abort(reason);
    },
    idle,
  };
};
