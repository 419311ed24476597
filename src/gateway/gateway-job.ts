/**
 * One request on its way through the gateway: who asks, how far it may go, what is remembered and booked of it.
 */

import type { GenerateUsage } from '../engine/engine.js';
import type { Ledger, RateLimit } from '../ledger/ledger.js';
import { planRoute } from '../route/plan-route.js';
import type { Reach } from '../route/reach.js';
import type { Candidate, PassedOver, Route, RoutePolicy, RouteRequest, RouteStep } from '../route/route.js';
import type { RoutingOptions } from '../tiers/tier.js';
import type { ReceiptBody } from '../trust/receipt.js';
import type { Approvals } from './consent-gate.js';
import type { LiveState } from './live-state.js';
import type { Crossing, Place, PlaceCall } from './place.js';
import { digestOf } from './request-facts.js';
import type { ResponseCache } from './response-cache.js';
import type { RouteLog, RouteTry } from './route-log.js';
import type { TryReport } from './run-steps.js';

export interface GatewayOptions {
  readonly places: readonly Place[];
  readonly policy: RoutePolicy;
  /** How far a request may go, after keys, apps and policies. */
  readonly reachOf: (routing: Pick<RoutingOptions, 'reach' | 'key' | 'app'>) => Reach;
  /** Null: nothing is counted, and nothing goes to a third party. */
  readonly ledger: Ledger | null;
  /** What the budgets of a key and an app leave as far as it is known, whole nanodollars; null for no budget. */
  readonly budgetLeft: (keyId: string | null, app: string | null) => number | null;
  /** Limits that hold beside those stored with a key. */
  readonly rateLimitsOf: (routing: Pick<RoutingOptions, 'key' | 'app'>) => readonly RateLimit[];
  /** Null: no answer is kept. */
  readonly cache: ResponseCache | null;
  /** How long a question to a person stands, milliseconds: a reservation outlives the questions of its request. */
  readonly consentTtlMs: number;
  /** Longest answer that is paid for where a request names none, tokens. */
  readonly answerTokens: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newId: (prefix: string) => string;
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** A receipt could not be written after its answer went out. */
  readonly onUnsettled: (error: unknown) => void;
}

/** What all requests of one gateway share. */
export interface GatewayContext {
  readonly options: GatewayOptions;
  readonly live: LiveState;
  readonly log: RouteLog;
  candidates(): Candidate[];
  placeFor(candidate: Candidate): Place;
}

export interface Job {
  readonly routeId: string;
  readonly routing: RoutingOptions;
  readonly reach: Reach;
  readonly keyId: string | null;
  readonly app: string | null;
  /** Since 1970. */
  readonly createdMs: number;
  /** Of the monotonic clock. */
  readonly startedMs: number;
  readonly requestDigest: string;
  /** Yeses that it has used: its further tries of the same bytes go under the same. */
  readonly approvals: Approvals;
}

export const jobOf = (request: object, routing: RoutingOptions | undefined, { options }: GatewayContext): Job => {
  const given = routing ?? { requestId: options.newId('req_') };
  return {
    routeId: options.newId('route_'),
    routing: given,
    reach: options.reachOf(given),
    keyId: given.key?.id ?? null,
    app: given.key?.app ?? given.app ?? null,
    createdMs: options.now(),
    startedMs: performance.now(),
    requestDigest: digestOf(JSON.stringify(request)),
    approvals: new Map(),
  };
};

export const routeRequestOf = (
  job: Job,
  what: Pick<RouteRequest, 'model' | 'operation' | 'needs'> & {
    readonly deadlineMs: number | undefined;
    /** Absent: as far as it is known here. */
    readonly budgetLeftNanoUsd?: number | null;
  },
  { options }: GatewayContext,
): RouteRequest => {
  const { targets, maxCostNanoUsd } = job.routing;
  const { model, operation, needs, deadlineMs } = what;
  const { budgetLeftNanoUsd = options.budgetLeft(job.keyId, job.app) } = what;
  const asked = {
    model,
    operation,
    needs,
    id: job.routeId,
    reach: job.reach,
    targets: deadlineMs === undefined ? (targets ?? {}) : { ...targets, deadlineMs },
    budgetLeftNanoUsd,
  };
  return maxCostNanoUsd === undefined ? asked : { ...asked, maxCostNanoUsd };
};

/**
 * What is known of budgets is a moment old and chooses between places; that nothing is left at all only the reservation
 * says. So a plan that money alone leaves empty is made again without it.
 */
export const unlessReserved = (planned: Route, { options, candidates }: GatewayContext): Route => {
  if (planned.steps.length > 0 || planned.request.budgetLeftNanoUsd === null) return planned;
  const again = planRoute({ ...planned.request, budgetLeftNanoUsd: null }, candidates(), options.policy);
  return again.steps.length === 0 ? planned : again;
};

/** What a reservation must keep to beside the budgets. */
export const limitsOf = ({ routing }: Job, { options }: GatewayContext) => ({
  rateLimits: options.rateLimitsOf(routing),
  ...(routing.maxCostNanoUsd === undefined ? {} : { maxCostNanoUsd: routing.maxCostNanoUsd }),
});

/** What a place is asked beside the request's own fields: a paid answer is never longer than what was reserved for it. */
export const limitedFor = ({ model, price }: Candidate, maxTokens: number) => ({
  model,
  ...(price === null ? {} : { maxTokens }),
});

export const callFor = (
  job: Job,
  step: RouteStep,
  call: Pick<PlaceCall, 'signal' | 'whole' | 'askConsent' | 'onCrossing'>,
): PlaceCall => ({
  signal: call.signal,
  whole: call.whole,
  askConsent: call.askConsent,
  onCrossing: call.onCrossing,
  reach: job.reach,
  keyId: job.keyId,
  app: job.app,
  consentToken: job.routing.consentToken ?? null,
  approvals: job.approvals,
  worstCostNanoUsd: step.candidate.price === null ? null : step.worstCostNanoUsd,
});

/** The route after admission: what no budget covers is passed over. */
export const joinedRoute = (route: Route, steps: readonly RouteStep[], more: readonly PassedOver[]): Route =>
  more.length === 0 ? route : { ...route, steps, passedOver: [...route.passedOver, ...more] };

/** A try as the log keeps it, times counted from the request's start. */
export const tryOf = (
  job: Job,
  { step, isHedge, outcome, startedMs, endedMs }: Omit<TryReport, 'error'>,
): RouteTry => ({
  candidateId: step.candidate.id,
  isHedge,
  outcome,
  startedMs: Math.round(startedMs - job.startedMs),
  endedMs: Math.round(endedMs - job.startedMs),
});

export interface Ended {
  readonly operation: ReceiptBody['operation'];
  readonly outcome: ReceiptBody['outcome'];
  readonly candidate: Candidate;
  readonly crossing: Crossing | null;
  readonly answerDigest: string;
  readonly usage: GenerateUsage;
  readonly costNanoUsd: number;
  readonly receiptId: string;
}

export const receiptOf = (job: Job, ended: Ended, { options, placeFor }: GatewayContext): ReceiptBody => {
  const { candidate, usage, crossing } = ended;
  const model = placeFor(candidate)
    .models()
    .find(({ id }) => id === candidate.model);
  // In the order of their names, which is the one that they are signed in.
  return {
    answerDigest: ended.answerDigest,
    app: job.app,
    cachedTokens: usage.cachedTokens,
    completionTokens: usage.completionTokens,
    consentId: crossing?.consentId ?? null,
    costNanoUsd: ended.costNanoUsd,
    endedMs: options.now(),
    endpoint: candidate.endpoint,
    evidenceDigest: null,
    id: ended.receiptId,
    keyId: job.keyId,
    model: candidate.model,
    modelDigest: model?.digest ?? null,
    operation: ended.operation,
    outcome: ended.outcome,
    promptTokens: usage.promptTokens,
    reach: job.reach,
    redactions: crossing?.redactions ?? {},
    requestDigest: job.requestDigest,
    requestId: job.routing.requestId,
    startedMs: job.createdMs,
    tier: candidate.tier,
    version: 1,
  };
};
