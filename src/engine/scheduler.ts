/**
 * The scheduler: which tokens of which sequence are computed in the next step, and what the cache does before it.
 *
 * Continuous batching: running streams first, then as much prompt as the budget allows, oldest first. A pure policy:
 * no I/O, no clock, no randomness, nothing of llama.cpp; the host runs it against the real thing, the planner against a
 * cost model. A caller repeats: `plan`, carry out, `commit` each group, then `append` or `end` per row with logits.
 */
import { EngineError } from './engine-error.js';
import { createStepBudget } from './scheduler-budget.js';
import { createSchedulerCache, type Leader } from './scheduler-cache.js';
import { createFairQueue } from './scheduler-queue.js';
import {
  addToken,
  computedTokens,
  createSequence,
  placeRequest,
  type ScheduledSequence,
} from './scheduler-sequence.js';
import { createStepBuilder } from './scheduler-step.js';
import type { SchedulerConfig, Sequence, SequenceRequest, StepGroup, StepPlan } from './scheduler-types.js';

export interface Scheduler {
  /** Queues a request; 'full' when the queue is at its limit. Throws `context-overflow` for what can never run. */
  submit(request: SequenceRequest): 'queued' | 'full';
  /** Ends a request wherever it is; false when there is none of this id. Its cells can be reused. */
  cancel(id: number): boolean;
  /** The next step; `groupCount` 0 when there is nothing to compute. The object is reused by the next call. */
  plan(nowMs: number): StepPlan;
  /** What was to be in this slot is not: it is empty. The rows of its sequence are taken out of the plan. */
  prefixFailed(slot: number): void;
  /** A `spill` failed: there is no such blob. */
  spillFailed(blob: number): void;
  /** The group was computed and took so long. */
  commit(group: StepGroup, durationMs: number): void;
  /** The next token of a row with logits; false when it was the last one allowed (then call `end`). */
  append(sequence: Sequence, token: number): boolean;
  /** The sequence is done. With `keep` its cells may serve later requests. */
  end(sequence: Sequence, options?: { readonly keep?: boolean }): void;
  /** Cells in a slot now: the position that a filler row takes. */
  slotLength(slot: number): number;
  readonly queued: number;
  readonly running: number;
  readonly cellsUsed: number;
  readonly cellsTotal: number;
  readonly spilledBytes: number;
  /** The earliest deadline of all requests; Infinity when there is none. May be too early, never too late. */
  readonly nextDeadlineMs: number;
}

/** Cells kept free for each running answer before another request is let in (`unified`). */
const headroomTokens = 64;

export const createScheduler = (given: SchedulerConfig): Scheduler => {
  // Exact rules hold where a piece has a pass of its own.
  const exact = given.mixedBatches || given.layout === 'unified' ? null : given.exact;
  const config: SchedulerConfig = { ...given, exact };
  const budget = createStepBudget(config.budget);
  const cache = createSchedulerCache(config, budget.promptMsPerToken);
  const queue = createFairQueue<ScheduledSequence>(config.queueLimit);
  const sequences = new Map<number, ScheduledSequence>();
  /** Oldest first. */
  const running: ScheduledSequence[] = [];
  /** Oldest first; they go before the queue. */
  const preempted: ScheduledSequence[] = [];
  const pooled = config.layout === 'unified';
  let admissions = 0;
  let nextDeadlineMs = Infinity;

  const preemptLatest = (except: ScheduledSequence): boolean => {
    const victim = running.at(-1);
    if (victim === undefined || victim === except) return false;
    running.pop();
    cache.release(victim.slot, computedTokens(victim), victim.exactTokens, victim.request.scope);
    victim.slot = -1;
    victim.computed = 0;
    victim.exactTokens = 0;
    victim.leader = null;
    victim.state = 'preempted';
    const at = preempted.findIndex((other) => other.order > victim.order);
    preempted.splice(at < 0 ? preempted.length : at, 0, victim);
    return true;
  };
  const steps = createStepBuilder({ config, budget, cache, running, preemptLatest });
  const { plan } = steps;

  /** Cells that a sequence still takes soon; those that its leader is about to make are the leader's. */
  const appetite = (sequence: ScheduledSequence, leader: Leader | null): number =>
    sequence.length -
    Math.max(sequence.computed, pooled ? (leader?.shared ?? 0) : 0) +
    Math.min(headroomTokens, sequence.request.maxTokens - sequence.made);

  const announce = (sequence: ScheduledSequence): void => {
    if (sequence.computed > 0) plan.placed.push(sequence);
    if (sequence.started) return;
    sequence.started = true;
    sequence.cachedTokens = sequence.computed;
    plan.started.push(sequence);
  };

  const admit = (sequence: ScheduledSequence): boolean => {
    const request = placeRequest(sequence, exact !== null);
    const leader = cache.leader(request);
    let needed = appetite(sequence, leader);
    if (pooled) for (const other of running) needed += appetite(other, other.leader);
    const placement = cache.place(leader === null ? request : { ...request, tokens: null }, needed);
    if (placement === null) return false;
    sequence.leader = leader;
    sequence.slot = placement.slot;
    sequence.computed = placement.cached;
    sequence.exactTokens = placement.exactTokens;
    if (sequence.state === 'queued') sequence.order = admissions++;
    sequence.state = 'running';
    if (leader === null) announce(sequence);
    const at = running.findLastIndex((other) => other.order < sequence.order);
    running.splice(at + 1, 0, sequence);
    return true;
  };

  const admitAll = (): void => {
    while (running.length < config.parallel) {
      const resumed = preempted[0];
      if (resumed !== undefined) {
        if (!admit(resumed)) return;
        preempted.shift();
        continue;
      }
      const next = queue.peek();
      if (next === null || !admit(next)) return;
      queue.take();
      queue.charge(next.request.client, next.length - next.computed);
    }
  };

  /** Followers whose leader has come far enough, or is gone, take what is there. */
  const wakeFollowers = (): void => {
    for (const sequence of running) {
      if (sequence.leader === null) continue;
      const { holder, shared } = sequence.leader;
      if (holder.running && cache.cells.length(holder.slot) < shared) continue;
      const placement = cache.attach(sequence.slot, placeRequest(sequence, exact !== null));
      sequence.leader = null;
      sequence.computed = placement.cached;
      sequence.exactTokens = placement.exactTokens;
      announce(sequence);
    }
  };

  const remove = (sequence: ScheduledSequence, keep: boolean): void => {
    const { request } = sequence;
    if (sequence.state === 'gone') return;
    if (sequence.state === 'queued') queue.remove(request.client, sequence);
    else {
      if (sequence.state === 'running') {
        running.splice(running.indexOf(sequence), 1);
        cache.release(
          sequence.slot,
          keep ? computedTokens(sequence) : null,
          sequence.exactTokens,
          sequence.request.scope,
        );
      } else preempted.splice(preempted.indexOf(sequence), 1);
      queue.leave(request.client);
    }
    sequence.state = 'gone';
    sequence.slot = -1;
    sequences.delete(request.id);
  };

  const expire = (nowMs: number): void => {
    if (nowMs < nextDeadlineMs) return;
    nextDeadlineMs = Infinity;
    for (const sequence of [...sequences.values()]) {
      const { deadlineMs } = sequence.request;
      if (deadlineMs <= nowMs) {
        remove(sequence, true);
        plan.expired.push(sequence);
      } else nextDeadlineMs = Math.min(nextDeadlineMs, deadlineMs);
    }
  };

  return {
    submit(request) {
      const sequence = createSequence(request);
      const { length } = sequence;
      const longest = Math.min(config.contextLength, pooled ? config.cells : Infinity);
      if (length < 1 || length + request.maxTokens > longest)
        throw new EngineError(
          'context-overflow',
          `Cannot schedule a prompt of ${length} tokens and an answer of ${request.maxTokens}: a sequence holds ${longest}`,
          { details: { promptTokens: length, contextLength: longest } },
        );
      if (!queue.push(request.client, sequence)) return 'full';
      sequences.set(request.id, sequence);
      nextDeadlineMs = Math.min(nextDeadlineMs, request.deadlineMs);
      return 'queued';
    },
    cancel(id) {
      const sequence = sequences.get(id);
      if (sequence === undefined) return false;
      remove(sequence, true);
      return true;
    },
    plan(nowMs) {
      steps.clear();
      expire(nowMs);
      wakeFollowers();
      admitAll();
      steps.build();
      return plan;
    },
    prefixFailed(slot) {
      const sequence = running.find((candidate) => candidate.slot === slot);
      if (sequence === undefined) return;
      cache.forget(slot);
      steps.drop(sequence);
      sequence.computed = 0;
      sequence.exactTokens = 0;
      sequence.cachedTokens = 0;
    },
    spillFailed: (blob) => cache.forgetBlob(blob),
    commit: (group, durationMs) => steps.commit(group, durationMs),
    append(sequence, token) {
      const own = sequence as ScheduledSequence;
      addToken(own, token, config.contextLength + 1);
      queue.charge(own.request.client, 1);
      return own.made < own.request.maxTokens;
    },
    end: (sequence, options = {}) => remove(sequence as ScheduledSequence, options.keep ?? true),
    slotLength: (slot) => cache.cells.length(slot),
    get queued() {
      return queue.size + preempted.length;
    },
    get running() {
      return running.length;
    },
    get cellsUsed() {
      return cache.cells.used();
    },
    get cellsTotal() {
      return cache.cells.total;
    },
    get spilledBytes() {
      return cache.spilledBytes();
    },
    get nextDeadlineMs() {
      return nextDeadlineMs;
    },
  };
};
