/** What would break: an answer begun twice, a wait past the deadline, an endpoint hammered after it said not now. */
import { describe, expect, it } from 'vitest';
import { RemoteError, type RemoteErrorCode } from '../tiers/remote/remote-error.js';
import { afterFailure, backoff, type TryState } from './after-failure.js';
import { handOverOf } from './hand-over.js';
import { circuitOutcomeOf, tryFailureOf } from './remote-failure.js';
import type { TryFailure } from './route.js';

const state = (changes: Partial<TryState> = {}): TryState => ({
  tries: 1,
  stepsLeft: 1,
  remainingMs: 60_000,
  canContinue: false,
  retries: 2,
  ...changes,
});

const failed = (changes: Partial<TryFailure & { type: 'failed' }> = {}): TryFailure => ({
  type: 'failed',
  code: 'provider-failed',
  retryable: true,
  retryAfterMs: null,
  answerStarted: false,
  ...changes,
});

describe('afterFailure', () => {
  it('waits longer each time, at random up to a doubling ceiling', () => {
    const waits = [1, 2, 3, 4, 20].map((tries) => afterFailure(state({ tries, retries: 99 }), failed(), 0.5));
    expect(waits).toEqual([125, 250, 500, 1000, backoff.capMs / 2].map((afterMs) => ({ type: 'retry', afterMs })));
    expect(afterFailure(state(), failed(), 0)).toEqual({ type: 'retry', afterMs: 0 });
  });

  it('goes to the next place when the retries are used up or the failure is for good', () => {
    expect(afterFailure(state({ tries: 3 }), failed(), 0)).toEqual({ type: 'next' });
    expect(afterFailure(state({ tries: 3, stepsLeft: 0 }), failed(), 0)).toEqual({ type: 'give-up' });
    expect(afterFailure(state(), failed({ retryable: false }), 0)).toEqual({ type: 'next' });
    expect(afterFailure(state({ retries: 0 }), failed(), 0)).toEqual({ type: 'next' });
  });

  it('waits as long as the endpoint asked for, and goes on where that is too long', () => {
    expect(afterFailure(state(), failed({ retryAfterMs: 3_000 }), 0)).toEqual({ type: 'retry', afterMs: 3_000 });
    expect(afterFailure(state(), failed({ retryAfterMs: backoff.capMs + 1 }), 0)).toEqual({ type: 'next' });
    expect(afterFailure(state({ stepsLeft: 0 }), failed({ retryAfterMs: 3_600_000 }), 0)).toEqual({ type: 'give-up' });
  });

  it('does not wait past the deadline', () => {
    expect(afterFailure(state({ remainingMs: 3_000 }), failed({ retryAfterMs: 3_000 }), 0)).toEqual({ type: 'next' });
    expect(afterFailure(state({ remainingMs: 0 }), failed(), 0)).toEqual({ type: 'give-up' });
    expect(afterFailure(state({ remainingMs: Number.NaN }), failed(), 0)).toEqual({ type: 'give-up' });
  });

  it('never begins an answer anew that somebody has seen a part of', () => {
    expect(afterFailure(state(), failed({ answerStarted: true }), 0)).toEqual({ type: 'give-up' });
    expect(afterFailure(state({ canContinue: true }), failed({ answerStarted: true }), 0)).toEqual({ type: 'next' });
  });

  it('goes on after a hand-over', () => {
    expect(afterFailure(state(), { type: 'handed-over', confidence: 0.2 }, 0)).toEqual({ type: 'next' });
    expect(afterFailure(state({ stepsLeft: 0 }), { type: 'handed-over', confidence: null }, 0)).toEqual({
      type: 'give-up',
    });
  });
});

describe('handOverOf', () => {
  it('believes a model that says overflow or is below the line, and no other', () => {
    const policy = { confidenceLine: 0.6 };
    expect(handOverOf({ overflow: true, confidence: 0.99 }, policy)).toEqual({ type: 'handed-over', confidence: 0.99 });
    expect(handOverOf({ overflow: false, confidence: 0.59 }, policy)).toEqual({
      type: 'handed-over',
      confidence: 0.59,
    });
    expect(handOverOf({ confidence: 0.6 }, policy)).toBeNull();
    expect(handOverOf({}, policy)).toBeNull();
    expect(handOverOf({ confidence: Number.NaN }, policy)).not.toBeNull();
  });
});

describe('remote errors', () => {
  it('keeps what the endpoint said of itself', () => {
    const error = new RemoteError('rate-limited', 'x', { endpoint: 'rack', retryAfterMs: 500, answerStarted: false });
    expect(tryFailureOf(error)).toEqual({
      type: 'failed',
      code: 'rate-limited',
      retryable: true,
      retryAfterMs: 500,
      answerStarted: false,
    });
  });

  it('tries again what may pass, and blames the endpoint only for its own faults', () => {
    const retryable = (code: RemoteErrorCode) =>
      tryFailureOf(new RemoteError(code, 'x', { endpoint: 'rack', answerStarted: false })).retryable;
    expect(['unreachable', 'provider-failed', 'rate-limited'].every((code) => retryable(code as RemoteErrorCode))).toBe(
      true,
    );
    expect(['unauthorized', 'refused', 'stalled'].some((code) => retryable(code as RemoteErrorCode))).toBe(false);
    expect(circuitOutcomeOf('refused')).toBe('success');
    expect(circuitOutcomeOf('rate-limited')).toBe('neither');
    expect(circuitOutcomeOf('unreachable')).toBe('failure');
  });
});
