/**
 * A chat or a completion through the gateway: plan, reserve, run, settle, remember.
 */
import type { GenerateUsage } from '../engine/engine.js';
import { afterFailure } from '../route/after-failure.js';
import { costNanoUsd } from '../route/cost.js';
import { hedgeDelay } from '../route/hedge-delay.js';
import type { Candidate, RouteStep } from '../route/route.js';
import { RemoteError } from '../tiers/remote/remote-error.js';
import type { CallOptions, ChatEvent } from '../tiers/tier.js';
import type { ReceiptBody } from '../trust/receipt.js';
import { admit } from './admission.js';
import { createAnswerDigest } from './answer-digest.js';
import { assertAnswerable } from './assert-answerable.js';
import type { AskConsent } from './consent-gate.js';
import { circuitOutcome, failureOf } from './failures.js';
import {
  callFor,
  type GatewayContext,
  joinedRoute,
  limitedFor,
  limitsOf,
  receiptOf,
  tryOf,
  unlessReserved,
} from './gateway-job.js';
import type { Crossing } from './place.js';
import { type Generating, planGenerating } from './plan-generating.js';
import type { AnswerRecorder } from './response-cache.js';
import type { RouteTry } from './route-log.js';
import { runSteps } from './run-steps.js';
import type { TryBill } from './try-bills.js';

export interface GenerateCall extends CallOptions {
  /** Where a person waits with the request: asked at its third parties. Their time does not count as the request's. */
  readonly askConsent?: AskConsent;
}

/** A reservation outlives its request by this much, should nobody settle it. */
export const reservationSlackMs = 60_000;
/** What went out before a cut is counted by its length: four bytes make a token. */
const bytesPerToken = 4;

/** A person to ask, and the milliseconds that their answers took so far. */
const timed = (askConsent: AskConsent | undefined) => {
  let spentMs = 0;
  const ask: AskConsent | null =
    askConsent === undefined
      ? null
      : async (question) => {
          const fromMs = performance.now();
          try {
            return await askConsent(question);
          } finally {
            spentMs += performance.now() - fromMs;
          }
        };
  return { ask, spentMs: () => spentMs };
};

/** The `end` event says where it ran. Leaving the iterator early cancels what runs and books what went out. */
export async function* generate(
  what: Generating,
  context: GatewayContext,
  call: GenerateCall,
): AsyncGenerator<ChatEvent> {
  const { options, live, log } = context;
  const { policy, ledger, cache } = options;
  const { operation, request } = what;
  const signal = call.signal ?? new AbortController().signal;
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
  const person = timed(call.askConsent);
  const remainingMs = (): number => totalMs - (performance.now() - job.startedMs - person.spentMs());
  const questions = person.ask === null ? 0 : planned.steps.filter(({ needsConsent }) => needsConsent).length;
  const admission = await admit(ledger, {
    id: job.routeId,
    keyId: job.keyId,
    app: job.app,
    steps: planned.steps,
    mostTokens: size.mostTokens + maxTokens,
    ...limitsOf(job, context),
    expiresMs: job.createdMs + totalMs + questions * options.consentTtlMs + reservationSlackMs,
    routeId: job.routeId,
  });
  call.onAdmitted?.(admission.rateLimits);
  const route = joinedRoute(planned, admission.steps, admission.passedOver);
  const tries: RouteTry[] = [];
  const crossings = new Map<string, Crossing>();
  const bills = new Map<string, TryBill>();
  /** Circuits that a running try went through: whether it is their trial. */
  const trials = new Map<string, boolean>();
  /** Candidates whose answer was asked for in one piece. */
  const wholes = new Set<string>();
  /** Whose answer it is so far. */
  let answering: Candidate | null = null;
  const answer = createAnswerDigest();
  let recorder: AnswerRecorder | null = null;
  let isBooked = false;

  /** A first try alone: one that failed so goes on as a stream, which shows early what it is. */
  const isWhole = (candidate: Candidate): boolean => {
    const { firstTokenMs } = policy.timeouts;
    const isSoon =
      call.whole === true &&
      tries.length === 0 &&
      live.answersSoon(candidate.id, { promptTokens: size.estimatedTokens, maxTokens, firstTokenMs });
    if (isSoon) wholes.add(candidate.id);
    return isSoon;
  };
  const placeCall = ({ candidate }: RouteStep, joined: AbortSignal) => ({
    signal: joined,
    whole: isWhole(candidate),
    askConsent: person.ask,
    onCrossing: (crossing: Crossing) => {
      crossings.set(candidate.id, crossing);
      bills.get(candidate.id)?.sent();
    },
  });
  /** Before each try: the reservation covers it. */
  const cover = async (step: RouteStep): Promise<void> => {
    bills.set(step.candidate.id, await admission.begin(step));
    signal.throwIfAborted();
  };
  const limited = ({ candidate }: RouteStep) => limitedFor(candidate, maxTokens);
  const enter = (step: RouteStep, joined: AbortSignal): AsyncIterable<ChatEvent> => {
    const { candidate } = step;
    const entered = live.enter(candidate);
    if (entered === null)
      throw new RemoteError('unreachable', `Endpoint ${candidate.endpoint} failed too often lately`, {
        endpoint: candidate.endpoint,
        answerStarted: false,
        neverSent: true,
      });
    trials.set(candidate.id, entered.trial);
    const place = context.placeFor(candidate);
    const given = callFor(job, step, placeCall(step, joined));
    return what.operation === 'chat'
      ? place.chat({ ...what.request, ...limited(step) }, given)
      : place.complete({ ...what.request, ...limited(step) }, given);
  };

  /** Books the answer and leaves its receipt; the answer does not wait for the disk. */
  const book = (outcome: ReceiptBody['outcome'], candidate: Candidate, said: GenerateUsage | null) => {
    isBooked = true;
    const untold = admission.untold();
    const usage = counted(said, { promptTokens: size.estimatedTokens, answerTokens: answer.bytes / bytesPerToken });
    // Estimates are for reading, bounds for money: no token is shorter than a byte.
    const billed = counted(said, { promptTokens: size.mostTokens, answerTokens: answer.bytes });
    const cost = untold.nanoUsd + (outcome === 'done' ? costNanoUsd(billed, candidate.price) : 0);
    const receiptId = ledger === null ? null : options.newId('rcpt_');
    if (receiptId !== null) {
      const receipt = receiptOf(
        job,
        {
          operation,
          outcome,
          candidate,
          crossing: crossings.get(candidate.id) ?? null,
          answerDigest: answer.end(),
          usage,
          costNanoUsd: cost,
          receiptId,
        },
        context,
      );
      const isTold = outcome === 'done' || candidate.price === null;
      const tokens = untold.tokens + (isTold ? usage.promptTokens + usage.completionTokens : 0);
      admission.settle({ nanoUsd: cost, tokens, receipt }).catch(options.onUnsettled);
    }
    remember(candidate, cost, receiptId);
    return { cost, receiptId };
  };
  const remember = (servedBy: Candidate | null, cost: number | null, receiptId: string | null): void =>
    log.add({
      id: job.routeId,
      keyId: job.keyId,
      createdMs: job.createdMs,
      route,
      tries,
      servedBy: servedBy?.id ?? null,
      costNanoUsd: cost,
      receiptId,
    });

  try {
    const events = runSteps({
      steps: route.steps,
      policy,
      signal,
      async start(step, joined) {
        await cover(step);
        return enter(step, joined);
      },
      resume(step, sent, joined) {
        if (what.operation !== 'chat') return null;
        const place = context.placeFor(step.candidate);
        const request = { ...what.request, ...limited(step) };
        const rest = place.resume(request, sent, callFor(job, step, placeCall(step, joined)));
        return rest === null ? null : cover(step).then(() => rest);
      },
      failureOf,
      after: (failure, { index, tries: triesHere, isResumable }) =>
        afterFailure(
          {
            tries: triesHere,
            stepsLeft: route.steps.length - 1 - index,
            remainingMs: remainingMs(),
            canContinue: isResumable && route.steps[index + 1]?.needsConsent === false,
            retries: policy.retries,
          },
          failure,
          options.random(),
        ),
      // Nobody is overtaken while they read a question.
      hedge: (index) =>
        questions > 0 && route.steps[index]?.needsConsent === true
          ? null
          : hedgeDelay({ route, stepIndex: index, policy, remainingMs: remainingMs() }),
      sleep: options.sleep,
      onTry: (report) => {
        tries.push(tryOf(job, report));
        const { candidate } = report.step;
        if (report.outcome !== 'answered') bills.get(candidate.id)?.ended(report.error);
        if (report.outcome === 'first-token-timeout' && wholes.has(candidate.id)) live.forgetSpeed(candidate.id);
        if (report.outcome !== 'answered') wholes.delete(candidate.id);
        const trial = trials.get(candidate.id);
        if (trial === undefined) return;
        trials.delete(candidate.id);
        live.leave(candidate, circuitOutcome(report.outcome), trial);
      },
    });
    for await (const { event, step } of events) {
      const { candidate } = step;
      answering = candidate;
      if (cache !== null) recorder ??= cache.record(question, candidate.tier);
      recorder?.push(event);
      if (event.type !== 'end') {
        answer.add(event);
        yield event;
        continue;
      }
      live.observe(candidate.id, { ...event.usage, ...event.timings, whole: wholes.has(candidate.id) });
      bills.get(candidate.id)?.settled();
      const { cost, receiptId } = book('done', candidate, event.usage);
      recorder?.keep(performance.now());
      yield {
        ...event,
        served: {
          routeId: job.routeId,
          tier: candidate.tier,
          endpoint: candidate.endpoint,
          model: candidate.model,
          costNanoUsd: cost,
          receiptId,
        },
      };
    }
  } finally {
    if (!isBooked) {
      // Without an answer, a try that may have been billed is booked under whoever was asked last.
      const { nanoUsd } = admission.untold();
      const last =
        answering ?? route.steps.find(({ candidate }) => candidate.id === tries.at(-1)?.candidateId)?.candidate;
      if ((answer.bytes > 0 || nanoUsd > 0) && last !== undefined)
        book(signal.aborted ? 'cancelled' : 'failed', last, null);
      else {
        remember(null, null, null);
        admission.release().catch(options.onUnsettled);
      }
    }
  }
}

/** The usage as reported; where a place tells none, or the answer was cut, what is assumed. */
const counted = (
  usage: GenerateUsage | null,
  assumed: { readonly promptTokens: number; readonly answerTokens: number },
): GenerateUsage => ({
  promptTokens: usage?.promptTokens || assumed.promptTokens,
  cachedTokens: usage?.cachedTokens ?? 0,
  completionTokens: usage?.completionTokens || Math.ceil(assumed.answerTokens),
});
