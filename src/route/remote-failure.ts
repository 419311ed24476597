/**
 * What an endpoint's error means for routing: whether the same place may be tried again, and whether it tells something
 * about that place's health. Pure; knows the codes, not the protocols behind them.
 */
import type { RemoteError, RemoteErrorCode } from '../tiers/remote/remote-error.js';
import type { CircuitOutcome } from './circuit.js';
import type { TryFailure } from './route.js';

interface Meaning {
  readonly retryable: boolean;
  readonly health: CircuitOutcome;
}

/**
 * A timeout is not tried again at the same place: it took its time already, and another place may have some left. A
 * refused request says that the endpoint is well; a rate limit says nothing about it, nor does the end of the time, which
 * long answers reach too.
 */
const meanings: Readonly<Record<RemoteErrorCode, Meaning>> = {
  unreachable: { retryable: true, health: 'failure' },
  'first-token-timeout': { retryable: false, health: 'failure' },
  stalled: { retryable: false, health: 'failure' },
  'total-timeout': { retryable: false, health: 'neither' },
  malformed: { retryable: true, health: 'failure' },
  truncated: { retryable: true, health: 'failure' },
  empty: { retryable: true, health: 'failure' },
  oversized: { retryable: false, health: 'failure' },
  'provider-failed': { retryable: true, health: 'failure' },
  'rate-limited': { retryable: true, health: 'neither' },
  unauthorized: { retryable: false, health: 'failure' },
  refused: { retryable: false, health: 'success' },
};

export const tryFailureOf = ({ code, details }: RemoteError): TryFailure & { readonly type: 'failed' } => ({
  type: 'failed',
  code,
  retryable: meanings[code].retryable,
  retryAfterMs: details.retryAfterMs ?? null,
  answerStarted: details.answerStarted,
});

/** True for the code of a RemoteError, among the outcomes of tries. */
export const isRemoteCode = (outcome: string): outcome is RemoteErrorCode => Object.hasOwn(meanings, outcome);

/** What to tell the endpoint's circuit. */
export const circuitOutcomeOf = (code: RemoteErrorCode): CircuitOutcome => meanings[code].health;
