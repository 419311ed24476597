/**
 * Bodies of Gemini's generateContent and batchEmbedContents. Sources: ai.google.dev/api/generate-content,
 * ai.google.dev/api/embeddings; budgets of reasoning: ai.google.dev/gemini-api/docs/openai.
 */
import type { ChatRequest, EmbeddingRequest, ToolChoice } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import { readTemplateVariables, refuseFields, splitSystem, unsupported } from '../unsupported.js';
import { geminiContents } from './contents.js';

const provider = 'gemini';
const maxStops = 5;

/** Models before Gemini 3 take a budget of tokens for thinking, later ones a level. */
const isBeforeThree = (model: string): boolean => /(^|\/)gemini-[12]\b/.test(model);

const budgetOfEffort: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
};
const levels: readonly string[] = ['minimal', 'low', 'medium', 'high'];

const thinkingOf = (request: ChatRequest): object | null => {
  const { effort, others } = readTemplateVariables(request.templateVariables);
  refuseFields(provider, { chat_template_kwargs: others ?? undefined });
  if (effort === null) return null;
  const unknown = unsupported(provider, { what: 'this reasoning_effort', param: 'reasoning_effort' });
  if (isBeforeThree(request.model)) {
    if (!Object.hasOwn(budgetOfEffort, effort)) throw unknown;
    return { thinkingBudget: budgetOfEffort[effort] };
  }
  if (!levels.includes(effort)) throw unknown;
  return { thinkingLevel: effort };
};

const formatFields = ({ responseFormat }: ChatRequest): object => {
  if (responseFormat === undefined || responseFormat.type === 'text') return {};
  return {
    responseMimeType: 'application/json',
    ...(responseFormat.type === 'json-schema' ? { responseJsonSchema: responseFormat.schema } : {}),
  };
};

const generationConfig = (request: ChatRequest): object => {
  const { sampling = {}, stop, logprobs, maxTokens } = request;
  const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty, seed, logitBias } = sampling;
  refuseFields(provider, {
    min_p: minP,
    repeat_penalty: repeatPenalty,
    logit_bias: logitBias,
    ignore_eos: request.ignoreEos,
  });
  if (stop !== undefined && stop.length > maxStops)
    throw unsupported(provider, { what: `more than ${maxStops} stop strings`, param: 'stop' });
  const thinkingConfig = thinkingOf(request);
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined || topK === 0 ? {} : { topK }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
    ...(stop === undefined || stop.length === 0 ? {} : { stopSequences: stop }),
    ...(logprobs === undefined ? {} : { responseLogprobs: true, ...(logprobs === 0 ? {} : { logprobs }) }),
    ...formatFields(request),
    ...(thinkingConfig === null ? {} : { thinkingConfig }),
  };
};

const callingConfig = (choice: ToolChoice): object => {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  switch (choice) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'required':
      return { mode: 'ANY' };
    case 'none':
      return { mode: 'NONE' };
    default:
      return choice satisfies never;
  }
};

const toolFields = ({ tools, toolChoice, parallelToolCalls }: ChatRequest): object => {
  if (tools === undefined || tools.length === 0) return {};
  if (parallelToolCalls === false)
    throw unsupported(provider, { what: 'parallel_tool_calls: false', param: 'parallel_tool_calls' });
  return {
    tools: [
      {
        functionDeclarations: tools.map(({ name, description, parameters }) => ({
          name,
          ...(description === undefined ? {} : { description }),
          ...(parameters === undefined ? {} : { parametersJsonSchema: parameters }),
        })),
      },
    ],
    ...(toolChoice === undefined ? {} : { toolConfig: { functionCallingConfig: callingConfig(toolChoice) } }),
  };
};

export const geminiBody = (request: ChatRequest): object => {
  const { system, rest, offset } = splitSystem(provider, request.messages);
  const config = generationConfig(request);
  return {
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system.map((text) => ({ text })) } }),
    contents: geminiContents(rest, { offset, signCalls: !isBeforeThree(request.model) }),
    ...toolFields(request),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
  };
};

/** `models/NAME`; names that bring their collection keep it. */
export const modelPath = (model: string): string => {
  const segments = (model.includes('/') ? model : `models/${model}`).split('/');
  // The name becomes a path; it may not lead out of it.
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new TierError('model-not-found', 'A model of gemini cannot have this name', { param: 'model' });
  return segments.map(encodeURIComponent).join('/');
};

export const geminiEmbeddingBody = (request: EmbeddingRequest): object => ({
  requests: request.inputs.map((input) => {
    if (typeof input !== 'string') throw unsupported(provider, { what: 'token ids', param: 'input' });
    return { model: decodeURIComponent(modelPath(request.model)), content: { parts: [{ text: input }] } };
  }),
});
