/**
 * What an error of a place means: may another one answer, and what does it say of this one's health.
 */
import type { CircuitOutcome } from '../route/circuit.js';
import { circuitOutcomeOf, isRemoteCode, tryFailureOf } from '../route/remote-failure.js';
import type { TryFailure } from '../route/route.js';
import { RemoteError } from '../tiers/remote/remote-error.js';
import { TierError } from '../tiers/tier-error.js';
import { UnfinishedAnswer } from './attempt.js';
import { GatewayError } from './gateway-error.js';

type Failed = Extract<TryFailure, { type: 'failed' }>;

/** Engine faults that another place need not have. */
const engineFailures: ReadonlySet<string> = new Set([
  'binding-unavailable',
  'model-load-failed',
  'out-of-memory',
  'context-overflow',
  'queue-full',
  'host-crashed',
  'decode-failed',
]);

/** Requests that this place cannot say or do, and its neighbour might. */
const placeFaults: ReadonlySet<TierError['code']> = new Set(['unsupported', 'unsupported-content', 'template-failed']);

const failed = (code: string, retryable: boolean): Failed => ({
  type: 'failed',
  code,
  retryable,
  retryAfterMs: null,
  answerStarted: false,
});

/** Null for what ends the request whoever could still answer: a consent that is needed, a request that is at fault. */
export const failureOf = (error: unknown): Failed | null => {
  if (error instanceof RemoteError) return tryFailureOf(error);
  if (error instanceof UnfinishedAnswer) return failed('truncated', true);
  // A no to one third party, or no room for another try that costs, says nothing of the places after it.
  if (error instanceof GatewayError)
    return error.code === 'consent-refused' || error.code === 'over-budget' ? failed(error.code, false) : null;
  if (error instanceof TierError) return placeFaults.has(error.code) ? failed(error.code, false) : null;
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === 'string' && engineFailures.has(code) ? failed(code, code === 'host-crashed') : null;
};

/** What a try's outcome says of its endpoint's health. */
export const circuitOutcome = (outcome: string): CircuitOutcome => {
  if (outcome === 'answered' || outcome === 'handed-over') return 'success';
  return isRemoteCode(outcome) ? circuitOutcomeOf(outcome) : 'neither';
};
