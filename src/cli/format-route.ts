/**
 * A route as `spillway route explain` prints it: where the request would run and why, every place that was passed over
 * and why, what leaves the machine, what it costs at most. Knows routes and what they would send, not how they came
 * about.
 */
import type { ExplainedSending, Explanation } from '../gateway/explain.js';
import type { Route, RouteStep } from '../route/route.js';
import { writeCount, writeMs, writeName, writeUsd } from '../route/words.js';
import { formatBody, formatExactBody } from './format-outgoing.js';
import { writePlace, writeRedactions } from './place-words.js';

export interface RouteFormat {
  /** Of the terminal; Infinity to break no line. */
  readonly columns: number;
  /** All bytes of every request that would leave to a third party, as they are. */
  readonly showBytes: boolean;
}

/** Rows of the first request to a third party that are shown unasked. */
const glanceRows = 16;

const hasUnknownPrice = ({ candidate }: RouteStep): boolean =>
  candidate.tier === 'third-party' && candidate.price === null;

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
  ];
  const tokens = `${writeCount(needs.promptTokens)} prompt tokens`;
  return [
    `Request: ${operation} for ${writeName(model)}, ${[`about ${tokens}`, ...answer].join(', ')}`,
    ...(wants.length === 0 ? [] : [`Wants:   ${wants.join(', ')}`]),
    `Reach:   ${reach}`,
    ...(budgetLeftNanoUsd === null ? [] : [`Budget:  ${writeUsd(budgetLeftNanoUsd)} left this month`]),
  ].join('\n');
};

const costOf = (step: RouteStep): string => {
  if (hasUnknownPrice(step)) return 'costs what is not known';
  return step.worstCostNanoUsd === 0 ? 'free' : `costs ${writeUsd(step.worstCostNanoUsd)} at most`;
};

const describeStep = (step: RouteStep, index: number): string => {
  const { candidate, expectedTtftMs, expectedTotalMs } = step;
  const facts = [
    step.because,
    costOf(step),
    ...(expectedTtftMs === null ? [] : [`first token after ${writeMs(expectedTtftMs)}`]),
    ...(expectedTotalMs === null ? [] : [`longest answer ${writeMs(expectedTotalMs)}`]),
    ...(candidate.circuit === 'half-open' ? ['on trial after failures'] : []),
    ...(step.needsConsent ? ['asks for a yes first'] : []),
    ...(candidate.capabilities.handsOver ? ['hands over what it judges not its own'] : []),
  ];
  return `  ${index + 1}. ${writePlace(candidate)}\n     ${facts.join('; ')}`;
};

const describeSteps = ({ steps }: Route): string => {
  if (steps.length === 0) return 'Runs nowhere: no place inside the reach can take it.';
  const isUnmeasured = steps.every(({ candidate: { speed, load } }) => speed === null && load === null);
  return [
    'Runs at the first of these that answers:',
    ...steps.map(describeStep),
    ...(isUnmeasured
      ? ['  No speeds, queues or failures are known here: a running server goes by those that it has seen.']
      : []),
  ].join('\n');
};

const describePassedOver = ({ passedOver }: Route): string => {
  if (passedOver.length === 0) return 'Passed over: nothing.';
  const lines = passedOver.map(({ candidate, reason, detail }) => `  ${writePlace(candidate)}: ${detail} (${reason})`);
  return `Passed over:\n${lines.join('\n')}`;
};

/** Under what circumstances the step at this place of the route is reached. */
const whenOf = (index: number): string => {
  if (index === 0) return 'at once';
  return `if ${index === 1 ? 'step 1 does' : `steps 1 to ${index} do`} not answer`;
};

const indent = (text: string): string => text.replace(/^/gm, '   ');

const describeSending = (
  { outgoing, fault }: ExplainedSending,
  { columns, showBytes, isFirst }: RouteFormat & { readonly isFirst: boolean },
): string[] => {
  if (outgoing === null) return [`     nothing can go there: ${fault}`];
  const body = new TextDecoder().decode(outgoing.body);
  const glance = isFirst ? [formatBody(body, { columns: columns - 3, rows: glanceRows })] : [];
  return [
    `     ${outgoing.method} ${outgoing.url}`,
    `     ${writeCount(outgoing.body.length)} bytes; ${writeRedactions(outgoing.redactions)}; SHA-256:`,
    `     ${outgoing.contentHash}`,
    ...(showBytes ? [formatExactBody(body, columns - 3)] : glance).map(indent),
  ];
};

const describeLeaving = ({ route, sendings }: Explanation, format: RouteFormat): string => {
  const away = route.steps.flatMap(({ candidate }, index) =>
    candidate.tier === 'device' ? [] : [{ candidate, index }],
  );
  if (away.length === 0) return 'Leaves this machine: nothing.';
  const lines = away.flatMap(({ candidate, index }) => {
    const to = `  to ${candidate.endpoint} (${candidate.tier}), ${whenOf(index)}`;
    if (candidate.tier === 'private') return [`${to}: the request as it is`];
    const sending = sendings.find((one) => one.candidate.id === candidate.id);
    return [
      `${to}: this, and only with a yes to exactly this`,
      ...(sending === undefined
        ? []
        : describeSending(sending, {
            ...format,
            isFirst: sending === sendings.find(({ outgoing }) => outgoing !== null),
          })),
    ];
  });
  return `Leaves this machine:\n${lines.join('\n')}`;
};

const describeCost = ({ steps }: Route): string => {
  const unknown = steps.filter(hasUnknownPrice).map(({ candidate }) => writePlace(candidate));
  const [dearest] = [...steps].sort((a, b) => b.worstCostNanoUsd - a.worstCostNanoUsd);
  const known =
    dearest === undefined || dearest.worstCostNanoUsd === 0
      ? `${writeUsd(0)}${unknown.length === 0 ? '' : ' elsewhere'}`
      : `${writeUsd(dearest.worstCostNanoUsd)}, with ${writePlace(dearest.candidate)}`;
  return `Costs at most: ${[...unknown.map((place) => `unknown with ${place}, whose price is not known`), known].join('; ')}.`;
};

/** Plain text without a line end. It holds what would go to third parties, and no other word of the request. */
export const formatRoute = (explanation: Explanation, format: RouteFormat): string => {
  const { route } = explanation;
  return [
    describeRequest(route),
    describeSteps(route),
    describePassedOver(route),
    describeLeaving(explanation, format),
    describeCost(route),
  ].join('\n\n');
};
