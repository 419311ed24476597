/**
 * The one way of a request from tier to tier: plans its route, reserves its worst case, runs the steps, settles, leaves a
 * receipt and remembers the decision.
 *
 * To the server it is one model service. Knows no HTTP; which places there are, and the policy, it is given.
 */
import { createHash } from 'node:crypto';
import type { Ledger } from '../ledger/ledger.js';
import { afterFailure } from '../route/after-failure.js';
import { costNanoUsd } from '../route/cost.js';
import { hedgeDelay } from '../route/hedge-delay.js';
import { autoName } from '../route/match-name.js';
import { planRoute } from '../route/plan-route.js';
import type { Reach } from '../route/reach.js';
import { circuitOutcomeOf, tryFailureOf } from '../route/remote-failure.js';
import type { Candidate, PassedOver, Route, RoutePolicy, RouteRequest, RouteStep } from '../route/route.js';
import { RemoteError } from '../tiers/remote/remote-error.js';
import type {
  CallOptions,
  ChatEvent,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResult,
  ModelService,
  RoutingOptions,
  Served,
  TierModel,
} from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import type { ReceiptBody } from '../trust/receipt.js';
import { type Admission, admit } from './admission.js';
import { UnfinishedAnswer } from './attempt.js';
import { GatewayError } from './gateway-error.js';
import { createLiveState } from './live-state.js';
import type { Crossing, Place, PlaceCall, PlaceModel } from './place.js';
import {
  chatNeeds,
  chatSize,
  completionNeeds,
  completionSize,
  digestOf,
  embeddingNeeds,
  embeddingSize,
  type RequestSize,
} from './request-facts.js';
import type { ResponseCache } from './response-cache.js';
import { createRouteLog, type RouteRecord, type RouteTry } from './route-log.js';
import { runSteps } from './run-steps.js';

export interface GatewayOptions {
  readonly places: readonly Place[];
  readonly policy: RoutePolicy;
  /** How far a request may go, after keys, apps and policies. */
  readonly reachOf: (routing: Pick<RoutingOptions, 'reach' | 'key' | 'app'>) => Reach;
  /** Null: nothing is counted, and nothing goes to a third party. */
  readonly ledger: Ledger | null;
  /** Null: no answer is kept. */
  readonly cache: ResponseCache | null;
  /** Longest answer that is paid for where a request names none, tokens. */
  readonly answerTokens: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newId: (prefix: string) => string;
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** A receipt could not be written after its answer went out; it is tried again by the ledger's own means. */
  readonly onUnsettled: (error: unknown) => void;
}

export interface Gateway extends ModelService {
  /** The plan alone: nothing runs, nothing is reserved. */
  explain(request: ChatRequest, routing: RoutingOptions): Route;
  /** What was decided for a request, where it is still known and this key may see it. */
  route(id: string, keyId: string | null): RouteRecord | null;
  close(): Promise<void>;
}

type Generating =
  | { readonly operation: 'chat'; readonly request: ChatRequest }
  | { readonly operation: 'completion'; readonly request: CompletionRequest };

interface Job {
  readonly routeId: string;
  readonly routing: RoutingOptions;
  readonly reach: Reach;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly startedMs: number;
  readonly requestDigest: string;
}

/** A reservation outlives its request by this much, should nobody settle it. */
const reservationSlackMs = 60_000;
const rememberedRoutes = 1_000;

export const createGateway = (options: GatewayOptions): Gateway => {
  const { places, policy, ledger, cache } = options;
  const live = createLiveState(() => performance.now());
  const log = createRouteLog({ maxEntries: rememberedRoutes });
  const placeOf = new Map(places.map((place) => [`${place.tier}/${place.endpoint}`, place]));

  const candidateOf = (place: Place, model: PlaceModel): Candidate => {
    const id = `${place.tier}/${place.endpoint}/${model.id}`;
    const load = place.load(model.id);
    return {
      id,
      tier: place.tier,
      endpoint: place.endpoint,
      model: model.id,
      capabilities: model.capabilities,
      price: model.price,
      speed: live.speed(id),
      load: load === null ? null : { ...load, meanServiceMs: live.meanServiceMs(id) ?? 0 },
      circuit: live.circuit(place),
    };
  };
  const candidates = (): Candidate[] =>
    places.flatMap((place) => place.models().map((model) => candidateOf(place, model)));
  const placeFor = ({ candidate }: RouteStep): Place => placeOf.get(`${candidate.tier}/${candidate.endpoint}`)!;

  const jobOf = (request: { readonly model: string }, routing: RoutingOptions | undefined): Job => {
    const given = routing ?? { requestId: options.newId('req_') };
    return {
      routeId: options.newId('route_'),
      routing: given,
      reach: options.reachOf(given),
      keyId: given.key?.id ?? null,
      app: given.key?.app ?? given.app ?? null,
      startedMs: options.now(),
      requestDigest: digestOf(JSON.stringify(request)),
    };
  };

  const routeRequestOf = (
    job: Job,
    what: Pick<RouteRequest, 'model' | 'operation' | 'needs'> & { readonly deadlineMs: number | undefined },
  ): RouteRequest => {
    const { targets, maxCostNanoUsd } = job.routing;
    const { deadlineMs, ...rest } = what;
    return {
      ...rest,
      id: job.routeId,
      reach: job.reach,
      targets: { ...targets, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
      budgetLeftNanoUsd: null,
      ...(maxCostNanoUsd === undefined ? {} : { maxCostNanoUsd }),
    };
  };

  /** Throws where no place can answer, saying why the nearest one cannot. */
  const assertAnswerable = (route: Route): void => {
    if (route.steps.length > 0) return;
    const { model } = route.request;
    if (route.passedOver.every(({ reason }) => reason === 'not-asked-for' || reason === 'beyond-reach')) {
      const beyond = route.passedOver.some(({ reason }) => reason === 'beyond-reach');
      const known = route.passedOver.some(({ candidate }) => candidate.model === model);
      if (!beyond || (!known && model !== autoName && policy.aliases[model] === undefined))
        throw new TierError('model-not-found', `The model '${model}' does not exist here`, { param: 'model' });
    }
    const reasons = route.passedOver
      .filter(({ reason }) => reason !== 'not-asked-for')
      .slice(0, 8)
      .map(({ candidate, detail }) => `${candidate.id}: ${detail}`);
    throw new GatewayError(
      'nothing-in-reach',
      `No place within reach '${route.request.reach}' can answer this request for '${model}'. ${reasons.join('; ')}`,
      { routeId: route.request.id, passedOver: route.passedOver },
    );
  };

  const failureOf = (error: unknown) => {
    if (error instanceof RemoteError) return tryFailureOf(error);
    // A place that broke, or cannot do what its neighbour might: the next one may.
    if (error instanceof GatewayError) return null;
    if (error instanceof TierError) {
      const isOwn =
        error.code === 'unsupported' || error.code === 'unsupported-content' || error.code === 'template-failed';
      return isOwn ? failed(error.code, false) : null;
    }
    if (error instanceof UnfinishedAnswer) return failed('truncated', true);
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code === 'string' && engineFailures.has(code)) return failed(code, code === 'host-crashed');
    return null;
  };

  const receiptOf = (
    job: Job,
    what: {
      readonly operation: ReceiptBody['operation'];
      readonly outcome: ReceiptBody['outcome'];
      readonly candidate: Candidate;
      readonly crossing: Crossing | null;
      readonly answerDigest: string;
      readonly usage: {
        readonly promptTokens: number;
        readonly cachedTokens: number;
        readonly completionTokens: number;
      };
      readonly costNanoUsd: number;
      readonly receiptId: string;
    },
  ): ReceiptBody => {
    const { candidate, usage, crossing } = what;
    const place = placeOf.get(`${candidate.tier}/${candidate.endpoint}`)!;
    return {
      id: what.receiptId,
      version: 1,
      requestId: job.routing.requestId,
      startedMs: job.startedMs,
      endedMs: options.now(),
      operation: what.operation,
      outcome: what.outcome,
      keyId: job.keyId,
      app: job.app,
      reach: job.reach,
      tier: candidate.tier,
      endpoint: candidate.endpoint,
      model: candidate.model,
      modelDigest: place.models().find(({ id }) => id === candidate.model)?.digest ?? null,
      evidenceDigest: null,
      requestDigest: job.requestDigest,
      answerDigest: what.answerDigest,
      consentId: crossing?.consentId ?? null,
      redactions: crossing?.redactions ?? {},
      ...usage,
      costNanoUsd: what.costNanoUsd,
    };
  };

  const callFor = (
    job: Job,
    step: RouteStep,
    signal: AbortSignal,
    onCrossing: (crossing: Crossing) => void,
  ): PlaceCall => ({
    signal,
    reach: job.reach,
    keyId: job.keyId,
    consentToken: job.routing.consentToken ?? null,
    worstCostNanoUsd: step.candidate.price === null ? null : step.worstCostNanoUsd,
    onCrossing,
  });

  async function* generate(what: Generating, call: CallOptions): AsyncGenerator<ChatEvent> {
    const { operation, request } = what;
    const job = jobOf(request, call.routing);
    const signal = call.signal ?? new AbortController().signal;
    const question = { operation, request, keyId: job.keyId, reach: job.reach };
    const cached = cache?.find(question, performance.now()) ?? null;
    if (cached !== null) {
      yield* cached.events;
      return;
    }
    const maxTokens = request.maxTokens ?? options.answerTokens;
    const size: RequestSize = operation === 'chat' ? chatSize(request) : completionSize(request);
    const needs =
      operation === 'chat' ? chatNeeds(request, size, maxTokens) : completionNeeds(request, size, maxTokens);
    const planned = planRoute(
      routeRequestOf(job, { model: request.model, operation, needs, deadlineMs: request.deadlineMs }),
      candidates(),
      policy,
    );
    assertAnswerable(planned);
    const totalMs = Math.min(request.deadlineMs ?? Number.POSITIVE_INFINITY, policy.timeouts.totalMs);
    const admission = await admit(ledger, {
      id: job.routeId,
      keyId: job.keyId,
      app: job.app,
      steps: planned.steps,
      mostTokens: size.mostTokens + maxTokens,
      expiresMs: job.startedMs + totalMs + reservationSlackMs,
      routeId: job.routeId,
    });
    const route = joined(planned, admission.steps, admission.passedOver);
    const started = performance.now();
    const remainingMs = (): number => totalMs - (performance.now() - started);
    const tries: RouteTry[] = [];
    const crossings = new Map<string, Crossing>();
    const trials = new Map<string, boolean>();
    const answer = createHash('sha256');
    let answerBytes = 0;
    let servedBy: Candidate | null = null;
    let isSettled = false;
    let costSoFar = 0;

    const modelled = (step: RouteStep): ChatRequest | CompletionRequest => ({
      ...request,
      model: step.candidate.model,
      ...(step.candidate.price === null ? {} : { maxTokens }),
    });
    const begin = (step: RouteStep, joinedSignal: AbortSignal): AsyncIterable<ChatEvent> => {
      const { candidate } = step;
      const entered = live.enter(candidate);
      if (entered === null)
        throw new RemoteError('unreachable', `Endpoint ${candidate.endpoint} failed too often lately`, {
          endpoint: candidate.endpoint,
          answerStarted: false,
        });
      trials.set(candidate.id, entered.trial);
      const place = placeFor(step);
      const placeCall = callFor(job, step, joinedSignal, (crossing) => crossings.set(candidate.id, crossing));
      return operation === 'chat'
        ? place.chat(modelled(step) as ChatRequest, placeCall)
        : place.complete(modelled(step) as CompletionRequest, placeCall);
    };
    const note = (event: ChatEvent): void => {
      if (event.type === 'text' || event.type === 'reasoning') answer.update(event.text);
      else if (event.type === 'tool-call') answer.update(`${event.name ?? ''}${event.argumentsDelta}`);
      else return;
      answerBytes += event.type === 'tool-call' ? event.argumentsDelta.length : event.text.length;
    };
    const remember = (receiptId: string | null): void =>
      log.add({
        id: job.routeId,
        keyId: job.keyId,
        createdMs: job.startedMs,
        route,
        tries,
        servedBy: servedBy?.id ?? null,
        costNanoUsd: servedBy === null ? null : costSoFar,
        receiptId,
      });

    /** Books the answer and leaves its receipt; the answer does not wait for the disk. */
    const settle = (
      outcome: ReceiptBody['outcome'],
      candidate: Candidate,
      usage: { readonly promptTokens: number; readonly cachedTokens: number; readonly completionTokens: number },
    ): string | null => {
      isSettled = true;
      costSoFar = costNanoUsd(usage, candidate.price);
      const receiptId = ledger === null ? null : options.newId('rcpt_');
      if (receiptId !== null) {
        const receipt = receiptOf(job, {
          operation,
          outcome,
          candidate,
          crossing: crossings.get(candidate.id) ?? null,
          answerDigest: `sha256:${answer.digest('hex')}`,
          usage,
          costNanoUsd: costSoFar,
          receiptId,
        });
        admission
          .settle({ nanoUsd: costSoFar, tokens: usage.promptTokens + usage.completionTokens, receipt })
          .catch(options.onUnsettled);
      }
      remember(receiptId);
      return receiptId;
    };

    const recorder = { current: null as ReturnType<NonNullable<typeof cache>['record']> | null };
    try {
      const events = runSteps({
        steps: route.steps,
        policy,
        signal,
        start: begin,
        resume: (step, sent, joinedSignal) =>
          operation === 'chat'
            ? placeFor(step).resume(
                modelled(step) as ChatRequest,
                sent,
                callFor(job, step, joinedSignal, (crossing) => crossings.set(step.candidate.id, crossing)),
              )
            : null,
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
        hedge: (index) => hedgeDelay({ route, stepIndex: index, policy, remainingMs: remainingMs() }),
        sleep: options.sleep,
        onTry: ({ step, isHedge, outcome, startedMs, endedMs }) => {
          const { candidate } = step;
          tries.push({
            candidateId: candidate.id,
            isHedge,
            outcome,
            startedMs: Math.round(startedMs - started),
            endedMs: Math.round(endedMs - started),
          });
          const trial = trials.get(candidate.id);
          if (trial === undefined) return;
          trials.delete(candidate.id);
          live.leave(candidate, circuitOutcome(outcome), trial);
        },
      });
      for await (const { event, step } of events) {
        const { candidate } = step;
        if (event.type !== 'end') {
          note(event);
          if (cache !== null) {
            recorder.current ??= cache.record(question, candidate.tier);
            recorder.current.push(event);
          }
          yield event;
          continue;
        }
        servedBy = candidate;
        live.observe(candidate.id, { ...event.usage, ...event.timings });
        const receiptId = settle('done', candidate, event.usage);
        if (recorder.current !== null) {
          recorder.current.push(event);
          recorder.current.keep(performance.now());
        }
        const served: Served = {
          routeId: job.routeId,
          tier: candidate.tier,
          endpoint: candidate.endpoint,
          model: candidate.model,
          costNanoUsd: costSoFar,
          receiptId,
        };
        yield { ...event, served };
      }
    } finally {
      if (!isSettled) {
        const last = route.steps.find(({ candidate }) => candidate.id === tries.at(-1)?.candidateId)?.candidate;
        // What went out before a cut was made by somebody, and is counted by its length.
        if (answerBytes > 0 && last !== undefined) {
          servedBy = last;
          settle(signal.aborted ? 'cancelled' : 'failed', last, {
            promptTokens: size.estimatedTokens,
            cachedTokens: 0,
            completionTokens: Math.ceil(answerBytes / 4),
          });
        } else {
          remember(null);
          admission.release().catch(options.onUnsettled);
        }
      }
    }
  }

  const embed = async (request: EmbeddingRequest, call: CallOptions): Promise<EmbeddingResult> => {
    const job = jobOf(request, call.routing);
    const signal = call.signal ?? new AbortController().signal;
    const size = embeddingSize(request);
    const planned = planRoute(
      routeRequestOf(job, {
        model: request.model,
        operation: 'embedding',
        needs: embeddingNeeds(size),
        deadlineMs: request.deadlineMs,
      }),
      candidates(),
      policy,
    );
    assertAnswerable(planned);
    const admission = await admit(ledger, {
      id: job.routeId,
      keyId: job.keyId,
      app: job.app,
      steps: planned.steps,
      mostTokens: size.mostTokens,
      expiresMs: job.startedMs + policy.timeouts.totalMs + reservationSlackMs,
      routeId: job.routeId,
    });
    const route = joined(planned, admission.steps, admission.passedOver);
    const tries: RouteTry[] = [];
    const started = performance.now();
    const remember = (servedBy: Candidate | null, cost: number | null, receiptId: string | null): void =>
      log.add({
        id: job.routeId,
        keyId: job.keyId,
        createdMs: job.startedMs,
        route,
        tries,
        servedBy: servedBy?.id ?? null,
        costNanoUsd: cost,
        receiptId,
      });
    try {
      return await embedAlong(route, admission, { job, request, signal, tries, started, remember });
    } catch (error) {
      remember(null, null, null);
      await admission.release().catch(options.onUnsettled);
      throw error;
    }
  };

  const embedAlong = async (
    route: Route,
    admission: Admission,
    run: {
      readonly job: Job;
      readonly request: EmbeddingRequest;
      readonly signal: AbortSignal;
      readonly tries: RouteTry[];
      readonly started: number;
      readonly remember: (servedBy: Candidate | null, cost: number | null, receiptId: string | null) => void;
    },
  ): Promise<EmbeddingResult> => {
    const { job, request, signal, started } = run;
    let index = 0;
    let triesHere = 0;
    for (;;) {
      const step = route.steps[index]!;
      const { candidate } = step;
      const crossing: { current: Crossing | null } = { current: null };
      const startedMs = performance.now() - started;
      triesHere++;
      const tell = (outcome: string): void => {
        run.tries.push({
          candidateId: candidate.id,
          isHedge: false,
          outcome,
          startedMs: Math.round(startedMs),
          endedMs: Math.round(performance.now() - started),
        });
        live.leave(candidate, circuitOutcome(outcome), false);
      };
      try {
        const result = await placeFor(step).embed(
          { ...request, model: candidate.model },
          callFor(job, step, signal, (made) => {
            crossing.current = made;
          }),
        );
        tell('answered');
        const usage = { promptTokens: result.promptTokens, cachedTokens: 0, completionTokens: 0 };
        const cost = costNanoUsd(usage, candidate.price);
        const receiptId = ledger === null ? null : options.newId('rcpt_');
        if (receiptId !== null) {
          const hash = createHash('sha256');
          for (const vector of result.vectors) hash.update(vector);
          const receipt = receiptOf(job, {
            operation: 'embedding',
            outcome: 'done',
            candidate,
            crossing: crossing.current,
            answerDigest: `sha256:${hash.digest('hex')}`,
            usage,
            costNanoUsd: cost,
            receiptId,
          });
          admission.settle({ nanoUsd: cost, tokens: result.promptTokens, receipt }).catch(options.onUnsettled);
        }
        run.remember(candidate, cost, receiptId);
        return result;
      } catch (error) {
        const failure = signal.aborted ? null : failureOf(error);
        tell(signal.aborted ? 'cancelled' : (failure?.code ?? 'ended'));
        if (failure === null) throw error;
        const decision = afterFailure(
          {
            tries: triesHere,
            stepsLeft: route.steps.length - 1 - index,
            remainingMs: policy.timeouts.totalMs - (performance.now() - started),
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

  return {
    models() {
      const seen = new Map<string, TierModel>();
      // A request without a model goes to the first: the nearest place that can answer it.
      for (const name of [autoName, ...Object.keys(policy.aliases)]) seen.set(name, routed(name));
      for (const place of places)
        for (const { id, ownedBy, created, capabilities } of place.models())
          if (!seen.has(id))
            seen.set(id, {
              id,
              tier: place.tier,
              ownedBy,
              created,
              contextLength: capabilities.contextLength,
              capabilities: {
                chat: capabilities.chat,
                tools: capabilities.tools,
                embeddings: capabilities.embeddings,
                ...(capabilities.handsOver ? { handsOver: true } : {}),
              },
            });
      return [...seen.values()];
    },
    find(name) {
      const [endpoint = '', model] = splitName(name);
      const place = places.find((one) => one.endpoint === endpoint && one.models().some(({ id }) => id === model));
      return place === undefined ? null : { ...routed(name), tier: place.tier, ownedBy: endpoint };
    },
    chat: (request, call = {}) => generate({ operation: 'chat', request }, call),
    complete: (request, call = {}) => generate({ operation: 'completion', request }, call),
    embed: (request, call = {}) => embed(request, call),
    explain(request, routing) {
      const job = jobOf(request, routing);
      const maxTokens = request.maxTokens ?? options.answerTokens;
      const needs = chatNeeds(request, chatSize(request), maxTokens);
      const { model, deadlineMs } = request;
      return planRoute(routeRequestOf(job, { model, operation: 'chat', needs, deadlineMs }), candidates(), policy);
    },
    route: (id, keyId) => log.get(id, keyId),
    async close() {
      await Promise.all(places.map((place) => place.close()));
      await ledger?.close();
    },
  };
};

/** A name that stands for whatever place can answer. */
const routed = (id: string): TierModel => ({
  id,
  tier: 'device',
  ownedBy: 'spillway',
  created: 0,
  contextLength: null,
  capabilities: { chat: true, tools: true, embeddings: true },
});

/** `endpoint/model`; a model's own name may hold further slashes. */
const splitName = (name: string): [endpoint: string, model: string | undefined] => {
  const slash = name.indexOf('/');
  return slash < 0 ? [name, undefined] : [name.slice(0, slash), name.slice(slash + 1)];
};

/** Engine faults that another place need not have. */
const engineFailures: ReadonlySet<string> = new Set([
  'binding-unavailable',
  'model-load-failed',
  'out-of-memory',
  'context-overflow',
  'queue-full',
  'host-crashed',
  'decode-failed',
]);

const failed = (code: string, retryable: boolean) =>
  ({ type: 'failed', code, retryable, retryAfterMs: null, answerStarted: false }) as const;

/** What a try's outcome says of its endpoint's health. */
const circuitOutcome = (outcome: string) => {
  if (outcome === 'answered' || outcome === 'handed-over') return 'success';
  if (outcome === 'cancelled' || outcome === 'ended') return 'neither';
  return remoteCodes.has(outcome) ? circuitOutcomeOf(outcome as RemoteError['code']) : 'neither';
};
const remoteCodes: ReadonlySet<string> = new Set<RemoteError['code']>([
  'unreachable',
  'first-token-timeout',
  'stalled',
  'total-timeout',
  'malformed',
  'truncated',
  'empty',
  'oversized',
  'provider-failed',
  'rate-limited',
  'unauthorized',
  'refused',
]);

const joined = (route: Route, steps: readonly RouteStep[], more: readonly PassedOver[]): Route =>
  more.length === 0 ? route : { ...route, steps, passedOver: [...route.passedOver, ...more] };
