/**
 * One chat or completion that was let in, on its way along the steps of its route: what each try is asked, what it told,
 * and what is booked of it in the end.
 *
 * An object and not closures: a request makes one of these instead of two dozen functions. `generate.ts` reads it.
 */
import type { GenerateUsage } from '../engine/engine.js';
import { afterFailure } from '../route/after-failure.js';
import { costNanoUsd } from '../route/cost.js';
import { hedgeDelay } from '../route/hedge-delay.js';
import type { Candidate, Route, RoutePolicy, RouteStep, TryFailure } from '../route/route.js';
import { RemoteError } from '../tiers/remote/remote-error.js';
import type { ChatEvent } from '../tiers/tier.js';
import type { ReceiptBody } from '../trust/receipt.js';
import type { Admission } from './admission.js';
import { type AnswerDigest, createAnswerDigest } from './answer-digest.js';
import { circuitOutcome, failureOf } from './failures.js';
import { callFor, type GatewayContext, type Job, limitedFor, receiptOf, tryOf } from './gateway-job.js';
import type { Crossing, PlaceCall } from './place.js';
import type { Generating } from './plan-generating.js';
import type { RequestSize } from './request-facts.js';
import type { RouteTry } from './route-log.js';
import type { RunSteps, TryReport } from './run-steps.js';
import type { TryBill } from './try-bills.js';
import type { WaitingPerson } from './waiting-person.js';

/** What went out before a cut is counted by its length: four bytes make a token. */
const bytesPerToken = 4;

export interface GenerationParts {
  readonly what: Generating;
  readonly context: GatewayContext;
  readonly job: Job;
  readonly size: RequestSize;
  /** Longest answer, tokens. */
  readonly maxTokens: number;
  readonly route: Route;
  readonly admission: Admission;
  readonly person: WaitingPerson;
  readonly signal: AbortSignal;
  /** Nobody reads the answer before it is there. */
  readonly whole: boolean;
  /** For all of it, milliseconds. */
  readonly totalMs: number;
}

/** What is known of the try at one candidate. */
interface Trying {
  readonly bill: TryBill;
  crossing: Crossing | null;
  /** Whether it went through its circuit as a trial; null before it did. */
  trial: boolean | null;
  isWhole: boolean;
}

/** The usage as reported; where a place tells none, or the answer was cut, what is assumed. */
const counted = (usage: GenerateUsage | null, promptTokens: number, answerTokens: number): GenerateUsage => ({
  promptTokens: usage?.promptTokens || promptTokens,
  cachedTokens: usage?.cachedTokens ?? 0,
  completionTokens: usage?.completionTokens || Math.ceil(answerTokens),
});

export class Generation implements RunSteps {
  readonly steps: readonly RouteStep[];
  readonly policy: RoutePolicy;
  readonly signal: AbortSignal;
  readonly #parts: GenerationParts;
  readonly #tries: RouteTry[] = [];
  readonly #trying = new Map<string, Trying>();
  readonly #answer: AnswerDigest = createAnswerDigest();
  /** Whose answer it is so far. */
  #answering: Candidate | null = null;
  #isBooked = false;

  constructor(parts: GenerationParts) {
    this.#parts = parts;
    this.steps = parts.route.steps;
    this.policy = parts.context.options.policy;
    this.signal = parts.signal;
  }

  async start(step: RouteStep, joined: AbortSignal): Promise<AsyncIterable<ChatEvent>> {
    await this.#cover(step);
    const { what, context } = this.#parts;
    const { candidate } = step;
    const trying = this.#trying.get(candidate.id)!;
    const entered = context.live.enter(candidate);
    if (entered === null)
      throw new RemoteError('unreachable', `Endpoint ${candidate.endpoint} failed too often lately`, {
        endpoint: candidate.endpoint,
        answerStarted: false,
        neverSent: true,
      });
    trying.trial = entered.trial;
    trying.isWhole = this.#answersSoon(candidate);
    const place = context.placeFor(candidate);
    const call = this.#callFor(step, joined, trying.isWhole);
    return what.operation === 'chat'
      ? place.chat({ ...what.request, ...this.#limited(candidate) }, call)
      : place.complete({ ...what.request, ...this.#limited(candidate) }, call);
  }

  resume(step: RouteStep, sent: readonly ChatEvent[], joined: AbortSignal): Promise<AsyncIterable<ChatEvent>> | null {
    const { what, context } = this.#parts;
    if (what.operation !== 'chat') return null;
    const { candidate } = step;
    const request = { ...what.request, ...this.#limited(candidate) };
    const rest = context.placeFor(candidate).resume(request, sent, this.#callFor(step, joined, false));
    return rest === null ? null : this.#cover(step).then(() => rest);
  }

  failureOf = failureOf;

  after(
    failure: TryFailure,
    { index, tries, isResumable }: { readonly index: number; readonly tries: number; readonly isResumable: boolean },
  ) {
    const { steps, policy } = this;
    return afterFailure(
      {
        tries,
        stepsLeft: steps.length - 1 - index,
        remainingMs: this.#remainingMs(),
        canContinue: isResumable && steps[index + 1]?.needsConsent === false,
        retries: policy.retries,
      },
      failure,
      this.#parts.context.options.random(),
    );
  }

  hedge(index: number) {
    const { policy, steps } = this;
    if (policy.hedgeAfterMs === null) return null;
    const { person, route } = this.#parts;
    // Nobody is overtaken while they read a question.
    if (person.ask !== null && steps[index]?.needsConsent === true) return null;
    return hedgeDelay({ route, stepIndex: index, policy, remainingMs: this.#remainingMs() });
  }

  sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    return this.#parts.context.options.sleep(durationMs, signal);
  }

  onTry(report: TryReport): void {
    const { job, context } = this.#parts;
    this.#tries.push(tryOf(job, report));
    const { candidate } = report.step;
    const trying = this.#trying.get(candidate.id);
    if (trying === undefined) return;
    if (report.outcome !== 'answered') {
      trying.bill.ended(report.error);
      if (trying.isWhole && report.outcome === 'first-token-timeout') context.live.forgetSpeed(candidate.id);
    }
    if (trying.trial === null) return;
    context.live.leave(candidate, circuitOutcome(report.outcome), trying.trial);
    trying.trial = null;
  }

  /** An event of an answer that goes out; its end says where it ran, and is booked. */
  pass(event: ChatEvent, { candidate }: RouteStep): ChatEvent {
    this.#answering = candidate;
    if (event.type !== 'end') {
      this.#answer.add(event);
      return event;
    }
    const { job, context } = this.#parts;
    const trying = this.#trying.get(candidate.id);
    const { usage, timings } = event;
    context.live.observe(candidate.id, {
      promptTokens: usage.promptTokens,
      cachedTokens: usage.cachedTokens,
      completionTokens: usage.completionTokens,
      queueMs: timings.queueMs,
      ttftMs: timings.ttftMs,
      totalMs: timings.totalMs,
      whole: trying?.isWhole === true,
    });
    trying?.bill.settled();
    const { cost, receiptId } = this.#book('done', candidate, usage);
    return {
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

  /** It is over, one way or another: what was not booked is, or is given back. */
  finish(): void {
    if (this.#isBooked) return;
    const { admission, context } = this.#parts;
    // Without an answer, a try that may have been billed is booked under whoever was asked last.
    const { nanoUsd } = admission.untold();
    const lastId = this.#tries.at(-1)?.candidateId;
    const last = this.#answering ?? this.steps.find(({ candidate }) => candidate.id === lastId)?.candidate;
    if ((this.#answer.bytes > 0 || nanoUsd > 0) && last !== undefined)
      this.#book(this.signal.aborted ? 'cancelled' : 'failed', last, null);
    else {
      this.#remember(null, null, null);
      admission.release().catch(context.options.onUnsettled);
    }
  }

  #remainingMs(): number {
    const { totalMs, job, person } = this.#parts;
    return totalMs - (performance.now() - job.startedMs - person.spentMs());
  }

  #limited(candidate: Candidate) {
    return limitedFor(candidate, this.#parts.maxTokens);
  }

  /** Before each try: the reservation covers it. */
  async #cover(step: RouteStep): Promise<void> {
    const bill = await this.#parts.admission.begin(step);
    this.#trying.set(step.candidate.id, { bill, crossing: null, trial: null, isWhole: false });
    this.signal.throwIfAborted();
  }

  /**
   * A first try alone may come in one piece, from where pieces can be asked for: one that failed so goes on as a stream,
   * which shows early what it is. It must be there before a hedge would start.
   */
  #answersSoon({ id, tier }: Candidate): boolean {
    const { whole, size, maxTokens, context } = this.#parts;
    if (!whole || tier !== 'private' || this.#tries.length > 0) return false;
    const { hedgeAfterMs, timeouts } = this.policy;
    const withinMs = Math.min(timeouts.firstTokenMs, hedgeAfterMs ?? Number.POSITIVE_INFINITY);
    return context.live.answersSoon(id, { promptTokens: size.estimatedTokens, maxTokens, withinMs });
  }

  #callFor(step: RouteStep, signal: AbortSignal, whole: boolean): PlaceCall {
    const { job, person } = this.#parts;
    const onCrossing = (crossing: Crossing): void => {
      const trying = this.#trying.get(step.candidate.id);
      if (trying === undefined) return;
      trying.crossing = crossing;
      trying.bill.sent();
    };
    return callFor(job, step, { signal, whole, askConsent: person.ask, onCrossing });
  }

  /** Books the answer and leaves its receipt; the answer does not wait for the disk. */
  #book(outcome: ReceiptBody['outcome'], candidate: Candidate, said: GenerateUsage | null) {
    this.#isBooked = true;
    const { what, context, job, size, admission } = this.#parts;
    const { ledger, newId, onUnsettled } = context.options;
    const { bytes } = this.#answer;
    const untold = admission.untold();
    const usage = counted(said, size.estimatedTokens, bytes / bytesPerToken);
    // Estimates are for reading, bounds for money: no token is shorter than a byte.
    const cost =
      untold.nanoUsd + (outcome === 'done' ? costNanoUsd(counted(said, size.mostTokens, bytes), candidate.price) : 0);
    const receiptId = ledger === null ? null : newId('rcpt_');
    if (receiptId !== null) {
      const receipt = receiptOf(
        job,
        {
          operation: what.operation,
          outcome,
          candidate,
          crossing: this.#trying.get(candidate.id)?.crossing ?? null,
          answerDigest: this.#answer.end(),
          usage,
          costNanoUsd: cost,
          receiptId,
        },
        context,
      );
      const isTold = outcome === 'done' || candidate.price === null;
      const tokens = untold.tokens + (isTold ? usage.promptTokens + usage.completionTokens : 0);
      admission.settle({ nanoUsd: cost, tokens, receipt }).catch(onUnsettled);
    }
    this.#remember(candidate, cost, receiptId);
    return { cost, receiptId };
  }

  #remember(servedBy: Candidate | null, cost: number | null, receiptId: string | null): void {
    const { job, route, context } = this.#parts;
    context.log.add({
      id: job.routeId,
      keyId: job.keyId,
      createdMs: job.createdMs,
      route,
      tries: this.#tries,
      servedBy: servedBy?.id ?? null,
      costNanoUsd: cost,
      receiptId,
    });
  }
}
