/**
 * Money before work: reserves the worst case of a route in the ledger, gives up steps that no budget covers, and settles
 * or gives back at the end.
 *
 * Without a ledger nothing is counted. Knows no tiers.
 */
import type { Ledger, RateLimitState, Settlement } from '../ledger/ledger.js';
import { LedgerError } from '../ledger/ledger-error.js';
import type { PassedOver, RouteStep } from '../route/route.js';
import { writeUsd } from '../route/words.js';
import { budgetLeft, nanoUsdLeft } from './budget-left.js';
import { GatewayError } from './gateway-error.js';

export interface AdmissionRequest {
  readonly id: string;
  readonly keyId: string | null;
  readonly app: string | null;
  readonly steps: readonly RouteStep[];
  /** Tokens that the request can take at most, prompt and answer. */
  readonly mostTokens: number;
  /** When the reservation may be given back by others, milliseconds since 1970. */
  readonly expiresMs: number;
  readonly routeId: string;
}

export interface Admission {
  /** Those that the budgets cover. */
  readonly steps: readonly RouteStep[];
  readonly passedOver: readonly PassedOver[];
  readonly rateLimits: { readonly requests: RateLimitState | null; readonly tokens: RateLimitState | null } | null;
  /** Books what it took; resolves with the receipt's id once that is durable, null without a ledger. */
  settle(settlement: Omit<Settlement, 'reservationId'>): Promise<string | null>;
  release(): Promise<void>;
}

const mostOf = (steps: readonly RouteStep[]): number =>
  steps.reduce((most, { worstCostNanoUsd }) => Math.max(most, worstCostNanoUsd), 0);

/** Nobody can say what to reserve for it. */
const isUnpriced = ({ candidate }: RouteStep): boolean => candidate.tier === 'third-party' && candidate.price === null;

/** In the gateway's words; what the ledger says for other reasons goes on as it is. */
const inWords = (error: unknown): unknown =>
  error instanceof LedgerError && (error.code === 'unavailable' || error.code === 'disk-full')
    ? new GatewayError('ledger-unavailable', `The request cannot be booked, so it does not run: ${error.message}`, {
        cause: error,
        retryAfterMs: 1000,
      })
    : error;

/** Throws GatewayError `over-budget`, `rate-limited` or `ledger-unavailable`. */
export const admit = async (ledger: Ledger | null, request: AdmissionRequest): Promise<Admission> => {
  const { id, keyId, app, mostTokens, expiresMs, routeId } = request;
  if (ledger === null)
    return {
      steps: request.steps,
      passedOver: [],
      rateLimits: null,
      settle: async () => null,
      release: async () => undefined,
    };
  const answered = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      throw inWords(error);
    }
  };
  const reserve = (nanoUsd: number) =>
    answered(ledger.reserve({ id, keyId, app, nanoUsd, tokens: mostTokens, expiresMs }));
  let { steps } = request;
  const passedOver: PassedOver[] = [];
  /** Gives up what costs too much; false, and nothing is given up, where no step would be left. */
  const keep = (isCovered: (step: RouteStep) => boolean, detailOf: (step: RouteStep) => string): boolean => {
    const dropped = steps.filter((step) => !isCovered(step));
    passedOver.push(
      ...dropped.map((step) => ({
        candidate: step.candidate,
        reason: 'over-budget' as const,
        detail: detailOf(step),
      })),
    );
    const kept = steps.filter(isCovered);
    if (kept.length > 0) steps = kept;
    return kept.length > 0;
  };
  if (steps.some(isUnpriced)) {
    const { nanoUsd } = budgetLeft(await answered(ledger.budgets()), request);
    const detail = 'its price is unknown, and a budget limits what the request may cost';
    if (
      nanoUsd !== null &&
      !keep(
        (step) => !isUnpriced(step),
        () => detail,
      )
    )
      throw new GatewayError('over-budget', `No place can take this request: ${detail}`, { routeId, passedOver });
  }
  let outcome = await reserve(mostOf(steps));
  while (outcome.type === 'over-budget' && outcome.what === 'usd') {
    // What this budget covers may still run; the next may cover less.
    const left = nanoUsdLeft(outcome.budget) ?? 0;
    const detailOf = ({ worstCostNanoUsd }: RouteStep): string =>
      `can cost ${writeUsd(worstCostNanoUsd)}, the budget of this month has ${writeUsd(Math.max(0, left))} left`;
    if (!keep(({ worstCostNanoUsd }) => worstCostNanoUsd <= left, detailOf)) break;
    outcome = await reserve(mostOf(steps));
  }
  switch (outcome.type) {
    case 'reserved': {
      const { requests, tokens } = outcome;
      return {
        steps,
        passedOver,
        rateLimits: { requests, tokens },
        async settle(settlement) {
          return (await answered(ledger.settle({ reservationId: id, ...settlement }))).body.id;
        },
        release: () => ledger.release(id),
      };
    }
    case 'over-budget': {
      const what = outcome.what === 'usd' ? 'dollars' : 'tokens';
      throw new GatewayError(
        'over-budget',
        `The budget of this month (${outcome.budget.month}) has no ${what} left for this request`,
        {
          routeId,
          passedOver,
        },
      );
    }
    case 'rate-limited': {
      const { what, requests, tokens, retryAfterMs } = outcome;
      throw new GatewayError('rate-limited', `The limit of ${what} per minute is reached`, {
        routeId,
        retryAfterMs,
        rateLimits: { requests, tokens },
      });
    }
    default:
      return outcome satisfies never;
  }
};
