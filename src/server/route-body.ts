/**
 * A route in the words of the wire: what `GET /v1/routes/{id}` answers, and the part of it that is known before anything
 * ran, for whoever explains a route beforehand.
 */
import type { RouteRecord } from '../gateway/route-log.js';
import type { Candidate, Route, RouteStep } from '../route/route.js';

const dollars = (nanoUsd: number): number => nanoUsd / 1e9;

const candidateBody = ({ tier, endpoint, model }: Candidate) => ({ tier, endpoint, model });

/** Whoever takes money without a known price can cost anything. */
const worstCostOf = ({ candidate, worstCostNanoUsd }: RouteStep): number | null =>
  candidate.tier === 'third-party' && candidate.price === null ? null : dollars(worstCostNanoUsd);

const stepBody = (step: RouteStep) => ({
  ...candidateBody(step.candidate),
  because: step.because,
  needs_consent: step.needsConsent,
  worst_cost_usd: worstCostOf(step),
  expected_ttft_ms: step.expectedTtftMs,
  expected_total_ms: step.expectedTotalMs,
});

/** `steps` in the order in which they are tried, `passed_over` by name. */
export const planBody = ({ request, steps, passedOver }: Route) => ({
  object: 'route',
  model: request.model,
  operation: request.operation,
  reach: request.reach,
  steps: steps.map(stepBody),
  passed_over: passedOver.map(({ candidate, reason, detail }) => ({ ...candidateBody(candidate), reason, detail })),
});

export const routeBody = (record: RouteRecord) => ({
  id: record.id,
  created: Math.floor(record.createdMs / 1000),
  ...planBody(record.route),
  tries: record.tries.map((one) => ({
    candidate: one.candidateId,
    outcome: one.outcome,
    hedge: one.isHedge,
    started_ms: one.startedMs,
    ended_ms: one.endedMs,
  })),
  served_by: record.servedBy,
  cost_usd: record.costNanoUsd === null ? null : dollars(record.costNanoUsd),
  receipt_id: record.receiptId,
});
