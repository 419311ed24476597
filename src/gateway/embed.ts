/**
 * Embeddings through the gateway: plan, reserve, the first step that gives them, settle, remember. Never hedged, and
 * never in pieces.
 */
import { createHash } from 'node:crypto';
import { afterFailure } from '../route/after-failure.js';
import { costNanoUsd } from '../route/cost.js';
import { planRoute } from '../route/plan-route.js';
import type { Route, RouteStep } from '../route/route.js';
import type { CallOptions, EmbeddingRequest, EmbeddingResult } from '../tiers/tier.js';
import { type Admission, admit } from './admission.js';
import { assertAnswerable } from './assert-answerable.js';
import { circuitOutcome, failureOf } from './failures.js';
import {
  callFor,
  type GatewayContext,
  type Job,
  jobOf,
  joinedRoute,
  receiptOf,
  routeRequestOf,
  tryOf,
} from './gateway-job.js';
import { reservationSlackMs } from './generate.js';
import type { Crossing } from './place.js';
import { embeddingNeeds, embeddingSize } from './request-facts.js';
import type { RouteTry } from './route-log.js';

interface Running {
  readonly job: Job;
  readonly request: EmbeddingRequest;
  readonly route: Route;
  readonly tries: RouteTry[];
  readonly signal: AbortSignal;
}

interface Embedded {
  readonly step: RouteStep;
  readonly result: EmbeddingResult;
  readonly crossing: Crossing | null;
}

const runAlong = async (running: Running, { options, live, placeFor }: GatewayContext): Promise<Embedded> => {
  const { job, request, route, signal } = running;
  const { policy } = options;
  let index = 0;
  let triesHere = 0;
  for (;;) {
    const step = route.steps[index]!;
    const { candidate } = step;
    const startedMs = performance.now();
    let crossing: Crossing | null = null;
    triesHere++;
    const tell = (outcome: string): void => {
      running.tries.push(tryOf(job, { step, isHedge: false, outcome, startedMs, endedMs: performance.now() }));
      live.leave(candidate, circuitOutcome(outcome), false);
    };
    try {
      const onCrossing = (made: Crossing): void => {
        crossing = made;
      };
      const call = callFor(job, step, { signal, onCrossing, askConsent: null });
      const result = await placeFor(candidate).embed({ ...request, model: candidate.model }, call);
      tell('answered');
      return { step, result, crossing };
    } catch (error) {
      const failure = signal.aborted ? null : failureOf(error);
      tell(signal.aborted ? 'cancelled' : (failure?.code ?? 'ended'));
      if (failure === null) throw error;
      const decision = afterFailure(
        {
          tries: triesHere,
          stepsLeft: route.steps.length - 1 - index,
          remainingMs: policy.timeouts.totalMs - (performance.now() - job.startedMs),
          canContinue: false,
          retries: policy.retries,
        },
        failure,
        options.random(),
      );
      if (decision.type === 'give-up') throw error;
      if (decision.type === 'retry') await options.sleep(decision.afterMs, signal);
      else {
        index++;
        triesHere = 0;
      }
    }
  }
};

const book = (
  { step, result, crossing }: Embedded,
  job: Job,
  { admission, context }: { readonly admission: Admission; readonly context: GatewayContext },
): { readonly cost: number; readonly receiptId: string | null } => {
  const { options } = context;
  const { candidate } = step;
  const usage = { promptTokens: result.promptTokens, cachedTokens: 0, completionTokens: 0 };
  const cost = costNanoUsd(usage, candidate.price);
  if (options.ledger === null) return { cost, receiptId: null };
  const receiptId = options.newId('rcpt_');
  const hash = createHash('sha256');
  for (const vector of result.vectors) hash.update(vector);
  const answerDigest = `sha256:${hash.digest('hex')}`;
  const ended = { operation: 'embedding', outcome: 'done', candidate, crossing, answerDigest, usage } as const;
  const receipt = receiptOf(job, { ...ended, costNanoUsd: cost, receiptId }, context);
  admission.settle({ nanoUsd: cost, tokens: result.promptTokens, receipt }).catch(options.onUnsettled);
  return { cost, receiptId };
};

export const embed = async (
  request: EmbeddingRequest,
  context: GatewayContext,
  call: CallOptions,
): Promise<EmbeddingResult> => {
  const { options, log } = context;
  const { policy } = options;
  const signal = call.signal ?? new AbortController().signal;
  const job = jobOf(request, call.routing, context);
  const size = embeddingSize(request);
  const { model, deadlineMs } = request;
  const asked = routeRequestOf(job, { model, operation: 'embedding', needs: embeddingNeeds(size), deadlineMs });
  const planned = planRoute(asked, context.candidates(), policy);
  assertAnswerable(planned, policy);
  const admission = await admit(options.ledger, {
    id: job.routeId,
    keyId: job.keyId,
    app: job.app,
    steps: planned.steps,
    mostTokens: size.mostTokens,
    expiresMs: job.createdMs + policy.timeouts.totalMs + reservationSlackMs,
    routeId: job.routeId,
  });
  const route = joinedRoute(planned, admission.steps, admission.passedOver);
  const tries: RouteTry[] = [];
  const record = { id: job.routeId, keyId: job.keyId, createdMs: job.createdMs, route, tries };
  try {
    const embedded = await runAlong({ job, request, route, tries, signal }, context);
    const { cost, receiptId } = book(embedded, job, { admission, context });
    log.add({ ...record, servedBy: embedded.step.candidate.id, costNanoUsd: cost, receiptId });
    return embedded.result;
  } catch (error) {
    log.add({ ...record, servedBy: null, costNanoUsd: null, receiptId: null });
    admission.release().catch(options.onUnsettled);
    throw error;
  }
};
