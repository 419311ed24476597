/**
 * What would become of a chat: its route, what its budgets leave of that, and what exactly would go to third parties.
 * Runs nothing, reserves nothing, asks nobody.
 */
import { type BudgetLeft, budgetLeft } from '../ledger/budget-left.js';
import type { BudgetState } from '../ledger/ledger.js';
import type { Candidate, PassedOver, Route } from '../route/route.js';
import { writeCount, writeUsd } from '../route/words.js';
import type { OutgoingRequest } from '../tiers/third-party/outgoing-request.js';
import type { ChatRequest, RoutingOptions } from '../tiers/tier.js';
import { TierError } from '../tiers/tier-error.js';
import { GatewayError } from './gateway-error.js';
import { type GatewayContext, jobOf, joinedRoute, limitedFor } from './gateway-job.js';
import { planGenerating } from './plan-generating.js';

export interface ExplainOptions {
  readonly routing: RoutingOptions;
  /** As the ledger has them now; those that the request does not fall under may be among them. */
  readonly budgets: readonly BudgetState[];
}

/** What a step would send to a third party, or why it cannot. */
export interface ExplainedSending {
  readonly candidate: Candidate;
  readonly outgoing: OutgoingRequest | null;
  /** Null where it can. */
  readonly fault: string | null;
}

export interface Explanation {
  readonly route: Route;
  /** One for each step that goes to a third party, in their order. */
  readonly sendings: readonly ExplainedSending[];
}

/** What keeps the ledger from reserving anything for the request; null for nothing. */
const lackOf = (left: BudgetLeft, mostTokens: number): string | null => {
  if (left.tokens !== null && mostTokens > left.tokens)
    return `can take ${writeCount(mostTokens)} tokens, the budget has ${writeCount(Math.max(0, left.tokens))} left`;
  if (left.nanoUsd !== null && left.nanoUsd < 0)
    return `the budget is overdrawn by ${writeUsd(-left.nanoUsd)}, so that nothing runs under it`;
  return null;
};

const sendingOf = (candidate: Candidate, request: ChatRequest, context: GatewayContext): ExplainedSending[] => {
  const place = context.placeFor(candidate);
  if (place.prepareChat === undefined) return [];
  try {
    return [{ candidate, outgoing: place.prepareChat(request), fault: null }];
  } catch (error) {
    if (!(error instanceof GatewayError || error instanceof TierError)) throw error;
    return [{ candidate, outgoing: null, fault: error.message }];
  }
};

export const explain = (request: ChatRequest, context: GatewayContext, options: ExplainOptions): Explanation => {
  const { routing, budgets } = options;
  const left = budgetLeft(budgets, jobOf(request, routing, context));
  const what = { operation: 'chat', request } as const;
  const { planned, size, maxTokens } = planGenerating(what, context, { routing, budgetLeftNanoUsd: left.nanoUsd });
  const lack = lackOf(left, size.mostTokens + maxTokens);
  const unpaid =
    lack === null
      ? []
      : planned.steps.map(({ candidate }): PassedOver => ({ candidate, reason: 'over-budget', detail: lack }));
  const route = joinedRoute(planned, lack === null ? planned.steps : [], unpaid);
  const sendings = route.steps.flatMap(({ candidate }) =>
    sendingOf(candidate, { ...request, ...limitedFor(candidate, maxTokens) }, context),
  );
  return { route, sendings };
};
