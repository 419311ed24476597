/**
 * A chat or a completion through the gateway: plan, reserve, run, settle, remember.
 */
import type { CallOptions, ChatEvent } from '../tiers/tier.js';
import { admit } from './admission.js';
import { assertAnswerable } from './assert-answerable.js';
import type { AskConsent } from './consent-gate.js';
import { type GatewayContext, joinedRoute, limitsOf, unlessReserved } from './gateway-job.js';
import { Generation } from './generation.js';
import { type Generating, planGenerating } from './plan-generating.js';
import type { AnswerRecorder } from './response-cache.js';
import { runSteps } from './run-steps.js';
import { waitingPerson } from './waiting-person.js';

export interface GenerateCall extends CallOptions {
  /** Where a person waits with the request: asked at its third parties. Their time does not count as the request's. */
  readonly askConsent?: AskConsent;
}

/** A reservation outlives its request by this much, should nobody settle it. */
export const reservationSlackMs = 60_000;

/** The `end` event says where it ran. Leaving the iterator early cancels what runs and books what went out. */
export async function* generate(
  what: Generating,
  context: GatewayContext,
  call: GenerateCall,
): AsyncGenerator<ChatEvent> {
  const { policy, ledger, cache, consentTtlMs } = context.options;
  const { operation, request } = what;
  const { job, size, maxTokens, planned: hoped } = planGenerating(what, context, call);
  const question = { operation, request, keyId: job.keyId, reach: job.reach };
  const known = cache?.find(question, performance.now()) ?? null;
  if (known !== null) {
    yield* known.events;
    return;
  }
  const planned = unlessReserved(hoped, context);
  assertAnswerable(planned, policy);
  const totalMs = Math.min(request.deadlineMs ?? Number.POSITIVE_INFINITY, policy.timeouts.totalMs);
  const person = waitingPerson(call.askConsent);
  const questions = person.ask !== null ? planned.steps.filter(({ needsConsent }) => needsConsent).length : 0;
  const admission = await admit(ledger, {
    id: job.routeId,
    keyId: job.keyId,
    app: job.app,
    steps: planned.steps,
    mostTokens: size.mostTokens + maxTokens,
    ...limitsOf(job, context),
    expiresMs: job.createdMs + totalMs + questions * consentTtlMs + reservationSlackMs,
    routeId: job.routeId,
  });
  call.onAdmitted?.(admission.rateLimits);
  const generation = new Generation({
    what,
    context,
    job,
    size,
    maxTokens,
    route: joinedRoute(planned, admission.steps, admission.passedOver),
    admission,
    person,
    signal: call.signal ?? new AbortController().signal,
    whole: call.whole === true,
    totalMs,
  });
  let recorder: AnswerRecorder | null = null;
  try {
    for await (const { event, step } of runSteps(generation)) {
      if (cache !== null) recorder ??= cache.record(question, step.candidate.tier);
      recorder?.push(event);
      const passed = generation.pass(event, step);
      if (event.type === 'end') recorder?.keep(performance.now());
      yield passed;
    }
  } finally {
    generation.finish();
  }
}
