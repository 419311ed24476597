/**
 * Carries one request along the steps of its route until a place answers: retries, fails over, hedges, and goes on
 * elsewhere after a cut where that is possible.
 *
 * Nothing is passed on before it is clear that a place answers. Knows no tiers: how a step is started, what is remembered
 * of it and what the clock says come from the caller; what to do after a failure says `route`.
 */
import type { AfterFailure, RoutePolicy, RouteStep, TryFailure } from '../route/route.js';
import type { ChatEvent } from '../tiers/tier.js';
import { type Opening, openAttempt } from './attempt.js';

export interface RunSteps {
  readonly steps: readonly RouteStep[];
  readonly policy: Pick<RoutePolicy, 'confidenceLine'>;
  readonly signal: AbortSignal;
  /** Starts a step; what it throws is a failure of the step. */
  readonly start: (step: RouteStep, signal: AbortSignal) => AsyncIterable<ChatEvent>;
  /** Goes on from the text so far at another place; null where it cannot. */
  readonly resume: (step: RouteStep, textSoFar: string, signal: AbortSignal) => AsyncIterable<ChatEvent> | null;
  /** In the words of routing; null for what ends the request whoever could still answer (a refusal, a consent). */
  readonly failureOf: (error: unknown, step: RouteStep) => Extract<TryFailure, { type: 'failed' }> | null;
  readonly after: (
    failure: TryFailure,
    state: { readonly step: RouteStep; readonly tries: number; readonly canResume: boolean },
  ) => AfterFailure;
  /** Milliseconds until the step after this one may start beside it; null: never. */
  readonly hedgeAfterMs: (step: RouteStep, next: RouteStep) => number | null;
  /** Rejects when the signal is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly onTry: (report: TryReport) => void;
}

export interface TryReport {
  readonly step: RouteStep;
  readonly isHedge: boolean;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: string;
}

/** A step that is under way and may still lose against another. */
interface Racer {
  readonly step: RouteStep;
  readonly isHedge: boolean;
  readonly startedMs: number;
  readonly stop: AbortController;
  readonly opening: Promise<Opening>;
}

type RaceEnd =
  | { readonly racer: Racer; readonly opening: Opening }
  | { readonly racer: Racer; readonly error: unknown };

const now = (): number => performance.now();

/** Runs the steps; throws what the last of them threw, or what ended the request. The `end` event is the winner's own. */
export async function* runSteps(
  run: RunSteps,
): AsyncGenerator<{ readonly event: ChatEvent; readonly step: RouteStep }> {
  const { steps, signal } = run;
  let index = 0;
  let tries = 0;
  let said = '';
  /** Calls went out: no other place can go on from the middle of one. */
  let saidMore = false;
  let lastHandOver: { readonly step: RouteStep; readonly held: readonly ChatEvent[] } | null = null;
  let lastError: unknown = null;

  const report = (racer: Racer, outcome: string): void =>
    run.onTry({ step: racer.step, isHedge: racer.isHedge, startedMs: racer.startedMs, endedMs: now(), outcome });

  const begin = (step: RouteStep, isHedge: boolean, events?: AsyncIterable<ChatEvent>): Racer => {
    const stop = new AbortController();
    const joined = AbortSignal.any([signal, stop.signal]);
    const open = async (): Promise<Opening> =>
      openAttempt(events ?? run.start(step, joined), {
        handsOver: step.candidate.capabilities.handsOver,
        confidenceLine: run.policy.confidenceLine,
      });
    const opening = open();
    opening.catch(() => undefined);
    return { step, isHedge, startedMs: now(), stop, opening };
  };

  const settled = (racer: Racer): Promise<RaceEnd> =>
    racer.opening.then(
      (opening) => ({ racer, opening }),
      (error: unknown) => ({ racer, error }),
    );

  /** The first of a step and, where it is slow, its hedge that answers; or how the step failed. */
  const race = async (step: RouteStep): Promise<RaceEnd> => {
    const first = begin(step, false);
    const next = steps[index + 1];
    const afterMs = next === undefined ? null : run.hedgeAfterMs(step, next);
    if (next === undefined || afterMs === null) return settled(first);
    const waiting = new AbortController();
    const early = await Promise.race([
      settled(first),
      run.sleep(afterMs, AbortSignal.any([signal, waiting.signal])).then(
        () => null,
        () => null,
      ),
    ]);
    waiting.abort();
    if (early !== null || signal.aborted) return early ?? settled(first);
    const hedge = begin(next, true);
    const won = await Promise.race([settled(first), settled(hedge)]);
    const isAnswer = 'opening' in won && won.opening.type !== 'handed-over';
    const other = won.racer === first ? hedge : first;
    const end = isAnswer ? won : await settled(other);
    const loser = end === won ? other : won.racer;
    if (end === won) {
      loser.stop.abort();
      report(loser, 'cancelled');
    } else report(loser, 'error' in won ? codeOf(won.error, loser.step) : 'handed-over');
    if (end.racer === hedge) index++;
    return end;
  };

  const codeOf = (error: unknown, step: RouteStep): string => run.failureOf(error, step)?.code ?? 'ended';

  for (;;) {
    signal.throwIfAborted();
    const step = steps[index];
    if (step === undefined) break;
    tries++;
    let end: RaceEnd;
    if (said === '') end = await race(step);
    else {
      const stop = new AbortController();
      const events = run.resume(step, said, AbortSignal.any([signal, stop.signal]));
      if (events === null) throw lastError;
      end = await settled(begin(step, false, events));
    }
    const { racer } = end;
    let failure: TryFailure | null = null;
    if ('error' in end) {
      lastError = end.error;
      failure = signal.aborted ? null : run.failureOf(end.error, racer.step);
      report(racer, signal.aborted ? 'cancelled' : (failure?.code ?? 'ended'));
      if (failure === null) throw signal.aborted ? signal.reason : end.error;
    } else if (end.opening.type === 'handed-over') {
      const { confidence, held } = end.opening;
      lastHandOver = { step: racer.step, held };
      failure = { type: 'handed-over', confidence };
      report(racer, 'handed-over');
    } else {
      const { opening } = end;
      try {
        for (const event of opening.held) {
          if (event.type === 'text') said += event.text;
          else if (event.type === 'tool-call') saidMore = true;
          yield { event, step: racer.step };
        }
        if (opening.type === 'answering')
          for (;;) {
            const { done, value } = await opening.rest.next();
            if (done === true) throw new Error('The answer ended without saying that it was whole');
            if (value.type === 'text') said += value.text;
            else if (value.type === 'tool-call') saidMore = true;
            yield { event: value, step: racer.step };
            if (value.type === 'end') break;
          }
        report(racer, 'answered');
        return;
      } catch (error) {
        lastError = error;
        const found = signal.aborted ? null : run.failureOf(error, racer.step);
        report(racer, signal.aborted ? 'cancelled' : (found?.code ?? 'ended'));
        if (found === null) throw signal.aborted ? signal.reason : error;
        failure = { ...found, answerStarted: true };
      } finally {
        racer.stop.abort();
      }
    }
    const following = steps[index + 1];
    const canResume = said !== '' && !saidMore && following !== undefined;
    const decision = run.after(failure, { step: racer.step, tries, canResume });
    if (decision.type === 'give-up') break;
    if (decision.type === 'retry') await run.sleep(decision.afterMs, signal);
    else {
      index++;
      tries = 0;
    }
  }
  if (lastError === null && lastHandOver !== null) {
    // No further place: what the device said of the request is the answer.
    for (const event of lastHandOver.held) yield { event, step: lastHandOver.step };
    return;
  }
  throw lastError ?? new Error('The route has no step');
}
