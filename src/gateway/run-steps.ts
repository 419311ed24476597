/**
 * Carries one request along the steps of its route until a place answers: retries, fails over, hedges, and goes on
 * elsewhere after a cut where that is possible.
 *
 * Nothing is passed on before it is clear that a place answers. Knows no tiers: how a step is started, what is remembered
 * of it and what the clock says come from the caller; what to do after a failure says `route`.
 */
import type { Hedge } from '../route/hedge-delay.js';
import type { AfterFailure, RoutePolicy, RouteStep, TryFailure } from '../route/route.js';
import type { ChatEvent } from '../tiers/tier.js';
import { type Opening, openAttempt, UnfinishedAnswer } from './attempt.js';

type Failed = Extract<TryFailure, { type: 'failed' }>;

export interface RunSteps {
  readonly steps: readonly RouteStep[];
  readonly policy: Pick<RoutePolicy, 'confidenceLine'>;
  readonly signal: AbortSignal;
  /** Starts a step; what it rejects with is a failure of the step. */
  readonly start: (step: RouteStep, signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>;
  /** Goes on at a step from what the client got so far; null where it cannot. */
  readonly resume: (
    step: RouteStep,
    sent: readonly ChatEvent[],
    signal: AbortSignal,
  ) => Promise<AsyncIterable<ChatEvent>> | null;
  /** In the words of routing; null for what ends the request whoever could still answer (a refusal, a consent). */
  readonly failureOf: (error: unknown, step: RouteStep) => Failed | null;
  readonly after: (
    failure: TryFailure,
    state: { readonly index: number; readonly tries: number; readonly isResumable: boolean },
  ) => AfterFailure;
  /** A later step that may start beside this one, and when; null: none. */
  readonly hedge: (index: number) => Hedge | null;
  /** Rejects when the signal is aborted. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly onTry: (report: TryReport) => void;
}

export interface TryReport {
  readonly step: RouteStep;
  readonly isHedge: boolean;
  /** `answered`, `handed-over`, `cancelled`, `ended` (the request could not go on anywhere), or a failure's code. */
  readonly outcome: string;
  /** What it ended with; null for an answer, a hand-over, or a try that was left. */
  readonly error: unknown;
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface StepEvent {
  readonly event: ChatEvent;
  readonly step: RouteStep;
}

/** A step that is under way and may still lose against another. */
interface Racer {
  readonly index: number;
  readonly isHedge: boolean;
  readonly startedMs: number;
  /** Gives it up while it opens; null where nothing can overtake it. */
  readonly stop: AbortController | null;
  readonly opening: Promise<Opening>;
}

type RaceEnd =
  | { readonly racer: Racer; readonly opening: Opening }
  | { readonly racer: Racer; readonly error: unknown };

const settled = (racer: Racer): Promise<RaceEnd> =>
  racer.opening.then(
    (opening) => ({ racer, opening }),
    (error: unknown) => ({ racer, error }),
  );

/** Leaves an answer that nobody reads on. */
const leave = async (opening: Opening): Promise<void> => {
  if (opening.type === 'answering') await opening.rest.return?.();
};

const isAnswer = (end: RaceEnd): boolean => 'opening' in end && end.opening.type !== 'handed-over';

/** Runs the steps; throws what the last of them threw, or what ended the request. */
export async function* runSteps(run: RunSteps): AsyncGenerator<StepEvent> {
  const { steps, signal } = run;
  /** Steps that were tried beside another one and did not answer. */
  const spent = new Set<number>();
  /** What the client got, kept while a later step could go on from it. */
  const sent: ChatEvent[] = [];
  let hasStarted = false;
  let lastHandOver: { readonly step: RouteStep; readonly held: readonly ChatEvent[] } | null = null;
  let lastError: unknown = null;

  const report = (racer: Racer, outcome: string, error: unknown = null): void =>
    run.onTry({
      step: steps[racer.index]!,
      isHedge: racer.isHedge,
      outcome,
      error,
      startedMs: racer.startedMs,
      endedMs: performance.now(),
    });
  const outcomeOf = (end: RaceEnd): string => {
    if (!('error' in end)) return end.opening.type;
    return signal.aborted ? 'cancelled' : (run.failureOf(end.error, steps[end.racer.index]!)?.code ?? 'ended');
  };
  const reportEnd = (end: RaceEnd): void => report(end.racer, outcomeOf(end), 'error' in end ? end.error : null);

  const begin = (
    index: number,
    { isHedge, stop }: { readonly isHedge: boolean; readonly stop: AbortController | null },
    events: (joined: AbortSignal) => Promise<AsyncIterable<ChatEvent>>,
  ): Racer => {
    const { handsOver } = steps[index]!.candidate.capabilities;
    // A signal of one's own costs more than everything else here: only who races has one.
    const joined = stop === null ? signal : AbortSignal.any([signal, stop.signal]);
    const open = async (): Promise<Opening> => openAttempt(await events(joined), { handsOver, ...run.policy });
    const opening = open();
    opening.catch(() => undefined);
    return { index, isHedge, startedMs: performance.now(), stop, opening };
  };
  const start = (index: number, how: { readonly isHedge: boolean; readonly stop: AbortController | null }): Racer =>
    begin(index, how, (joined) => run.start(steps[index]!, joined));

  /** The first of a step and, where it is slow, its hedge that answers; or how the step itself ended. */
  const race = async (index: number): Promise<RaceEnd> => {
    const hedge = run.hedge(index);
    if (hedge === null || spent.has(hedge.stepIndex)) return settled(start(index, { isHedge: false, stop: null }));
    const first = start(index, { isHedge: false, stop: new AbortController() });
    const waiting = new AbortController();
    const pause = run.sleep(hedge.afterMs, AbortSignal.any([signal, waiting.signal]));
    const early = await Promise.race([
      settled(first),
      pause.then(
        () => null,
        () => null,
      ),
    ]);
    waiting.abort();
    if (early !== null || signal.aborted) return early ?? settled(first);
    const second = start(hedge.stepIndex, { isHedge: true, stop: new AbortController() });
    spent.add(hedge.stepIndex);
    const sooner = await Promise.race([settled(first), settled(second)]);
    const other = sooner.racer === first ? second : first;
    if (isAnswer(sooner)) {
      other.stop?.abort();
      // It may have begun to answer all the same.
      other.opening.then(leave).catch(() => undefined);
      report(other, 'cancelled');
      return sooner;
    }
    const later = await settled(other);
    // Where neither answers, the step itself says how it went on.
    const end = isAnswer(later) || later.racer === first ? later : sooner;
    const loser = end === later ? sooner : later;
    reportEnd(loser);
    return end;
  };

  let index = 0;
  let tries = 0;
  while (index < steps.length) {
    signal.throwIfAborted();
    tries++;
    let end: RaceEnd;
    if (!hasStarted) end = await race(index);
    else {
      const step = steps[index]!;
      const rest = run.resume(step, sent, signal);
      if (rest === null) throw lastError;
      end = await settled(begin(index, { isHedge: false, stop: null }, () => rest));
    }
    const { racer } = end;
    index = racer.index;
    const step = steps[index]!;
    let failure: TryFailure;
    if ('error' in end) {
      reportEnd(end);
      lastError = end.error;
      const found = signal.aborted ? null : run.failureOf(end.error, step);
      if (found === null) throw signal.aborted ? signal.reason : end.error;
      failure = hasStarted ? { ...found, answerStarted: true } : found;
    } else if (end.opening.type === 'handed-over') {
      report(racer, 'handed-over');
      lastHandOver = { step, held: end.opening.held };
      failure = { type: 'handed-over', confidence: end.opening.confidence };
    } else {
      const { opening } = end;
      const keeps = index + 1 < steps.length;
      let isReported = false;
      const pass = (event: ChatEvent): StepEvent | null => {
        // The client has had its start already where another place goes on.
        if (event.type === 'start' && hasStarted) return null;
        if (event.type !== 'start' && event.type !== 'end') {
          hasStarted = true;
          if (keeps) sent.push(event);
        }
        return { event, step };
      };
      try {
        for (const event of opening.held) {
          const passed = pass(event);
          if (passed !== null) yield passed;
        }
        if (opening.type === 'answering')
          for (;;) {
            const { done, value } = await opening.rest.next();
            if (done === true) throw new UnfinishedAnswer();
            const passed = pass(value);
            if (passed !== null) yield passed;
            if (value.type === 'end') break;
          }
        isReported = true;
        report(racer, 'answered');
        return;
      } catch (error) {
        isReported = true;
        reportEnd({ racer, error });
        lastError = error;
        const found = signal.aborted ? null : run.failureOf(error, step);
        if (found === null) throw signal.aborted ? signal.reason : error;
        failure = { ...found, answerStarted: true };
      } finally {
        // The reader left in the middle.
        if (!isReported) report(racer, 'cancelled');
        await leave(opening);
      }
    }
    const isResumable = hasStarted && sent.every(({ type }) => type === 'text');
    const decision = run.after(failure, { index, tries, isResumable });
    if (decision.type === 'give-up') break;
    if (decision.type === 'retry') await run.sleep(decision.afterMs, signal);
    else {
      tries = 0;
      do index++;
      while (spent.has(index));
    }
  }
  if (lastError !== null || lastHandOver === null) throw lastError ?? new Error('The route has no step');
  // No further place: what the device said of the request is the answer.
  for (const event of lastHandOver.held) yield { event, step: lastHandOver.step };
}
