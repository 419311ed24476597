/**
 * What a model behind an endpoint is taken to be able to do where its configuration does not say. A request that a place
 * then refuses goes on to the next one, so what is usual counts as there; what most models lack does not.
 */
import type { CandidateCapabilities } from '../route/route.js';

const usual: CandidateCapabilities = {
  contextLength: null,
  chat: true,
  completions: false,
  embeddings: false,
  tools: true,
  vision: false,
  audio: false,
  jsonSchema: true,
  logprobs: true,
  handsOver: false,
};

const embeddingOnly: Partial<CandidateCapabilities> = {
  chat: false,
  completions: false,
  embeddings: true,
  tools: false,
  vision: false,
  audio: false,
  jsonSchema: false,
  logprobs: false,
};

/** By API: servers of one's own complete plain text; Anthropic's and Gemini's APIs are taken to give no logprobs. */
const byKind: Readonly<Record<string, Partial<CandidateCapabilities>>> = {
  private: { completions: true },
  openai: { vision: true },
  anthropic: { vision: true, logprobs: false },
  gemini: { vision: true, logprobs: false },
  mistral: { vision: true, logprobs: false },
  openrouter: { vision: true },
  'openai-compatible': { completions: true },
};

/** `kind` is a provider's, or `private`. A name with "embed" in it is an embedding model's. */
export const assumedCapabilities = (kind: string, model: string): CandidateCapabilities => ({
  ...usual,
  ...(Object.hasOwn(byKind, kind) ? byKind[kind] : {}),
  ...(/embed/i.test(model) ? embeddingOnly : {}),
});
