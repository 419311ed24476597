/**
 * An answer as an async iterator of events, fed by an exchange through a decoder. Nothing is sent before the first read;
 * leaving early closes the connection; a reader that is too slow makes the endpoint wait.
 *
 * Written by hand instead of as a generator: an event that is there already costs its reader one resolved promise.
 */
import type { Dispatcher } from 'undici';
import type { ChatEvent } from '../tier.js';
import type { RemoteTimeouts } from './deadlines.js';
import { Exchange, type ExchangeSink } from './exchange.js';
import { RemoteError } from './remote-error.js';
import type { AnswerDecoder } from './wire-codec.js';

export interface AnswerStreamOptions {
  readonly endpoint: string;
  readonly pool: Dispatcher;
  /** Called at the first read; may throw what the reader then gets. */
  readonly open: () => {
    readonly request: Dispatcher.DispatchOptions;
    readonly decoder: AnswerDecoder;
    readonly timeouts: RemoteTimeouts;
  };
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
}

interface Reader {
  readonly resolve: (result: IteratorResult<ChatEvent>) => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes that nobody has read the events of before the endpoint must wait. */
const highWaterBytes = 256 * 1024;

const finished: IteratorResult<ChatEvent> = { done: true, value: undefined };

class AnswerStream implements AsyncIterableIterator<ChatEvent>, ExchangeSink {
  readonly #options: AnswerStreamOptions;
  #exchange: Exchange | null = null;
  #decoder: AnswerDecoder | null = null;
  /** Events not read yet, from `#head` on. The decoder writes into it. */
  readonly #queue: ChatEvent[] = [];
  #head = 0;
  #unreadBytes = 0;
  #json: Buffer[] = [];
  readonly #readers: Reader[] = [];
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(options: AnswerStreamOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ChatEvent>> {
    if (this.#exchange === null && !this.#isOver) this.#open();
    if (this.#head < this.#queue.length) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#isOver) return this.#ending();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<ChatEvent>> {
    this.#isOver = true;
    this.#failure = null;
    this.#queue.length = 0;
    this.#head = 0;
    this.#exchange?.abandon();
    this.#wake();
    return Promise.resolve(finished);
  }

  data(bytes: Buffer): void {
    const exchange = this.#exchange!;
    if (exchange.isJson) {
      this.#json.push(bytes);
      return;
    }
    this.#unreadBytes += bytes.length;
    try {
      this.#decoder!.push(bytes, this.#queue);
    } finally {
      this.#deliver();
    }
    if (this.#head === this.#queue.length) this.#unreadBytes = 0;
    else if (this.#unreadBytes > highWaterBytes && !this.#isOver) exchange.pause();
  }

  done(): void {
    try {
      if (this.#exchange!.isJson) this.#decoder!.whole(Buffer.concat(this.#json), this.#queue);
      else this.#decoder!.finish(this.#queue);
    } finally {
      this.#json = [];
      this.#deliver();
    }
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = { error };
    // What was read before a fault is still an answer's beginning; a reader who cancelled wants none of it.
    if (!(error instanceof RemoteError)) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    this.#wake();
  }

  #open(): void {
    const { endpoint, pool, open, maxAnswerBytes, signal } = this.#options;
    try {
      const { request, decoder, timeouts } = open();
      this.#decoder = decoder;
      this.#exchange = new Exchange({ endpoint, timeouts, maxAnswerBytes, signal, sink: this });
      this.#exchange.start(pool, request);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Marks the first token and the end by the events that came, and gives them to those who wait. */
  #deliver(): void {
    const last = this.#queue[this.#queue.length - 1];
    if (last === undefined) return;
    const exchange = this.#exchange!;
    exchange.sawToken();
    if (last.type === 'end') {
      this.#isOver = true;
      exchange.complete();
    }
    this.#wake();
  }

  #wake(): void {
    while (this.#readers.length > 0) {
      const { resolve, reject } = this.#readers[0]!;
      if (this.#head < this.#queue.length) resolve({ done: false, value: this.#take() });
      else if (this.#isOver) this.#ending().then(resolve, reject);
      else return;
      this.#readers.shift();
    }
  }

  #take(): ChatEvent {
    const event = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
      this.#unreadBytes = 0;
      this.#exchange?.resume();
    }
    return event;
  }

  /** A failure is thrown once; after it the iterator is at its end. */
  #ending(): Promise<IteratorResult<ChatEvent>> {
    const failure = this.#failure;
    if (failure === null) return Promise.resolve(finished);
    this.#failure = null;
    return Promise.reject(failure.error);
  }
}

export const createAnswerStream = (options: AnswerStreamOptions): AsyncIterableIterator<ChatEvent> =>
  new AnswerStream(options);
