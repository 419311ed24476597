/**
 * The decision for one request: where it may run, in which order, and for every other place why not.
 *
 * Pure: the same arguments give the same route, whatever the order of the candidates. It reserves nothing and runs
 * nothing; `after-failure.ts` and `hedge-delay.ts` say how a route is walked.
 */
import { worstCostNanoUsd } from './cost.js';
import { expectTimes } from './expect-times.js';
import { describeAsked, judgeProspect, judgeReach, type Prospect } from './judge-candidate.js';
import { matchName } from './match-name.js';
import { describePlace, orderProspects } from './order-steps.js';
import type { Candidate, PassedOver, Route, RoutePolicy, RouteRequest, RouteStep } from './route.js';

/** True where content may go there only after somebody's yes. */
export const needsConsent = ({ tier }: Candidate): boolean => tier === 'third-party';

/** Every candidate is in `steps` or in `passedOver`, once; no step is beyond the request's reach. */
export const planRoute = (request: RouteRequest, candidates: readonly Candidate[], policy: RoutePolicy): Route => {
  const { promptTokens, mostPromptTokens = promptTokens, maxTokens } = request.needs;
  const match = matchName(request.model, policy.aliases);
  const notAskedFor = describeAsked(request.model, match);
  const able: Prospect[] = [];
  const passedOver: PassedOver[] = [];
  for (const candidate of candidates) {
    const beyond = judgeReach(candidate, request);
    if (beyond !== null) {
      passedOver.push({ candidate, ...beyond });
      continue;
    }
    const position = match.positionOf(candidate);
    if (position === null) {
      passedOver.push({ candidate, reason: 'not-asked-for', detail: notAskedFor });
      continue;
    }
    const prospect: Prospect = {
      candidate,
      position,
      times: expectTimes(candidate, request),
      worstCostNanoUsd: worstCostNanoUsd({ promptTokens: mostPromptTokens, maxTokens }, candidate.price),
    };
    const verdict = judgeProspect(prospect, request);
    if (verdict === null) able.push(prospect);
    else passedOver.push({ candidate, ...verdict });
  }
  const ordered = orderProspects(able);
  const steps = ordered.map((prospect, index): RouteStep => {
    const earlier = index === 0 ? null : ordered[index - 1]!;
    return {
      candidate: prospect.candidate,
      needsConsent: needsConsent(prospect.candidate),
      worstCostNanoUsd: prospect.worstCostNanoUsd,
      expectedTtftMs: prospect.times.ttftMs,
      expectedTotalMs: prospect.times.totalMs,
      because: describePlace({ prospect, earlier }, { model: request.model, match }),
    };
  });
  passedOver.sort((a, b) => (a.candidate.id < b.candidate.id ? -1 : a.candidate.id > b.candidate.id ? 1 : 0));
  return { request, steps, passedOver };
};
