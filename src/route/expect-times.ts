/**
 * How long a candidate is expected to take, from its measured speed and its load. Estimates of means: nothing here
 * promises a deadline.
 *
 * With the request's prompt and answer tokens:
 *   queueMs = max(0, running + queued - parallel + 1) * meanServiceMs / parallel
 *   firstMs = overheadMs + 1000 * promptTokens / prefillTokensPerSecond
 *   ttftMs  = queueMs + firstMs
 *   totalMs = ttftMs + maxTokens * tpotMs, tpotMs = 1000 / decodeTokensPerSecond
 *
 * The first: with n places all taken, the k-th place to come free takes k * S / n on average where service times are
 * exponential with mean S (the M/M/n queue; Kleinrock, Queueing Systems I, 3.5).
 */
import type { Candidate, CandidateLoad, RouteRequest } from './route.js';

/** All in milliseconds; null where what it follows from is unknown. */
export interface ExpectedTimes {
  readonly queueMs: number | null;
  /** Time to first token of an idle candidate. */
  readonly firstMs: number | null;
  readonly tpotMs: number | null;
  readonly ttftMs: number | null;
  /** For the longest answer. */
  readonly totalMs: number | null;
}

/** Time until a place is free; 0 where one is. */
export const expectedQueueMs = (load: CandidateLoad): number => {
  const parallel = Math.max(1, load.parallel);
  return (Math.max(0, load.running + load.queued - parallel + 1) * load.meanServiceMs) / parallel;
};

const msPerToken = (tokensPerSecond: number): number | null => (tokensPerSecond > 0 ? 1000 / tokensPerSecond : null);

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

export const expectTimes = ({ speed, load }: Candidate, { needs, operation }: RouteRequest): ExpectedTimes => {
  const prefillMs = speed === null ? null : msPerToken(speed.prefillTokensPerSecond);
  const tpotMs = speed === null || operation === 'embedding' ? null : msPerToken(speed.decodeTokensPerSecond);
  const firstMs = prefillMs === null ? null : (speed?.overheadMs ?? 0) + needs.promptTokens * prefillMs;
  const queueMs = load === null ? null : expectedQueueMs(load);
  const ttftMs = sum(queueMs, firstMs);
  const answerMs = operation === 'embedding' ? 0 : tpotMs === null ? null : needs.maxTokens * tpotMs;
  return { queueMs, firstMs, tpotMs, ttftMs, totalMs: sum(ttftMs, answerMs) };
};
