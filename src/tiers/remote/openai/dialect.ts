/**
 * How the APIs that follow OpenAI's differ from it, as data: what each can say and under which names. Sources, all read
 * as documented in 2026: platform.openai.com/docs/api-reference, docs.vllm.ai (OpenAI-compatible server), docs.sglang.ai,
 * llama.cpp's tools/server/README.md, docs.mistral.ai/api, openrouter.ai/docs/api-reference.
 */

/** Field names of sampling settings; a setting that is not there cannot be said. */
export interface SamplingNames {
  readonly topK?: 'top_k';
  readonly minP?: 'min_p';
  readonly repeatPenalty?: readonly ('repetition_penalty' | 'repeat_penalty')[];
  readonly logitBias?: 'logit_bias';
  readonly seed: 'seed' | 'random_seed';
}

export interface OpenAiDialect {
  readonly kind: string;
  readonly sampling: SamplingNames;
  readonly maxTokens: 'max_tokens' | 'max_completion_tokens';
  /** Most stop strings that one request may hold. */
  readonly maxStops: number;
  readonly ignoreEos: boolean;
  readonly logprobs: boolean;
  /** `developer` messages under their own role; otherwise they go as `system`. */
  readonly developerRole: boolean;
  readonly messageNames: boolean;
  /** Field of an assistant message that carries its earlier reasoning; null: it is left out. */
  readonly reasoningField: 'reasoning_content' | 'reasoning' | null;
  /** `template`: beside the other template variables; `nested`: `reasoning.effort`. */
  readonly effort: 'field' | 'template' | 'nested';
  /** `chat_template_kwargs`. */
  readonly templateVariables: boolean;
  readonly requireCall: 'required' | 'any';
  /** `strict` of a schema: always, only where the schema is closed as OpenAI demands, or never said. */
  readonly strictSchemas: 'always' | 'closed' | 'never';
  /** Usage of a stream must be asked for with `stream_options`. */
  readonly streamOptions: boolean;
  /** Calls must have ids of nine letters and digits. */
  readonly shortCallIds: boolean;
  readonly audio: boolean;
  /** How a given beginning of the answer is gone on from; null: it cannot be. */
  readonly continuation: 'continue-final-message' | 'prefix' | null;
  readonly completions: boolean;
  /** `grammar` (GBNF) and `response_format` of plain completions. */
  readonly completionConstraints: boolean;
  readonly embeddingFormat: 'base64' | 'float';
}

export const openAiDialect: OpenAiDialect = {
  kind: 'openai',
  sampling: { logitBias: 'logit_bias', seed: 'seed' },
  maxTokens: 'max_completion_tokens',
  maxStops: 4,
  ignoreEos: false,
  logprobs: true,
  developerRole: true,
  messageNames: true,
  reasoningField: null,
  effort: 'field',
  templateVariables: false,
  requireCall: 'required',
  strictSchemas: 'closed',
  streamOptions: true,
  shortCallIds: false,
  audio: true,
  continuation: null,
  completions: true,
  completionConstraints: false,
  embeddingFormat: 'base64',
};

/** What runs at an address of one's own, as far as it matters here. */
export type ServerKind = 'vllm' | 'sglang' | 'llama-server' | 'spillway' | 'other';

/** Any server that speaks OpenAI's API, with the extensions that local servers share and that others ignore. */
export const compatibleDialect = (server: ServerKind): OpenAiDialect => ({
  kind: 'openai-compatible',
  sampling: {
    topK: 'top_k',
    minP: 'min_p',
    repeatPenalty: ['repetition_penalty', 'repeat_penalty'],
    logitBias: 'logit_bias',
    seed: 'seed',
  },
  maxTokens: 'max_tokens',
  maxStops: Number.POSITIVE_INFINITY,
  ignoreEos: true,
  logprobs: true,
  developerRole: server === 'spillway',
  messageNames: true,
  reasoningField: 'reasoning_content',
  effort: 'template',
  templateVariables: true,
  requireCall: 'required',
  strictSchemas: 'never',
  streamOptions: true,
  shortCallIds: false,
  audio: true,
  continuation: server === 'vllm' || server === 'sglang' ? 'continue-final-message' : null,
  completions: true,
  completionConstraints: server === 'llama-server' || server === 'spillway',
  embeddingFormat: server === 'other' || server === 'sglang' ? 'float' : 'base64',
});

export const mistralDialect: OpenAiDialect = {
  kind: 'mistral',
  sampling: { seed: 'random_seed' },
  maxTokens: 'max_tokens',
  maxStops: Number.POSITIVE_INFINITY,
  ignoreEos: false,
  logprobs: false,
  developerRole: false,
  messageNames: false,
  reasoningField: null,
  effort: 'field',
  templateVariables: false,
  requireCall: 'any',
  strictSchemas: 'always',
  streamOptions: false,
  shortCallIds: true,
  audio: true,
  continuation: 'prefix',
  completions: false,
  completionConstraints: false,
  embeddingFormat: 'float',
};

export const openRouterDialect: OpenAiDialect = {
  kind: 'openrouter',
  sampling: {
    topK: 'top_k',
    minP: 'min_p',
    repeatPenalty: ['repetition_penalty'],
    logitBias: 'logit_bias',
    seed: 'seed',
  },
  maxTokens: 'max_tokens',
  maxStops: Number.POSITIVE_INFINITY,
  ignoreEos: false,
  logprobs: true,
  developerRole: true,
  messageNames: true,
  reasoningField: 'reasoning',
  effort: 'nested',
  templateVariables: false,
  requireCall: 'required',
  strictSchemas: 'closed',
  streamOptions: true,
  shortCallIds: false,
  audio: true,
  continuation: null,
  completions: true,
  completionConstraints: false,
  embeddingFormat: 'float',
};
