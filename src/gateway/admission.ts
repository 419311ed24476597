/**
 * Money before work: reserves the worst case of a route in the ledger, gives up steps that no budget covers, reserves
 * more before a try that may cost beside one before it, and settles or gives back at the end.
 *
 * Without a ledger nothing is counted. Knows no tiers.
 */
import { budgetLeft, nanoUsdLeft } from '../ledger/budget-left.js';
import type { Amounts, BudgetState, Ledger, RateLimit, Settlement } from '../ledger/ledger.js';
import { isAway } from '../ledger/ledger-error.js';
import type { PassedOver, RouteStep } from '../route/route.js';
import { writeCount, writeUsd } from '../route/words.js';
import type { RateLimitStates } from '../tiers/tier.js';
import { GatewayError } from './gateway-error.js';
import { createTryBills, type TryBill } from './try-bills.js';

export interface AdmissionRequest {
  readonly id: string;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly steps: readonly RouteStep[];
  /** Tokens that one try can take at most, prompt and answer. */
  readonly mostTokens: number;
  /** The most that all tries together may cost, whole nanodollars; absent: no such wish. */
  readonly maxCostNanoUsd?: number;
  readonly rateLimits: readonly RateLimit[];
  /** When the reservation may be given back by others, milliseconds since 1970. */
  readonly expiresMs: number;
  readonly routeId: string;
}

export interface Admission {
  /** Those that the budgets cover. */
  readonly steps: readonly RouteStep[];
  readonly passedOver: readonly PassedOver[];
  readonly rateLimits: RateLimitStates;
  /**
   * Before each try: makes sure that the reservation covers it beside those before it that may have been billed. Throws
   * GatewayError `over-budget` where there is no room for another, or `ledger-unavailable`.
   */
  begin(step: RouteStep): Promise<TryBill>;
  /** The most that tries took whose bill nobody told. */
  untold(): Amounts;
  /** Books what it took; resolves once that is durable. */
  settle(settlement: Omit<Settlement, 'reservationId'>): Promise<void>;
  release(): Promise<void>;
}

/** In the gateway's words; what the ledger says for other reasons goes on as it is. */
const inWords = (error: unknown): unknown =>
  isAway(error)
    ? new GatewayError('ledger-unavailable', `The request cannot be booked, so it does not run: ${error.message}`, {
        cause: error,
        retryAfterMs: 1000,
      })
    : error;

const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
  try {
    return await action();
  } catch (error) {
    throw inWords(error);
  }
};

const mostOf = (steps: readonly RouteStep[]): number =>
  steps.reduce((most, { worstCostNanoUsd }) => Math.max(most, worstCostNanoUsd), 0);

/** Whole nanodollars, at least 0. */
const leftOf = (budget: BudgetState): number => Math.max(0, nanoUsdLeft(budget) ?? 0);

/** Nobody can say what to reserve for it. */
const isUnpriced = ({ candidate }: RouteStep): boolean => candidate.tier === 'third-party' && candidate.price === null;

/** What steps of unknown price are given up for: null where no budget of dollars holds. */
const unpricedFault = async (ledger: Ledger, request: AdmissionRequest): Promise<string | null> => {
  if (!request.steps.some(isUnpriced)) return null;
  const { nanoUsd } = budgetLeft(await attempt(() => ledger.budgets()), request);
  return nanoUsd === null ? null : 'its price is unknown, and a budget limits what the request may cost';
};

const reserveSteps = async (ledger: Ledger, request: AdmissionRequest) => {
  const { id, keyId, app, mostTokens: tokens, rateLimits, expiresMs } = request;
  const passedOver: PassedOver[] = [];
  let { steps } = request;
  const fault = await unpricedFault(ledger, request);
  if (fault !== null) {
    for (const { candidate } of steps.filter(isUnpriced))
      passedOver.push({ candidate, reason: 'over-budget', detail: fault });
    steps = steps.filter((step) => !isUnpriced(step));
    if (steps.length === 0)
      throw new GatewayError('over-budget', `No place can take this request: ${fault}`, {
        routeId: request.routeId,
        passedOver,
      });
  }
  for (;;) {
    const nanoUsd = mostOf(steps);
    const reservation = { id, keyId, app, nanoUsd, tokens, expiresMs };
    const outcome = await attempt(() =>
      ledger.reserve(rateLimits.length === 0 ? reservation : { ...reservation, rateLimits }),
    );
    if (outcome.type !== 'over-budget' || outcome.what !== 'usd' || nanoUsd === 0)
      return { outcome, steps, passedOver, nanoUsd };
    // What costs less may still run.
    const left = Math.min(leftOf(outcome.budget), nanoUsd - 1);
    for (const { candidate, worstCostNanoUsd } of steps)
      if (worstCostNanoUsd > left)
        passedOver.push({
          candidate,
          reason: 'over-budget',
          detail: `may cost ${writeUsd(worstCostNanoUsd)}, the budget has left ${writeUsd(leftOf(outcome.budget))}`,
        });
    steps = steps.filter(({ worstCostNanoUsd }) => worstCostNanoUsd <= left);
    if (steps.length === 0) return { outcome, steps, passedOver, nanoUsd };
  }
};

const overBudget = (
  { budget, what }: { readonly budget: BudgetState; readonly what: 'usd' | 'tokens' },
  details: { readonly routeId: string; readonly passedOver: readonly PassedOver[] },
): GatewayError =>
  new GatewayError(
    'over-budget',
    `The budget of this month (${budget.month}) has no ${what === 'usd' ? 'dollars' : 'tokens'} left for this request`,
    details,
  );

/** Throws GatewayError `over-budget`, `rate-limited` or `ledger-unavailable`. */
export const admit = async (ledger: Ledger | null, request: AdmissionRequest): Promise<Admission> => {
  const { id, keyId, app, mostTokens, expiresMs, routeId, maxCostNanoUsd = Number.POSITIVE_INFINITY } = request;
  const bills = createTryBills(mostTokens);
  if (ledger === null)
    return {
      steps: request.steps,
      passedOver: [],
      rateLimits: { requests: null, tokens: null },
      begin: async (step) => bills.begin(step),
      untold: bills.atMost,
      settle: async () => undefined,
      release: async () => undefined,
    };
  const { outcome, steps, passedOver, nanoUsd } = await reserveSteps(ledger, request);
  switch (outcome.type) {
    case 'reserved':
      break;
    case 'over-budget':
      throw overBudget(outcome, { routeId, passedOver });
    case 'rate-limited': {
      const { what, limit, requests, tokens, retryAfterMs } = outcome;
      const message =
        what === 'tokens' && mostTokens > limit
          ? `The request may take ${writeCount(mostTokens)} tokens, the limit is ${writeCount(limit)} per minute: send less, or ask for a shorter answer (max_tokens)`
          : `The limit of ${writeCount(limit)} ${what} per minute is reached`;
      throw new GatewayError('rate-limited', message, { routeId, retryAfterMs, rateLimits: { requests, tokens } });
    }
    default:
      return outcome satisfies never;
  }
  const { requests, tokens } = outcome;
  let covered: Amounts = { nanoUsd, tokens: mostTokens };

  const cover = async (needed: Amounts): Promise<void> => {
    if (needed.nanoUsd <= covered.nanoUsd && needed.tokens <= covered.tokens) return;
    if (needed.nanoUsd > maxCostNanoUsd)
      throw new GatewayError(
        'over-budget',
        `Another try can bring the request to ${writeUsd(needed.nanoUsd)}, it may cost ${writeUsd(maxCostNanoUsd)}`,
        { routeId },
      );
    const raised = await attempt(() => ledger.raise({ id, keyId, app, ...needed, expiresMs }));
    if (raised.type === 'over-budget') throw overBudget(raised, { routeId, passedOver: [] });
    covered = needed;
  };
  return {
    steps,
    passedOver,
    rateLimits: { requests, tokens },
    async begin(step) {
      const bill = bills.begin(step);
      try {
        await cover(bills.atMost());
      } catch (error) {
        bill.dropped();
        throw error;
      }
      return bill;
    },
    untold: bills.atMost,
    async settle(settlement) {
      await attempt(() => ledger.settle({ reservationId: id, ...settlement }));
    },
    release: () => ledger.release(id),
  };
};
