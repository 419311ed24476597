/**
 * The places of the fake engine: so many requests run, the rest wait in order; and the one signal that ends a request
 * (its caller, its deadline, a crash, the engine closing).
 *
 * Knows nothing of what runs in a place.
 */
import { EngineError } from './engine-error.js';

interface EndSources {
  readonly call: AbortSignal | undefined;
  readonly crash: AbortSignal;
  readonly deadlineMs: number | undefined;
}

export interface FakeGate {
  /** A signal whose reason is always an EngineError; dispose it when the request ends. */
  endSignal(sources: EndSources): { readonly signal: AbortSignal; dispose(): void };
  /** Waits for a place; the function that comes back gives it up. */
  enter(signal: AbortSignal): Promise<() => void>;
  running(): number;
  queued(): number;
  close(drainMs: number): Promise<void>;
}

export const createFakeGate = (options: {
  readonly places: number;
  readonly queueLimit: number;
  readonly name: string;
}): FakeGate => {
  const queue: (() => void)[] = [];
  const idle: (() => void)[] = [];
  const closing = new AbortController();
  let running = 0;
  let closed = false;

  const leave = (): void => {
    const next = queue.shift();
    if (next !== undefined) {
      next();
      return;
    }
    running--;
    if (running === 0) for (const resolve of idle.splice(0)) resolve();
  };

  return {
    endSignal({ call, crash, deadlineMs }) {
      const controller = new AbortController();
      const follow = (signal: AbortSignal | undefined, reason: () => unknown): (() => void) => {
        if (signal === undefined) return () => undefined;
        const end = () => controller.abort(reason());
        if (signal.aborted) end();
        else signal.addEventListener('abort', end, { once: true });
        return () => signal.removeEventListener('abort', end);
      };
      const unfollow = [
        follow(call, () => new EngineError('cancelled', 'The request was cancelled by its caller')),
        follow(crash, () => crash.reason),
        follow(closing.signal, () => closing.signal.reason),
      ];
      const timer =
        deadlineMs === undefined
          ? undefined
          : setTimeout(
              () =>
                controller.abort(
                  new EngineError('deadline', `The request was not done within its deadline of ${deadlineMs} ms`),
                ),
              deadlineMs,
            );
      return {
        signal: controller.signal,
        dispose() {
          clearTimeout(timer);
          for (const undo of unfollow) undo();
        },
      };
    },
    async enter(signal) {
      if (signal.aborted) throw signal.reason;
      if (closed) throw new EngineError('shutting-down', `Model ${options.name} takes no new request: it shuts down`);
      if (running >= options.places) {
        if (queue.length >= options.queueLimit)
          throw new EngineError(
            'queue-full',
            `Cannot queue the request: ${queue.length} of ${options.queueLimit} wait`,
            {
              details: { queued: queue.length, limit: options.queueLimit },
            },
          );
        await new Promise<void>((resolve, reject) => {
          const turn = () => {
            signal.removeEventListener('abort', end);
            resolve();
          };
          const end = () => {
            queue.splice(queue.indexOf(turn), 1);
            reject(signal.reason);
          };
          queue.push(turn);
          signal.addEventListener('abort', end, { once: true });
        });
      } else {
        running++;
      }
      let left = false;
      return () => {
        if (!left) leave();
        left = true;
      };
    },
    running: () => running,
    queued: () => queue.length,
    async close(drainMs) {
      closed = true;
      if (running === 0 && queue.length === 0) return;
      const timer = setTimeout(
        () =>
          closing.abort(new EngineError('shutting-down', `Model ${options.name} shut down before the answer ended`)),
        drainMs,
      );
      await new Promise<void>((resolve) => idle.push(resolve));
      clearTimeout(timer);
    },
  };
};
