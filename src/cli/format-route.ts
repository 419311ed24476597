/**
 * A route as `spillway route explain` prints it: where the request would run and why, every place that was passed over
 * and why, what leaves the machine, what it costs at most. Knows routes only, not how they came about.
 */
import type { Route, RouteStep } from '../route/route.js';
import { writeCount, writeMs, writeName, writeUsd } from '../route/words.js';
import { formatTable } from './terminal.js';

const hasUnknownPrice = ({ candidate }: RouteStep): boolean =>
  candidate.tier === 'third-party' && candidate.price === null;

const costOf = (step: RouteStep): string => (hasUnknownPrice(step) ? 'unknown' : writeUsd(step.worstCostNanoUsd));

const timeOf = (ms: number | null): string => (ms === null ? '?' : writeMs(ms));

const describeRequest = ({ request }: Route): string => {
  const { operation, needs, targets, reach, model, maxCostNanoUsd, budgetLeftNanoUsd } = request;
  const answer = operation === 'embedding' ? [] : [`${writeCount(needs.maxTokens)} answer tokens at most`];
  const wants = [
    ...(['tools', 'vision', 'audio'] as const).filter((need) => needs[need]),
    ...(needs.jsonSchema ? ['JSON Schema'] : []),
    ...(needs.logprobs ? ['token probabilities'] : []),
    ...(targets.ttftMs === undefined ? [] : [`first token within ${writeMs(targets.ttftMs)}`]),
    ...(targets.tpotMs === undefined ? [] : [`${writeMs(targets.tpotMs)} per token`]),
    ...(targets.deadlineMs === undefined ? [] : [`done within ${writeMs(targets.deadlineMs)}`]),
    ...(maxCostNanoUsd === undefined ? [] : [`at most ${writeUsd(maxCostNanoUsd)}`]),
    ...(budgetLeftNanoUsd === null ? [] : [`a budget with ${writeUsd(budgetLeftNanoUsd)} left`]),
  ];
  const tokens = `${writeCount(needs.promptTokens)} prompt tokens`;
  return [
    `Request: ${operation} for ${writeName(model)}, ${[`about ${tokens}`, ...answer].join(', ')}`,
    ...(wants.length === 0 ? [] : [`Wants:   ${wants.join(', ')}`]),
    `Reach:   ${reach}`,
  ].join('\n');
};

const describeSteps = ({ steps }: Route): string => {
  if (steps.length === 0) return 'Runs nowhere: no place inside the reach can take it.';
  const rows = steps.map((step, index) => [
    String(index + 1),
    step.candidate.id,
    timeOf(step.expectedTtftMs),
    timeOf(step.expectedTotalMs),
    costOf(step),
    step.needsConsent ? 'yes' : 'no',
    step.because,
  ]);
  const header = ['', 'PLACE', 'FIRST TOKEN', 'LONGEST ANSWER', 'COST AT MOST', 'ASKS FIRST', 'WHY'];
  return `Runs at the first of these that answers:\n${formatTable(header, rows)}`;
};

const describePassedOver = ({ passedOver }: Route): string => {
  if (passedOver.length === 0) return 'Passed over: nothing.';
  const rows = passedOver.map(({ candidate, reason, detail }) => [candidate.id, reason, detail]);
  return `Passed over:\n${formatTable(['PLACE', 'REASON', 'WHY'], rows)}`;
};

const describeLeaving = ({ steps }: Route): string => {
  const away = steps.flatMap(({ candidate }, index) => (candidate.tier === 'device' ? [] : [{ candidate, index }]));
  if (away.length === 0) return 'Leaves this machine: nothing.';
  const lines = away.map(({ candidate, index }) => {
    const when = index === 0 ? 'at once' : `if step${index === 1 ? ' 1 does' : `s 1 to ${index} do`} not answer`;
    const what =
      candidate.tier === 'private'
        ? 'the request'
        : 'the request after redaction, and only with a yes to exactly those bytes';
    return `  to ${candidate.endpoint} (${candidate.tier}), ${when}: ${what}`;
  });
  return `Leaves this machine:\n${lines.join('\n')}`;
};

const describeCost = ({ steps }: Route): string => {
  const unknown = steps.filter(hasUnknownPrice).map(({ candidate }) => candidate.id);
  const [dearest] = [...steps].sort((a, b) => b.worstCostNanoUsd - a.worstCostNanoUsd);
  const known =
    dearest === undefined || dearest.worstCostNanoUsd === 0
      ? `${writeUsd(0)}${unknown.length === 0 ? '' : ' elsewhere'}`
      : `${writeUsd(dearest.worstCostNanoUsd)}, at ${dearest.candidate.id}`;
  return `Costs at most: ${[...unknown.map((id) => `unknown at ${id}, which has no price`), known].join('; ')}.`;
};

/** Plain text without a line end, for terminals and logs alike; holds no word of the request's content. */
export const formatRoute = (route: Route): string =>
  [describeRequest, describeSteps, describePassedOver, describeLeaving, describeCost]
    .map((describe) => describe(route))
    .join('\n\n');
