/**
 * The plan of a chat or a completion: what it needs, how far it may go, the steps that follow. Runs nothing.
 */
import { planRoute } from '../route/plan-route.js';
import type { CallOptions, ChatRequest, CompletionRequest } from '../tiers/tier.js';
import { type GatewayContext, jobOf, routeRequestOf } from './gateway-job.js';
import { chatNeeds, chatSize, completionNeeds, completionSize } from './request-facts.js';

export type Generating =
  | { readonly operation: 'chat'; readonly request: ChatRequest }
  | { readonly operation: 'completion'; readonly request: CompletionRequest };

export interface PlanCall extends CallOptions {
  /** Absent: as far as it is known here. */
  readonly budgetLeftNanoUsd?: number | null;
}

export const planGenerating = (what: Generating, context: GatewayContext, call: PlanCall) => {
  const { policy, answerTokens } = context.options;
  const { operation, request } = what;
  const job = jobOf(request, call.routing, context);
  const maxTokens = request.maxTokens ?? answerTokens;
  const size = operation === 'chat' ? chatSize(request) : completionSize(request);
  const needs = operation === 'chat' ? chatNeeds(request, size, maxTokens) : completionNeeds(request, size, maxTokens);
  const { model, deadlineMs } = request;
  const { budgetLeftNanoUsd } = call;
  const left = budgetLeftNanoUsd === undefined ? {} : { budgetLeftNanoUsd };
  const asked = routeRequestOf(job, { model, operation, needs, deadlineMs, ...left }, context);
  return { job, size, maxTokens, planned: planRoute(asked, context.candidates(), policy) };
};
