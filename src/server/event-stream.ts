/**
 * One server-sent event stream to one client: a late head (so that early failures can still be a status), joined
 * writes, backpressure, heartbeats while silent, and an end for readers that stall.
 * It moves text; what the events say is up to the caller.
 */
import type { ServerResponse } from 'node:http';
import type { FlushClock } from './flush-clock.js';

export interface EventStreamOptions {
  readonly clock: FlushClock;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  /** Sent with the head, besides those of an event stream. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Called once, before the head goes out. */
  readonly onOpen: () => void;
  /** The reader took nothing for `stallMs`; the socket is closed right after. */
  readonly onStall: () => void;
}

export interface EventStream {
  /** True once the head is out: from then on failures go into the stream. */
  readonly opened: boolean;
  /** True while the socket takes no more; wait for `ready` before making more events. */
  readonly full: boolean;
  /** Resolves when the socket takes more, or is closed. */
  ready(): Promise<void>;
  /** Appends whole events, blank line included. Opens the stream. Nothing happens once it is closed. */
  write(events: string): void;
  /** Sends what is left and ends the response; does nothing on one that never opened. */
  end(): void;
  /** Stops heartbeats and timers without touching the response. */
  dispose(): void;
}

const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/** Text that waits for its flush is never more than about this. */
const flushAtLength = 16_384;

export const createEventStream = (response: ServerResponse, options: EventStreamOptions): EventStream => {
  let pending = '';
  let opened = false;
  let closed = false;
  let full = false;
  let scheduled = false;
  let lastSendMs = Number.NEGATIVE_INFINITY;
  /** Start of the window in which text is joined; none before the second write, which brings the first token. */
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let stallTimer: NodeJS.Timeout | null = null;
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const wakes = waiting;
    waiting = [];
    for (const resolve of wakes) resolve();
  };

  const open = (): void => {
    if (opened || closed) return;
    opened = true;
    options.onOpen();
    response.writeHead(200, { ...eventStreamHeaders, ...options.headers() });
  };

  const send = (text: string): void => {
    const nowMs = performance.now();
    if (lastSendMs !== Number.NEGATIVE_INFINITY) windowStartMs = nowMs;
    lastSendMs = nowMs;
    if (response.write(text)) return;
    full = true;
    stallTimer ??= setTimeout(() => {
      options.onStall();
      response.destroy();
    }, options.stallMs);
  };

  const flush = (): void => {
    scheduled = false;
    if (closed || pending === '') return;
    const text = pending;
    pending = '';
    send(text);
  };

  const heartbeat = setInterval(() => {
    if (closed || full || performance.now() - lastSendMs < options.heartbeatMs) return;
    open();
    flush();
    send(': waiting\n\n');
  }, options.heartbeatMs);

  const dispose = (): void => {
    closed = true;
    clearInterval(heartbeat);
    if (stallTimer !== null) clearTimeout(stallTimer);
    stallTimer = null;
    full = false;
    wake();
  };

  response.on('drain', () => {
    full = false;
    if (stallTimer !== null) clearTimeout(stallTimer);
    stallTimer = null;
    wake();
  });
  response.on('close', dispose);
  // A socket that breaks while written to also closes; without a listener the error would end the process.
  response.on('error', dispose);

  const write = (events: string): void => {
    if (closed) return;
    open();
    pending += events;
    if (pending.length >= flushAtLength) flush();
    else if (!scheduled) {
      scheduled = true;
      options.clock.schedule(flush, windowStartMs);
    }
  };

  const end = (): void => {
    if (!opened || closed) return;
    const rest = pending;
    pending = '';
    dispose();
    const linger = setTimeout(() => response.destroy(), options.stallMs);
    response.once('close', () => clearTimeout(linger));
    response.end(rest);
  };

  return {
    get opened() {
      return opened;
    },
    get full() {
      return full;
    },
    ready: () => (full ? new Promise<void>((resolve) => waiting.push(resolve)) : Promise.resolve()),
    write,
    end,
    dispose,
  };
};
