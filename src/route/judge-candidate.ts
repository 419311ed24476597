/**
 * Whether a candidate can take a request, and if not, why: the first of the rules below that it misses.
 *
 * Reach comes first and asks nothing else of a candidate, so that what is beyond it cannot matter in any way. Unknown
 * figures never rule a candidate out, except an unknown price where money is limited.
 */
import type { ExpectedTimes } from './expect-times.js';
import type { NameMatch } from './match-name.js';
import { reaches } from './reach.js';
import type { Candidate, CandidateCapabilities, PassReason, RouteRequest } from './route.js';
import { writeCount, writeMs, writeName, writeUsd } from './words.js';

export interface Verdict {
  readonly reason: PassReason;
  readonly detail: string;
}

/** A candidate with what was worked out about it. */
export interface Prospect {
  readonly candidate: Candidate;
  /** Place in the order that was asked for; null where it was not asked for. */
  readonly position: number | null;
  readonly times: ExpectedTimes;
  readonly worstCostNanoUsd: number;
}

/** Null where it is inside the reach. */
export const judgeReach = ({ tier }: Candidate, { reach }: RouteRequest): Verdict | null =>
  reaches(reach, tier)
    ? null
    : { reason: 'beyond-reach', detail: `is ${tier}, the request may go to ${reach} at the furthest` };

const namesShown = 5;

/** The sentence for a candidate that is not among the names asked for. */
export const describeAsked = (model: string, match: NameMatch): string => {
  if (match.kind !== 'alias') return `${writeName(model)} was asked for`;
  if (match.names.length === 0) return `${writeName(model)} was asked for, which stands for nothing`;
  const shown = match.names.slice(0, namesShown).map(writeName).join(', ');
  const more = match.names.length > namesShown ? `, ${writeCount(match.names.length - namesShown)} more` : '';
  return `${writeName(model)} was asked for, which stands for ${shown}${more}`;
};

const operations = {
  chat: { has: ({ chat }: CandidateCapabilities) => chat, detail: 'answers no chats' },
  completion: { has: ({ completions }: CandidateCapabilities) => completions, detail: 'completes no plain text' },
  embedding: { has: ({ embeddings }: CandidateCapabilities) => embeddings, detail: 'makes no embeddings' },
} as const;

const abilities = [
  { need: 'tools', reason: 'tools', detail: 'calls no tools' },
  { need: 'vision', reason: 'vision', detail: 'reads no images' },
  { need: 'audio', reason: 'audio', detail: 'hears no audio' },
  { need: 'jsonSchema', reason: 'json-schema', detail: 'cannot be held to a JSON Schema' },
  { need: 'logprobs', reason: 'logprobs', detail: 'gives no token probabilities' },
] as const satisfies readonly {
  need: keyof RouteRequest['needs'] & keyof CandidateCapabilities;
  reason: PassReason;
  detail: string;
}[];

const judgeCapability = ({ capabilities }: Candidate, { operation, needs }: RouteRequest): Verdict | null => {
  const { has, detail } = operations[operation];
  if (!has(capabilities)) return { reason: 'operation', detail };
  const answerTokens = needs.leastAnswerTokens ?? needs.maxTokens;
  const contextTokens = (needs.longestPromptTokens ?? needs.promptTokens) + answerTokens;
  const { contextLength } = capabilities;
  if (contextLength !== null && contextTokens > contextLength)
    return {
      reason: 'context-length',
      detail: `needs ${writeCount(contextTokens)} tokens of context, has ${writeCount(contextLength)}`,
    };
  for (const ability of abilities)
    if (needs[ability.need] && !capabilities[ability.need]) return { reason: ability.reason, detail: ability.detail };
  return null;
};

/** What the machine cannot do even when nobody else asks it. */
const judgeSpeed = ({ times }: Prospect, { targets }: RouteRequest): Verdict | null => {
  const { firstMs, tpotMs } = times;
  const limitMs = Math.min(targets.ttftMs ?? Number.POSITIVE_INFINITY, targets.deadlineMs ?? Number.POSITIVE_INFINITY);
  if (firstMs !== null && firstMs > limitMs)
    return {
      reason: 'too-slow',
      detail: `first token after ${writeMs(firstMs)} at its measured speed, wanted within ${writeMs(limitMs)}`,
    };
  if (tpotMs !== null && targets.tpotMs !== undefined && tpotMs > targets.tpotMs)
    return {
      reason: 'too-slow',
      detail: `${writeMs(tpotMs)} per token at its measured speed, wanted ${writeMs(targets.tpotMs)}`,
    };
  return null;
};

const judgeLoad = ({ candidate, times }: Prospect, { targets }: RouteRequest): Verdict | null => {
  const { queueMs, firstMs } = times;
  const { load } = candidate;
  if (load === null || queueMs === null || queueMs === 0) return null;
  const limitMs = Math.min(targets.ttftMs ?? Number.POSITIVE_INFINITY, targets.deadlineMs ?? Number.POSITIVE_INFINITY);
  if (queueMs + (firstMs ?? 0) <= limitMs) return null;
  const crowd = `${writeCount(load.running)} running and ${writeCount(load.queued)} queued on ${writeCount(load.parallel)} places`;
  return {
    reason: 'too-busy',
    detail: `${crowd}: a wait of ${writeMs(queueMs)}, first token wanted within ${writeMs(limitMs)}`,
  };
};

const judgeMoney = ({ candidate, worstCostNanoUsd }: Prospect, request: RouteRequest): Verdict | null => {
  const limits = [
    { nanoUsd: request.maxCostNanoUsd ?? null, reason: 'too-expensive', limit: 'the request may cost' },
    { nanoUsd: request.budgetLeftNanoUsd, reason: 'over-budget', limit: 'the budget has left' },
  ] as const;
  for (const { nanoUsd, reason, limit } of limits) {
    if (nanoUsd === null) continue;
    if (candidate.tier === 'third-party' && candidate.price === null)
      return { reason, detail: `its price is unknown, ${limit} ${writeUsd(nanoUsd)}` };
    if (worstCostNanoUsd > 0 && worstCostNanoUsd > nanoUsd)
      return { reason, detail: `may cost ${writeUsd(worstCostNanoUsd)}, ${limit} ${writeUsd(nanoUsd)}` };
  }
  return null;
};

const judgeCircuit = ({ circuit }: Candidate): Verdict | null =>
  circuit === 'open' ? { reason: 'circuit-open', detail: 'failed too often lately and is left alone for now' } : null;

/** For a candidate inside the reach that was asked for; null where it can take the request. */
export const judgeProspect = (prospect: Prospect, request: RouteRequest): Verdict | null =>
  judgeCapability(prospect.candidate, request) ??
  judgeSpeed(prospect, request) ??
  judgeLoad(prospect, request) ??
  judgeMoney(prospect, request) ??
  judgeCircuit(prospect.candidate);
