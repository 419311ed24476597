/**
 * A circuit breaker as a state machine: whether an endpoint that failed is left alone. Times arrive as arguments, from a
 * clock that may jump; state is a value.
 *
 * It counts outcomes in a rolling window of ten buckets and opens when enough of them failed. After a cool-down it lets
 * one request through on trial: a success closes it, a failure opens it for twice as long, up to a limit.
 */

export interface CircuitPolicy {
  readonly windowMs: number;
  /** Outcomes in the window below which it never opens. */
  readonly minimumCount: number;
  /** Share of failures, 0 to 1, at which it opens. */
  readonly failureShare: number;
  readonly coolDownMs: number;
  readonly longestCoolDownMs: number;
  /** A trial of which nothing was heard for this long is given up, and another one may start. */
  readonly trialMs: number;
}

export const defaultCircuitPolicy: CircuitPolicy = {
  windowMs: 60_000,
  minimumCount: 5,
  failureShare: 0.5,
  coolDownMs: 5_000,
  longestCoolDownMs: 300_000,
  trialMs: 120_000,
};

interface Bucket {
  /** Number of the bucket's slice of time since time 0. */
  readonly slice: number;
  readonly successes: number;
  readonly failures: number;
}

export interface CircuitState {
  readonly buckets: readonly Bucket[];
  /** Null while closed. */
  readonly opened: {
    readonly atMs: number;
    readonly coolDownMs: number;
    /** When the running trial started; null without one. */
    readonly trialAtMs: number | null;
  } | null;
}

export type CircuitPhase = 'closed' | 'open' | 'half-open';

/** `neither`: the request ended without a word on the endpoint's health, such as by its client. */
export type CircuitOutcome = 'success' | 'failure' | 'neither';

export interface CircuitClock {
  readonly nowMs: number;
  readonly policy: CircuitPolicy;
}

export const closedCircuit: CircuitState = { buckets: [], opened: null };

const bucketCount = 10;

/** A clock that jumped back counts as time gone by: rather a trial too early than an endpoint left alone for long. */
const hasPassed = ({ sinceMs, nowMs, waitMs }: { sinceMs: number; nowMs: number; waitMs: number }): boolean =>
  nowMs < sinceMs || nowMs - sinceMs >= waitMs;

/** `half-open` says that one request may go through; while it runs, the circuit is `open` to others. */
export const circuitPhase = ({ opened }: CircuitState, { nowMs, policy }: CircuitClock): CircuitPhase => {
  if (opened === null) return 'closed';
  const { atMs, coolDownMs, trialAtMs } = opened;
  if (trialAtMs !== null)
    return hasPassed({ sinceMs: trialAtMs, nowMs, waitMs: policy.trialMs }) ? 'half-open' : 'open';
  return hasPassed({ sinceMs: atMs, nowMs, waitMs: coolDownMs }) ? 'half-open' : 'open';
};

/** Asks to send a request; `trial` belongs to the request and comes back with its outcome. */
export const enterCircuit = (
  state: CircuitState,
  clock: CircuitClock,
): { readonly admitted: boolean; readonly trial: boolean; readonly state: CircuitState } => {
  const phase = circuitPhase(state, clock);
  if (phase === 'closed' || state.opened === null) return { admitted: true, trial: false, state };
  if (phase === 'open') return { admitted: false, trial: false, state };
  return { admitted: true, trial: true, state: { ...state, opened: { ...state.opened, trialAtMs: clock.nowMs } } };
};

const open = ({ nowMs, coolDownMs }: { nowMs: number; coolDownMs: number }): CircuitState => ({
  buckets: [],
  opened: { atMs: nowMs, coolDownMs, trialAtMs: null },
});

const count = (buckets: readonly Bucket[], { outcome, slice }: { outcome: 'success' | 'failure'; slice: number }) => {
  const kept = buckets.filter((bucket) => bucket.slice > slice - bucketCount && bucket.slice < slice);
  const current = buckets.find((bucket) => bucket.slice === slice) ?? { slice, successes: 0, failures: 0 };
  const counted =
    outcome === 'success'
      ? { ...current, successes: current.successes + 1 }
      : { ...current, failures: current.failures + 1 };
  return [...kept, counted];
};

const isOverLine = (buckets: readonly Bucket[], { minimumCount, failureShare }: CircuitPolicy): boolean => {
  let failures = 0;
  let total = 0;
  for (const bucket of buckets) {
    failures += bucket.failures;
    total += bucket.failures + bucket.successes;
  }
  return failures > 0 && total >= minimumCount && failures >= failureShare * total;
};

/** Tells how a request ended. While the circuit is open only the trial's outcome counts: others began before it. */
export const recordInCircuit = (
  state: CircuitState,
  { outcome, trial, nowMs, policy }: CircuitClock & { readonly outcome: CircuitOutcome; readonly trial: boolean },
): CircuitState => {
  const { opened } = state;
  if (opened !== null) {
    if (!trial) return state;
    switch (outcome) {
      case 'success':
        return closedCircuit;
      case 'failure':
        return open({ nowMs, coolDownMs: Math.min(policy.longestCoolDownMs, opened.coolDownMs * 2) });
      case 'neither':
        return { ...state, opened: { ...opened, trialAtMs: null } };
      default:
        return outcome satisfies never;
    }
  }
  if (outcome === 'neither') return state;
  const slice = Math.floor(nowMs / (policy.windowMs / bucketCount));
  const buckets = count(state.buckets, { outcome, slice });
  return outcome === 'failure' && isOverLine(buckets, policy)
    ? open({ nowMs, coolDownMs: Math.min(policy.coolDownMs, policy.longestCoolDownMs) })
    : { buckets, opened: null };
};
