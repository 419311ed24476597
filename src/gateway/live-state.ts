/**
 * What this server has seen of its places since it started: circuits by endpoint, speeds and service times by model.
 *
 * The arithmetic is `route`'s; here are only the values. Of this server alone: others learn for themselves.
 */
import {
  type CircuitOutcome,
  type CircuitPhase,
  type CircuitState,
  circuitPhase,
  closedCircuit,
  defaultCircuitPolicy,
  enterCircuit,
  recordInCircuit,
} from '../route/circuit.js';
import type { Candidate, CandidateSpeed } from '../route/route.js';
import {
  answersSoon,
  emptySpeed,
  meanServiceMsOf,
  type ObservedRun,
  observeRun,
  type SpeedEstimate,
  speedOf,
} from '../route/speed-estimate.js';

type Place = Pick<Candidate, 'tier' | 'endpoint'>;

export interface LiveState {
  circuit(place: Place): CircuitPhase;
  /** Asks to send; null where the circuit lets nothing through. The trial flag comes back with the outcome. */
  enter(place: Place): { readonly trial: boolean } | null;
  leave(place: Place, outcome: CircuitOutcome, trial: boolean): void;
  observe(candidateId: string, run: ObservedRun): void;
  speed(candidateId: string): CandidateSpeed | null;
  /** True where it is known to answer so fast that the answer may come in one piece; see `answersSoon`. */
  answersSoon(candidateId: string, answer: Parameters<typeof answersSoon>[1]): boolean;
  /** It was not as fast as that: nothing counts as known of it until it was seen again. */
  forgetSpeed(candidateId: string): void;
  /** Null before the first run. */
  meanServiceMs(candidateId: string): number | null;
}

/** `now`: milliseconds of a clock that does not jump. */
export const createLiveState = (now: () => number): LiveState => {
  const circuits = new Map<string, CircuitState>();
  const speeds = new Map<string, SpeedEstimate>();
  const policy = defaultCircuitPolicy;
  const keyOf = ({ tier, endpoint }: Place): string => `${tier}/${endpoint}`;
  const stateOf = (place: Place): CircuitState => circuits.get(keyOf(place)) ?? closedCircuit;
  return {
    circuit: (place) => circuitPhase(stateOf(place), { nowMs: now(), policy }),
    enter(place) {
      const { admitted, trial, state } = enterCircuit(stateOf(place), { nowMs: now(), policy });
      if (!admitted) return null;
      circuits.set(keyOf(place), state);
      return { trial };
    },
    leave(place, outcome, trial) {
      circuits.set(keyOf(place), recordInCircuit(stateOf(place), { outcome, trial, nowMs: now(), policy }));
    },
    observe(candidateId, run) {
      speeds.set(candidateId, observeRun(speeds.get(candidateId) ?? emptySpeed, run, now()));
    },
    speed(candidateId) {
      const estimate = speeds.get(candidateId);
      return estimate === undefined ? null : speedOf(estimate);
    },
    answersSoon(candidateId, answer) {
      const estimate = speeds.get(candidateId);
      return estimate !== undefined && answersSoon(estimate, answer);
    },
    forgetSpeed(candidateId) {
      speeds.delete(candidateId);
    },
    meanServiceMs(candidateId) {
      const estimate = speeds.get(candidateId);
      return estimate === undefined ? null : meanServiceMsOf(estimate);
    },
  };
};
