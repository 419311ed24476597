/**
 * Embeddings through the gateway: plan, reserve, the first step that gives them, settle, remember. Never hedged, and
 * never in pieces.
 */
import { createHash } from 'node:crypto';
import { afterFailure } from '../route/after-failure.js';
import { costNanoUsd } from '../route/cost.js';
import { planRoute } from '../route/plan-route.js';
import type { Candidate, Route, RouteStep } from '../route/route.js';
import type { CallOptions, EmbeddingRequest, EmbeddingResult } from '../tiers/tier.js';
import type { ReceiptBody } from '../trust/receipt.js';
import { type Admission, admit } from './admission.js';
import { assertAnswerable } from './assert-answerable.js';
import { circuitOutcome, failureOf } from './failures.js';
import {
  callFor,
  type GatewayContext,
  type Job,
  jobOf,
  joinedRoute,
  limitsOf,
  receiptOf,
  routeRequestOf,
  tryOf,
  unlessReserved,
} from './gateway-job.js';
import { reservationSlackMs } from './generate.js';
import type { Crossing } from './place.js';
import { embeddingNeeds, embeddingSize } from './request-facts.js';
import type { RouteTry } from './route-log.js';
import type { TryBill } from './try-bills.js';

interface Running {
  readonly job: Job;
  readonly request: EmbeddingRequest;
  readonly route: Route;
  readonly tries: RouteTry[];
  readonly signal: AbortSignal;
  readonly admission: Admission;
}

interface Embedded {
  readonly step: RouteStep;
  readonly result: EmbeddingResult;
  readonly crossing: Crossing | null;
}

const runAlong = async (running: Running, { options, live, placeFor }: GatewayContext): Promise<Embedded> => {
  const { job, request, route, signal, admission } = running;
  const { policy } = options;
  let index = 0;
  let triesHere = 0;
  for (;;) {
    const step = route.steps[index]!;
    const { candidate } = step;
    const startedMs = performance.now();
    let crossing: Crossing | null = null;
    let bill: TryBill | null = null;
    triesHere++;
    const tell = (outcome: string): void => {
      running.tries.push(tryOf(job, { step, isHedge: false, outcome, startedMs, endedMs: performance.now() }));
      live.leave(candidate, circuitOutcome(outcome), false);
    };
    try {
      const begun = await admission.begin(step);
      bill = begun;
      signal.throwIfAborted();
      const onCrossing = (made: Crossing): void => {
        crossing = made;
        begun.sent();
      };
      const call = callFor(job, step, { signal, whole: true, onCrossing, askConsent: null });
      const result = await placeFor(candidate).embed({ ...request, model: candidate.model }, call);
      // A place that tells no tokens is booked at the most: all bytes of the inputs.
      if (result.promptTokens > 0) begun.settled();
      tell('answered');
      return { step, result, crossing };
    } catch (error) {
      bill?.ended(error);
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

/** Books what it took: an embedding, or (`embedded` null) tries whose bill nobody told, under whoever was asked last. */
const book = (
  {
    embedded,
    candidate,
    outcome,
  }: {
    readonly embedded: Embedded | null;
    readonly candidate: Candidate;
    readonly outcome: ReceiptBody['outcome'];
  },
  job: Job,
  { admission, context }: { readonly admission: Admission; readonly context: GatewayContext },
): { readonly cost: number; readonly receiptId: string | null } => {
  const { options } = context;
  const untold = admission.untold();
  const usage = { promptTokens: embedded?.result.promptTokens ?? 0, cachedTokens: 0, completionTokens: 0 };
  const cost = untold.nanoUsd + costNanoUsd(usage, candidate.price);
  if (options.ledger === null) return { cost, receiptId: null };
  const receiptId = options.newId('rcpt_');
  const hash = createHash('sha256');
  for (const vector of embedded?.result.vectors ?? []) hash.update(vector);
  const answerDigest = `sha256:${hash.digest('hex')}`;
  const crossing = embedded?.crossing ?? null;
  const ended = { operation: 'embedding', outcome, candidate, crossing, answerDigest, usage } as const;
  const receipt = receiptOf(job, { ...ended, costNanoUsd: cost, receiptId }, context);
  admission.settle({ nanoUsd: cost, tokens: untold.tokens + usage.promptTokens, receipt }).catch(options.onUnsettled);
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
  const needs = embeddingNeeds(size);
  const asked = routeRequestOf(job, { model, operation: 'embedding', needs, deadlineMs }, context);
  const planned = unlessReserved(planRoute(asked, context.candidates(), policy), context);
  assertAnswerable(planned, policy);
  const admission = await admit(options.ledger, {
    id: job.routeId,
    keyId: job.keyId,
    app: job.app,
    steps: planned.steps,
    mostTokens: size.mostTokens,
    ...limitsOf(job, context),
    expiresMs: job.createdMs + policy.timeouts.totalMs + reservationSlackMs,
    routeId: job.routeId,
  });
  call.onAdmitted?.(admission.rateLimits);
  const route = joinedRoute(planned, admission.steps, admission.passedOver);
  const tries: RouteTry[] = [];
  const record = { id: job.routeId, keyId: job.keyId, createdMs: job.createdMs, route, tries };
  try {
    const embedded = await runAlong({ job, request, route, tries, signal, admission }, context);
    const { candidate } = embedded.step;
    const { cost, receiptId } = book({ embedded, candidate, outcome: 'done' }, job, { admission, context });
    log.add({ ...record, servedBy: candidate.id, costNanoUsd: cost, receiptId });
    return embedded.result;
  } catch (error) {
    const last = route.steps.find(({ candidate }) => candidate.id === tries.at(-1)?.candidateId)?.candidate;
    if (last !== undefined && admission.untold().nanoUsd > 0) {
      const outcome = signal.aborted ? 'cancelled' : 'failed';
      const { cost, receiptId } = book({ embedded: null, candidate: last, outcome }, job, { admission, context });
      log.add({ ...record, servedBy: null, costNanoUsd: cost, receiptId });
    } else {
      log.add({ ...record, servedBy: null, costNanoUsd: null, receiptId: null });
      admission.release().catch(options.onUnsettled);
    }
    throw error;
  }
};
