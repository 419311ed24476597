/** Places that answer as a test says, and note what they were asked; and a gateway over them. */
import type { Ledger, RateLimit } from '../ledger/ledger.js';
import { costNanoUsd } from '../route/cost.js';
import type { Reach } from '../route/reach.js';
import { strictestReach } from '../route/reach.js';
import type { CandidateCapabilities, RoutePolicy, TokenPrice } from '../route/route.js';
import { RemoteError, type RemoteErrorCode } from '../tiers/remote/remote-error.js';
import type { ChatEvent, RoutingOptions, TierName } from '../tiers/tier.js';
import { createGateway, type Gateway } from './gateway.js';
import { GatewayError } from './gateway-error.js';
import type { Place, PlaceCall } from './place.js';

export const timings = { queueMs: 0, ttftMs: 1, totalMs: 2 };
export const usage = { promptTokens: 10, cachedTokens: 0, completionTokens: 5 };

/** What one try does: texts in turn, then an end; or what it breaks with. */
export interface Behaviour {
  readonly texts?: readonly string[];
  readonly overflow?: boolean;
  /** After the texts. */
  readonly fails?: RemoteErrorCode;
  /** Of the failure: the request never went out, or was answered with this status. */
  readonly neverSent?: true;
  readonly status?: number;
  readonly retryAfterMs?: number;
  /** Waits for this before anything comes. */
  readonly after?: Promise<void>;
  /** Never ends. */
  readonly hangs?: boolean;
  readonly asksConsent?: boolean;
  readonly tellsNoUsage?: boolean;
}

export interface FakePlace extends Place {
  readonly asked: { readonly model: string; readonly reach: Reach }[];
  /** What it will put on its bill, whole nanodollars: of a try that broke off, for as much as it was allowed to say. */
  billedNanoUsd(): number;
  readonly resumed: string[];
}

export const capabilities: CandidateCapabilities = {
  contextLength: 8192,
  chat: true,
  completions: true,
  embeddings: true,
  tools: true,
  vision: false,
  audio: false,
  jsonSchema: true,
  logprobs: true,
  handsOver: false,
};

export const createFakePlace = (options: {
  readonly tier: TierName;
  readonly endpoint?: string;
  readonly models?: readonly string[];
  readonly price?: TokenPrice | null;
  readonly handsOver?: boolean;
  readonly resumes?: boolean;
  /** By try; the last one serves all further ones. */
  readonly behaviours: readonly Behaviour[];
}): FakePlace => {
  const endpoint = options.endpoint ?? options.tier;
  const asked: { model: string; reach: Reach }[] = [];
  const resumed: string[] = [];

  const price = options.price ?? null;
  let billedNanoUsd = 0;

  async function* behave(
    behaviour: Behaviour,
    { call, maxTokens }: { readonly call: PlaceCall; readonly maxTokens: number | undefined },
  ): AsyncGenerator<ChatEvent> {
    const { signal } = call;
    call.onCrossing({ consentId: null, redactions: {} });
    await behaviour.after;
    signal.throwIfAborted();
    const isFree = behaviour.neverSent === true || behaviour.status !== undefined;
    const broken = costNanoUsd({ ...usage, completionTokens: maxTokens ?? 0 }, price);
    if (!isFree) billedNanoUsd += broken;
    if (behaviour.asksConsent === true) throw new GatewayError('consent-required', 'A yes is needed');
    yield { type: 'start', promptTokens: usage.promptTokens, cachedTokens: 0 };
    for (const text of behaviour.texts ?? []) yield { type: 'text', text };
    if (behaviour.hangs === true)
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    if (behaviour.fails !== undefined)
      throw new RemoteError(behaviour.fails, `${endpoint} failed`, {
        endpoint,
        answerStarted: (behaviour.texts ?? []).length > 0,
        ...(behaviour.neverSent === undefined ? {} : { neverSent: behaviour.neverSent }),
        ...(behaviour.status === undefined ? {} : { status: behaviour.status }),
        ...(behaviour.retryAfterMs === undefined ? {} : { retryAfterMs: behaviour.retryAfterMs }),
      });
    if (!isFree) billedNanoUsd += costNanoUsd(usage, price) - broken;
    yield {
      type: 'end',
      reason: 'stop',
      usage: behaviour.tellsNoUsage === true ? { promptTokens: 0, cachedTokens: 0, completionTokens: 0 } : usage,
      timings,
      ...(behaviour.overflow === undefined ? {} : { overflow: behaviour.overflow, confidence: 0.9 }),
    };
  }
  const next = (): Behaviour => options.behaviours[Math.min(asked.length, options.behaviours.length) - 1]!;

  return {
    tier: options.tier,
    endpoint,
    asked,
    resumed,
    billedNanoUsd: () => billedNanoUsd,
    models: () =>
      (options.models ?? ['m']).map((id) => ({
        id,
        capabilities: { ...capabilities, handsOver: options.handsOver ?? false },
        price,
        ownedBy: endpoint,
        created: 0,
        digest: null,
      })),
    load: () => null,
    chat(request, call) {
      asked.push({ model: request.model, reach: call.reach });
      return behave(next(), { call, maxTokens: request.maxTokens });
    },
    complete(request, call) {
      asked.push({ model: request.model, reach: call.reach });
      return behave(next(), { call, maxTokens: request.maxTokens });
    },
    async embed(request, call) {
      asked.push({ model: request.model, reach: call.reach });
      call.onCrossing({ consentId: null, redactions: {} });
      const behaviour = next();
      if (behaviour.fails !== undefined)
        throw new RemoteError(behaviour.fails, `${endpoint} failed`, { endpoint, answerStarted: false });
      return { vectors: [Float32Array.from([1, 0])], promptTokens: 3 };
    },
    resume(request, events, call) {
      if (options.resumes !== true) return null;
      resumed.push(events.map((event) => (event.type === 'text' ? event.text : '')).join(''));
      asked.push({ model: 'm', reach: call.reach });
      return behave(next(), { call, maxTokens: request.maxTokens });
    },
    close: async () => undefined,
  };
};

export const testPolicy: RoutePolicy = {
  aliases: {},
  confidenceLine: 0.5,
  timeouts: { firstTokenMs: 8000, stallMs: 5000, totalMs: 120_000 },
  retries: 0,
  hedgeAfterMs: null,
};

export const gatewayOver = (
  places: readonly Place[],
  options: {
    readonly policy?: Partial<RoutePolicy>;
    readonly ledger?: Ledger;
    readonly reach?: Reach;
    readonly budgetLeft?: () => number | null;
    readonly rateLimits?: readonly RateLimit[];
  } = {},
): Gateway => {
  let ids = 0;
  return createGateway({
    places,
    policy: { ...testPolicy, ...options.policy },
    reachOf: ({ reach, key }) => strictestReach(reach ?? options.reach ?? 'device', key?.reach ?? undefined),
    ledger: options.ledger ?? null,
    budgetLeft: options.budgetLeft ?? (() => null),
    rateLimitsOf: () => options.rateLimits ?? [],
    cache: null,
    answerTokens: 100,
    consentTtlMs: 60_000,
    now: () => Date.now(),
    random: () => 0,
    newId: (prefix) => `${prefix}${++ids}-${Math.random().toString(36).slice(2)}`,
    // Waits take no time in tests; what they would have been is route's to test.
    sleep: async (_, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    },
    onUnsettled: (error) => {
      throw error;
    },
  });
};

/** Text, the end event, and the error, of a chat. */
export const chatWith = async (
  gateway: Gateway,
  options: {
    readonly model?: string;
    readonly reach?: Reach;
    readonly signal?: AbortSignal;
    readonly consentToken?: string;
    readonly content?: string;
    readonly caller?: Pick<RoutingOptions, 'key' | 'app'>;
  } = {},
) => {
  const { model = 'auto', reach, signal, consentToken, caller } = options;
  let text = '';
  let end: Extract<ChatEvent, { type: 'end' }> | null = null;
  let error: unknown = null;
  try {
    const call = {
      ...(signal === undefined ? {} : { signal }),
      routing: {
        requestId: 'r',
        ...caller,
        ...(reach === undefined ? {} : { reach }),
        ...(consentToken === undefined ? {} : { consentToken }),
      },
    };
    const messages = [{ role: 'user' as const, content: options.content ?? 'hello' }];
    for await (const event of gateway.chat({ model, messages }, call)) {
      if (event.type === 'text') text += event.text;
      if (event.type === 'end') end = event;
    }
  } catch (thrown) {
    error = thrown;
  }
  return { text, end, error };
};
