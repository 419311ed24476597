/**
 * One HTTP request and its answer's bytes: limits, abort, and every way to fail put into a RemoteError.
 *
 * A dispatch handler of undici and nothing more: no stream object and no promise stands between the socket and the sink.
 * Knows no codec; the sink says when the first token came and when the answer is complete.
 */
import type { Dispatcher } from 'undici';
import { type Deadline, Deadlines, type RemoteTimeouts } from './deadlines.js';
import { statusError } from './provider-error.js';
import { RemoteError, type RemoteErrorCode } from './remote-error.js';
import { retryAfterMs } from './retry-after.js';

export interface ExchangeSink {
  /** Bytes of a success's body. Throws RemoteError to end the exchange with it. */
  data(bytes: Buffer): void;
  /** The body came to its end in order. Throws as `data` does. */
  done(): void;
  /** Called once, and nothing after it. */
  failed(error: unknown): void;
}

export interface ExchangeOptions {
  readonly endpoint: string;
  readonly timeouts: RemoteTimeouts;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly sink: ExchangeSink;
}

/** Of an error's body as much as is read for its words. */
const maxErrorBytes = 64 * 1024;
/** What may follow an answer's end until the connection is given up: time, bytes. */
const drainMs = 1000;
const maxDrainBytes = 64 * 1024;

type Phase = 'waiting' | 'answer' | 'error-body' | 'draining' | 'over';

/** Error codes of the system and of undici are safe to tell; their messages can quote bytes. */
const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? ` (${code})` : '';
};

export class Exchange implements Dispatcher.DispatchHandler {
  /** The answer is one JSON document and no event stream. Known from the first `data` on. */
  isJson = false;
  isPaused = false;
  #phase: Phase = 'waiting';
  readonly #options: ExchangeOptions;
  readonly #deadlines: Deadlines;
  #controller: Dispatcher.DispatchController | null = null;
  #isListening = false;
  #status = 0;
  #retryAfterMs: number | undefined;
  #errorBody: Buffer[] = [];
  #bytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.timeouts, (deadline) => this.#onDeadline(deadline));
  }

  /** Sends the request. */
  start(pool: Dispatcher, request: Dispatcher.DispatchOptions): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.#fail(signal.reason);
      return;
    }
    signal?.addEventListener('abort', this.#onAbort);
    this.#isListening = signal !== undefined;
    pool.dispatch(request, this);
  }

  /** The first token came: from now on silence counts. */
  sawToken(): void {
    if (this.#phase !== 'over') this.#deadlines.token();
  }

  /** The answer is complete before its bytes are: what follows is let go, to keep the connection. */
  complete(): void {
    if (this.#phase !== 'answer') return;
    this.#phase = 'draining';
    this.#bytes = 0;
    this.#unlisten();
    this.resume();
    this.#deadlines.drain(drainMs);
  }

  /** Ends the exchange without a word to the sink. */
  abandon(): void {
    if (this.#phase !== 'over' && this.#phase !== 'draining')
      this.#close(new Error('The answer is not wanted any more'));
  }

  pause(): void {
    if (this.isPaused || this.#controller === null) return;
    this.isPaused = true;
    this.#deadlines.suspend();
    this.#controller.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#deadlines.resume();
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up while it waited for a connection.
    if (this.#phase === 'over') controller.abort(new Error('The request was given up before it was sent'));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.#phase !== 'waiting' || status < 200) return;
    this.#status = status;
    this.#deadlines.bytes();
    if (status >= 300) {
      this.#retryAfterMs = retryAfterMs(headers, Date.now());
      this.#phase = 'error-body';
      return;
    }
    this.#phase = 'answer';
    this.isJson = String(headers['content-type'] ?? '').includes('application/json');
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== '' && encoding !== 'identity')
      this.#fail(this.#error('malformed', 'sent a compressed answer, which was not asked for'));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    switch (this.#phase) {
      case 'answer': {
        const { maxAnswerBytes, sink } = this.#options;
        this.#deadlines.bytes();
        if (this.#bytes > maxAnswerBytes)
          this.#fail(this.#error('oversized', `sent an answer of more than ${maxAnswerBytes} bytes, the limit`));
        else
          try {
            sink.data(chunk);
          } catch (error) {
            this.#fail(error);
          }
        break;
      }
      case 'error-body':
        if (this.#bytes > maxErrorBytes) this.#failWithStatus();
        else this.#errorBody.push(chunk);
        break;
      case 'draining':
        if (this.#bytes > maxDrainBytes) this.#close(new Error('Too much came after the answer'));
        break;
      case 'waiting':
      case 'over':
        break;
      default:
        this.#phase satisfies never;
    }
  }

  onResponseEnd(): void {
    if (this.#phase === 'error-body') this.#failWithStatus();
    else if (this.#phase === 'answer')
      try {
        if (this.#bytes === 0) throw this.#error('empty', 'sent an answer of no bytes');
        this.#options.sink.done();
      } catch (error) {
        this.#fail(error);
      }
    this.#settle();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = codeOf(error);
    switch (this.#phase) {
      case 'waiting':
        if (code === ' (UND_ERR_INVALID_ARG)')
          this.#fail(this.#error('refused', 'cannot be sent this request: a header or the path is no valid HTTP'));
        else if (code.startsWith(' (HPE_')) this.#fail(this.#error('malformed', `does not speak HTTP${code}`));
        else this.#fail(this.#error('unreachable', `cannot be reached${code}`));
        break;
      case 'answer':
        this.#fail(this.#error('truncated', `broke off its answer${code}`));
        break;
      case 'error-body':
        this.#failWithStatus();
        break;
      case 'draining':
        this.#settle();
        break;
      case 'over':
        break;
      default:
        this.#phase satisfies never;
    }
  }

  #onDeadline(deadline: Deadline): void {
    const { firstTokenMs, stallMs, totalMs } = this.#options.timeouts;
    switch (deadline) {
      case 'first-token':
        this.#fail(this.#error('first-token-timeout', `sent no token within ${firstTokenMs} ms, the limit`));
        break;
      case 'stall':
        this.#fail(this.#error('stalled', `sent nothing for ${stallMs} ms, the limit`));
        break;
      case 'total':
        this.#fail(this.#error('total-timeout', `did not finish within ${totalMs} ms, the limit`));
        break;
      case 'drain':
        this.#close(new Error('The endpoint kept its connection open after the answer'));
        break;
      default:
        deadline satisfies never;
    }
  }

  #error(code: RemoteErrorCode, fault: string): RemoteError {
    const { endpoint } = this.#options;
    return new RemoteError(code, `Endpoint ${endpoint} ${fault}`, {
      endpoint,
      answerStarted: this.#deadlines.sawToken,
      ...(this.#status === 0 ? {} : { status: this.#status }),
      ...(this.#controller === null ? { neverSent: true } : {}),
    });
  }

  #failWithStatus(): void {
    const { endpoint } = this.#options;
    const body = Buffer.concat(this.#errorBody);
    this.#fail(statusError({ endpoint, status: this.#status, body, retryAfterMs: this.#retryAfterMs }));
  }

  #fail(error: unknown): void {
    if (this.#phase === 'over') return;
    this.#close(error instanceof Error ? error : new Error('The request was cancelled'));
    this.#options.sink.failed(error);
  }

  /** Over, and the connection with it. */
  #close(reason: Error): void {
    this.#settle();
    this.#controller?.abort(reason);
  }

  #settle(): void {
    this.#phase = 'over';
    this.#errorBody = [];
    this.#unlisten();
    this.#deadlines.stop();
  }

  #unlisten(): void {
    if (this.#isListening) this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#isListening = false;
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#options.signal?.reason);
  };
}
