/**
 * What past requests say about the speed of a candidate, as decayed sums: an observation counts half after
 * `halfLifeMs`, and an estimate without new ones keeps its value. Times arrive as arguments; state is a value.
 *
 * Time to first token is fitted as overhead + prompt tokens * time per token (least squares over the new tokens of each
 * prompt, so that a far endpoint's round trip is not taken for slow prefill). Decode speed is tokens by time, so that
 * long answers count for more.
 */
import type { CandidateSpeed } from './route.js';

export interface SpeedEstimate {
  readonly atMs: number;
  /** Decayed sums over runs, of x = new prompt tokens and y = their time to first token without the queue. */
  readonly runs: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  readonly decodedTokens: number;
  readonly decodeMs: number;
  /** Over all runs, those too that came in one piece and say nothing of their first token; decayed by themselves. */
  readonly servedAtMs: number;
  readonly services: number;
  readonly serviceMs: number;
}

/** A finished request; the fields of an answer's usage and timings. */
export interface ObservedRun {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly queueMs: number;
  /** Submission to first token, and to the end. */
  readonly ttftMs: number;
  readonly totalMs: number;
  /** It came in one piece: when its first token was there is not known. */
  readonly whole?: boolean;
}

export const halfLifeMs = 60_000;
/** Below these the clock says more than the machine. */
const shortestMs = 0.01;
/** Above this a figure is a fault: 115 days, ten billion tokens. */
const largestFigure = 1e10;
/** Faster than any machine; said for reading where time to first token does not grow with the prompt. */
const fastestTokensPerSecond = 10_000_000;
/**
 * Pulls the slope towards 0 as if each run had a spread of that many tokens without any effect: prompts of nearly one
 * length cannot tell overhead from speed, and must not make a longer one look hopeless before it was tried.
 */
const spreadTokens = 16;

export const emptySpeed: SpeedEstimate = {
  atMs: 0,
  runs: 0,
  x: 0,
  y: 0,
  xx: 0,
  xy: 0,
  decodedTokens: 0,
  decodeMs: 0,
  servedAtMs: 0,
  services: 0,
  serviceMs: 0,
};

const isUsable = (run: ObservedRun): boolean =>
  [run.promptTokens, run.cachedTokens, run.completionTokens, run.queueMs, run.ttftMs, run.totalMs].every(
    (value) => value >= 0 && value <= largestFigure,
  );

/** What an observation still counts after so long. */
const keptAfter = (elapsedMs: number): number => 2 ** (-Math.max(0, elapsedMs) / halfLifeMs);

/** Adds a run that ended at `nowMs`; one with a figure that cannot be is left out. */
export const observeRun = (estimate: SpeedEstimate, run: ObservedRun, nowMs: number): SpeedEstimate => {
  if (!isUsable(run)) return estimate;
  const x = Math.max(0, run.promptTokens - run.cachedTokens);
  const y = Math.max(shortestMs, run.ttftMs - run.queueMs);
  const further = Math.max(0, run.completionTokens - 1);
  const keepServed = keptAfter(nowMs - estimate.servedAtMs);
  const served = {
    servedAtMs: nowMs,
    services: estimate.services * keepServed + 1,
    serviceMs: estimate.serviceMs * keepServed + Math.max(shortestMs, run.totalMs - run.queueMs),
  };
  if (run.whole === true) return { ...estimate, ...served };
  const keep = keptAfter(nowMs - estimate.atMs);
  return {
    ...served,
    atMs: nowMs,
    runs: estimate.runs * keep + 1,
    x: estimate.x * keep + x,
    y: estimate.y * keep + y,
    xx: estimate.xx * keep + x * x,
    xy: estimate.xy * keep + x * y,
    decodedTokens: estimate.decodedTokens * keep + further,
    decodeMs: estimate.decodeMs * keep + (further > 0 ? Math.max(shortestMs, run.totalMs - run.ttftMs) : 0),
  };
};

/** Time per prompt token and fixed time, both in milliseconds and not below 0. */
const fitFirstToken = ({ runs, x, y, xx, xy }: SpeedEstimate): { msPerToken: number; overheadMs: number } => {
  const spread = Math.max(0, xx - (x * x) / runs) + runs * spreadTokens ** 2;
  const msPerToken = Math.max(0, (xy - (x * y) / runs) / spread);
  const overheadMs = (y - msPerToken * x) / runs;
  if (overheadMs >= 0) return { msPerToken, overheadMs };
  return { msPerToken: xy / xx, overheadMs: 0 };
};

/** Null before the first run. The decode rate is 0, which stands for unknown, before the first answer of two tokens. */
export const speedOf = (estimate: SpeedEstimate): CandidateSpeed | null => {
  if (estimate.runs === 0) return null;
  const { msPerToken, overheadMs } = fitFirstToken(estimate);
  return {
    prefillTokensPerSecond: Math.min(fastestTokensPerSecond, 1000 / msPerToken),
    decodeTokensPerSecond:
      estimate.decodedTokens > 0
        ? Math.min(fastestTokensPerSecond, (1000 * estimate.decodedTokens) / estimate.decodeMs)
        : 0,
    overheadMs,
  };
};

/** Mean time that a request held its place; null before the first run. */
export const meanServiceMsOf = ({ services, serviceMs }: SpeedEstimate): number | null =>
  services === 0 ? null : serviceMs / services;

/** Whole answers are asked for where they are expected in this part of the time that they have. */
const soonShare = 0.5;

/**
 * True where an answer of so many tokens is expected well within `withinMs`, the time after which its silence would mean
 * something, as far as it is known: then nobody learns anything from its pieces, and it may come in one.
 */
export const answersSoon = (
  estimate: SpeedEstimate,
  answer: { readonly promptTokens: number; readonly maxTokens: number; readonly withinMs: number },
): boolean => {
  const speed = speedOf(estimate);
  const meanServiceMs = meanServiceMsOf(estimate);
  if (speed === null || meanServiceMs === null || speed.decodeTokensPerSecond === 0) return false;
  const expectedMs =
    (speed.overheadMs ?? 0) +
    (1000 * answer.promptTokens) / speed.prefillTokensPerSecond +
    (1000 * answer.maxTokens) / speed.decodeTokensPerSecond;
  return Math.max(expectedMs, meanServiceMs) <= answer.withinMs * soonShare;
};
