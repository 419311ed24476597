/** What would break: a dead endpoint asked by everybody, a healthy one left alone for ever, two trials at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CircuitState,
  circuitPhase,
  closedCircuit,
  enterCircuit,
  defaultCircuitPolicy as policy,
  recordInCircuit,
} from './circuit.js';

const record = (state: CircuitState, outcome: 'success' | 'failure' | 'neither', nowMs: number, trial = false) =>
  recordInCircuit(state, { outcome, trial, nowMs, policy });

const failTimes = (count: number, nowMs: number, from: CircuitState = closedCircuit): CircuitState =>
  Array.from({ length: count }).reduce<CircuitState>((state) => record(state, 'failure', nowMs), from);

describe('circuit', () => {
  it('opens at the share of failures, not before there are enough outcomes', () => {
    expect(circuitPhase(failTimes(4, 1_000), { nowMs: 1_000, policy })).toBe('closed');
    expect(circuitPhase(failTimes(5, 1_000), { nowMs: 1_000, policy })).toBe('open');
    const mixed = ['success', 'success', 'success', 'failure', 'failure'] as const;
    const below = mixed.reduce<CircuitState>((state, outcome) => record(state, outcome, 1_000), closedCircuit);
    expect(circuitPhase(below, { nowMs: 1_000, policy })).toBe('closed');
    expect(circuitPhase(record(below, 'failure', 1_000), { nowMs: 1_000, policy })).toBe('open');
  });

  it('forgets what is older than the window', () => {
    const old = failTimes(4, 1_000);
    expect(record(old, 'failure', 1_000 + policy.windowMs).opened).toBeNull();
    expect(record(old, 'failure', 1_000 + policy.windowMs / 2).opened).not.toBeNull();
  });

  it('lets one request through after the cool-down, and closes when it succeeds', () => {
    const opened = failTimes(5, 0);
    expect(enterCircuit(opened, { nowMs: 4_999, policy })).toMatchObject({ admitted: false });
    const trial = enterCircuit(opened, { nowMs: 5_000, policy });
    expect(trial).toMatchObject({ admitted: true, trial: true });
    expect(enterCircuit(trial.state, { nowMs: 5_001, policy })).toMatchObject({ admitted: false });
    expect(record(trial.state, 'success', 6_000, true)).toEqual(closedCircuit);
  });

  it('waits twice as long after each failed trial, up to the limit', () => {
    let state = failTimes(5, 0);
    let nowMs = 0;
    const coolDowns: number[] = [];
    for (let round = 0; round < 9; round++) {
      coolDowns.push(state.opened!.coolDownMs);
      nowMs += state.opened!.coolDownMs;
      state = record(enterCircuit(state, { nowMs, policy }).state, 'failure', nowMs, true);
    }
    expect(coolDowns).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000));
  });

  it('hears only the trial while open, and frees the place of one that ended without a word', () => {
    const trial = enterCircuit(failTimes(5, 0), { nowMs: 5_000, policy }).state;
    expect(record(trial, 'success', 5_001)).toBe(trial);
    expect(circuitPhase(record(trial, 'neither', 5_002, true), { nowMs: 5_002, policy })).toBe('half-open');
    expect(circuitPhase(trial, { nowMs: 5_000 + policy.trialMs, policy })).toBe('half-open');
  });

  it('any history and any clock: it lets somebody through in bounded time, one at a time, and keeps little', () => {
    const event = fc.record({
      outcome: fc.constantFrom('success' as const, 'failure' as const, 'failure' as const, 'neither' as const),
      stepMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: -1e7, max: 1e7 })),
      lost: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let state = closedCircuit;
        let nowMs = 1e9;
        for (const { outcome, stepMs, lost } of events) {
          nowMs += stepMs;
          const before = circuitPhase(state, { nowMs, policy });
          const entered = enterCircuit(state, { nowMs, policy });
          expect(entered.admitted).toBe(before !== 'open');
          expect(entered.trial).toBe(before === 'half-open');
          if (entered.trial) expect(enterCircuit(entered.state, { nowMs, policy }).admitted).toBe(false);
          state = entered.state;
          if (entered.admitted && !lost) state = record(state, outcome, nowMs, entered.trial);
          expect(state.buckets.length).toBeLessThanOrEqual(10);
          const laterMs = nowMs + policy.longestCoolDownMs + policy.trialMs;
          expect(circuitPhase(state, { nowMs: laterMs, policy })).not.toBe('open');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
