/**
 * Events pushed from one side and read as an async iterator on the other.
 *
 * Reading starts the request and leaving early cancels it; both are callbacks. Knows nothing of engines.
 */

export interface EventStream<Event> extends AsyncIterableIterator<Event> {
  push(event: Event): void;
  /** What was pushed before is still read. */
  end(): void;
  /** With `atOnce` what was pushed and not read yet is dropped. */
  fail(error: Error, options?: { readonly atOnce?: boolean }): void;
}

export interface EventStreamHooks {
  /** Called at the first read. May throw: the read then fails with it. */
  start(): void;
  /** Called when the reader leaves before the end. */
  leave(): void;
}

interface Reader<Event> {
  resolve(result: IteratorResult<Event>): void;
  reject(error: Error): void;
}

export const createEventStream = <Event>(hooks: EventStreamHooks): EventStream<Event> => {
  let queue: Event[] = [];
  let head = 0;
  let state: 'new' | 'open' | 'over' = 'new';
  let failure: Error | null = null;
  const readers: Reader<Event>[] = [];

  const finish = (): void => {
    state = 'over';
    for (const reader of readers.splice(0)) settle(reader);
  };

  const settle = (reader: Reader<Event>): void => {
    if (failure === null) reader.resolve({ done: true, value: undefined });
    else {
      reader.reject(failure);
      // Thrown once; after it the iterator is at its end.
      failure = null;
    }
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      return new Promise((resolve, reject) => {
        if (state === 'new') {
          state = 'open';
          try {
            hooks.start();
          } catch (error) {
            state = 'over';
            reject(error);
            return;
          }
        }
        if (head < queue.length) {
          resolve({ done: false, value: queue[head++]! });
          if (head === queue.length) {
            queue = [];
            head = 0;
          }
        } else if (state === 'over') settle({ resolve, reject });
        else readers.push({ resolve, reject });
      });
    },
    async return() {
      const left = state === 'open';
      queue = [];
      head = 0;
      failure = null;
      finish();
      if (left) hooks.leave();
      return { done: true, value: undefined };
    },
    push(event) {
      if (state === 'over') return;
      const reader = readers.shift();
      if (reader === undefined) queue.push(event);
      else reader.resolve({ done: false, value: event });
    },
    end() {
      if (state !== 'over') finish();
    },
    fail(error, options = {}) {
      if (state === 'over') return;
      failure = error;
      if (options.atOnce === true) {
        queue = [];
        head = 0;
      }
      finish();
    },
  };
};
