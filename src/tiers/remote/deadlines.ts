/**
 * The clocks of one exchange: first token, silence after it, everything together. Knows no connection.
 *
 * One timer runs, and is set again when it fires too early, so that a piece of bytes costs a reading of the clock and no
 * timer.
 */

export interface RemoteTimeouts {
  /** From submission to the first text, reasoning or call. */
  readonly firstTokenMs: number;
  /** Silence between bytes after that; comments and pings are no silence. */
  readonly stallMs: number;
  readonly totalMs: number;
}

export type Deadline = 'first-token' | 'stall' | 'total' | 'drain';

/** Timers of more than this fire at once. */
const longestTimerMs = 2_147_483_647;

export class Deadlines {
  sawToken = false;
  readonly #timeouts: RemoteTimeouts;
  readonly #onPassed: (deadline: Deadline) => void;
  readonly #startedMs = performance.now();
  #lastBytesMs = this.#startedMs;
  #isSuspended = false;
  #isDraining = false;
  #timer: NodeJS.Timeout | null = null;

  /** `onPassed` is called once at most. */
  constructor(timeouts: RemoteTimeouts, onPassed: (deadline: Deadline) => void) {
    this.#timeouts = timeouts;
    this.#onPassed = onPassed;
    this.#arm(Math.min(timeouts.firstTokenMs, timeouts.totalMs));
  }

  bytes(): void {
    this.#lastBytesMs = performance.now();
  }

  /** From now on silence counts. */
  token(): void {
    if (this.sawToken) return;
    this.sawToken = true;
    const { stallMs, totalMs } = this.#timeouts;
    this.#arm(Math.min(stallMs, totalMs - (performance.now() - this.#startedMs)));
  }

  /** No bytes are asked for, so their absence is nobody's silence. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    this.bytes();
  }

  /** The others are over; `drain` passes after this long. */
  drain(delayMs: number): void {
    this.#isDraining = true;
    this.#arm(delayMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    this.stop();
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(delayMs, 0), longestTimerMs));
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    if (this.#isDraining) {
      this.#onPassed('drain');
      return;
    }
    const { firstTokenMs, stallMs, totalMs } = this.#timeouts;
    const nowMs = performance.now();
    const totalLeftMs = this.#startedMs + totalMs - nowMs;
    const otherLeftMs = !this.sawToken
      ? this.#startedMs + firstTokenMs - nowMs
      : this.#isSuspended
        ? stallMs
        : this.#lastBytesMs + stallMs - nowMs;
    // Timers fire up to a millisecond early.
    if (totalLeftMs < 1) this.#onPassed('total');
    else if (otherLeftMs < 1) this.#onPassed(this.sawToken ? 'stall' : 'first-token');
    else this.#arm(Math.min(totalLeftMs, otherLeftMs));
  };
}
