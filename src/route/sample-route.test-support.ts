/** A candidate, a request and a policy that fit each other, for tests that change one thing about them. */
import type { Candidate, RoutePolicy, RouteRequest } from './route.js';

export const sampleCandidate = (changes: Partial<Candidate> = {}): Candidate => {
  const { tier = 'device', endpoint = 'device', model = 'pocket' } = changes;
  return {
    id: `${tier}/${endpoint}/${model}`,
    tier,
    endpoint,
    model,
    capabilities: {
      contextLength: 8192,
      chat: true,
      completions: true,
      embeddings: true,
      tools: true,
      vision: true,
      audio: true,
      jsonSchema: true,
      logprobs: true,
      handsOver: false,
    },
    price: null,
    speed: null,
    load: null,
    circuit: 'closed',
    ...changes,
  };
};

export const sampleRequest = (changes: Partial<RouteRequest> = {}): RouteRequest => ({
  id: 'request-1',
  model: 'auto',
  operation: 'chat',
  reach: 'third-party',
  needs: {
    promptTokens: 100,
    maxTokens: 200,
    tools: false,
    vision: false,
    audio: false,
    jsonSchema: false,
    logprobs: false,
  },
  targets: {},
  budgetLeftNanoUsd: null,
  ...changes,
});

export const samplePolicy = (changes: Partial<RoutePolicy> = {}): RoutePolicy => ({
  aliases: {},
  confidenceLine: 0.5,
  timeouts: { firstTokenMs: 8_000, stallMs: 5_000, totalMs: 120_000 },
  retries: 2,
  hedgeAfterMs: null,
  ...changes,
});
