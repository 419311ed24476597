/**
 * What routing and budgets must know of a request before anybody has read it with a tokenizer: needs, sizes, digests.
 *
 * Pure but for hashing. Estimates are for choosing, bounds for money: no token is shorter than one byte.
 */
import { hash } from 'node:crypto';
import type { RouteRequest } from '../route/route.js';
import type { ChatMessage, ChatRequest, CompletionRequest, ContentPart, EmbeddingRequest } from '../tiers/tier.js';

export interface RequestSize {
  /** A guess: four bytes make a token. */
  readonly estimatedTokens: number;
  /** No tokenizer makes more of it. */
  readonly mostTokens: number;
}

/** Tokens that a template may put around each message, at most. */
const framingTokens = 16;
const bytesPerToken = 4;

const sizeOf = (bytes: number, frames: number): RequestSize => ({
  estimatedTokens: Math.ceil(bytes / bytesPerToken) + 4 * frames,
  mostTokens: bytes + framingTokens * frames,
});

const bytesOf = (text: string): number => Buffer.byteLength(text);

const contentBytes = (content: string | readonly ContentPart[] | null): number => {
  if (content === null) return 0;
  if (typeof content === 'string') return bytesOf(content);
  return content.reduce((sum, part) => sum + (part.type === 'text' ? bytesOf(part.text) : 0), 0);
};

/** What providers bill for an image or a second of audio is theirs to say; this bounds the usual. */
const mediaTokens = 2048;

const mediaOf = (messages: readonly ChatMessage[], type: 'image' | 'audio'): number =>
  messages.reduce(
    (sum, { content }) =>
      sum + (Array.isArray(content) ? content.filter((part: ContentPart) => part.type === type).length : 0),
    0,
  );

export const chatSize = (request: ChatRequest): RequestSize => {
  let bytes = 0;
  for (const message of request.messages) {
    bytes += contentBytes(message.content);
    if (message.role === 'assistant') {
      bytes += bytesOf(message.reasoning ?? '');
      for (const call of message.toolCalls ?? []) bytes += bytesOf(call.name) + bytesOf(call.arguments);
    }
  }
  if (request.tools !== undefined && request.tools.length > 0) bytes += bytesOf(JSON.stringify(request.tools));
  if (request.responseFormat?.type === 'json-schema') bytes += bytesOf(JSON.stringify(request.responseFormat.schema));
  const media = mediaOf(request.messages, 'image') + mediaOf(request.messages, 'audio');
  const size = sizeOf(bytes, request.messages.length + (request.tools?.length ?? 0) + 1);
  return {
    estimatedTokens: size.estimatedTokens + media * mediaTokens,
    mostTokens: size.mostTokens + media * mediaTokens,
  };
};

const promptSize = (prompt: string | readonly number[]): RequestSize =>
  typeof prompt === 'string'
    ? sizeOf(bytesOf(prompt), 1)
    : { estimatedTokens: prompt.length, mostTokens: prompt.length + framingTokens };

export const completionSize = (request: CompletionRequest): RequestSize => promptSize(request.prompt);

export const embeddingSize = (request: EmbeddingRequest): RequestSize => {
  const sizes = request.inputs.map(promptSize);
  return {
    estimatedTokens: sizes.reduce((sum, size) => sum + size.estimatedTokens, 0),
    mostTokens: sizes.reduce((sum, size) => sum + size.mostTokens, 0),
  };
};

type Needs = RouteRequest['needs'];

/** Room for an answer of some sentences, or a call. */
const leastAnswerTokens = 64;

const plainNeeds = { tools: false, vision: false, audio: false, jsonSchema: false, logprobs: false } as const;

/** `maxTokens`: the longest answer that may come, whatever the request says of it. */
export const chatNeeds = (request: ChatRequest, size: RequestSize, maxTokens: number): Needs => ({
  promptTokens: size.estimatedTokens,
  mostPromptTokens: size.mostTokens,
  maxTokens,
  ...(request.maxTokens === undefined ? { leastAnswerTokens } : {}),
  tools: (request.tools?.length ?? 0) > 0 && request.toolChoice !== 'none',
  vision: mediaOf(request.messages, 'image') > 0,
  audio: mediaOf(request.messages, 'audio') > 0,
  jsonSchema: request.responseFormat?.type === 'json-schema',
  logprobs: request.logprobs !== undefined,
});

export const completionNeeds = (request: CompletionRequest, size: RequestSize, maxTokens: number): Needs => ({
  ...plainNeeds,
  promptTokens: size.estimatedTokens,
  mostPromptTokens: size.mostTokens,
  maxTokens,
  ...(request.maxTokens === undefined ? { leastAnswerTokens } : {}),
  jsonSchema: request.responseFormat?.type === 'json-schema',
  logprobs: request.logprobs !== undefined,
});

export const embeddingNeeds = (size: RequestSize): Needs => ({
  ...plainNeeds,
  promptTokens: size.estimatedTokens,
  mostPromptTokens: size.mostTokens,
  maxTokens: 0,
});

/** `sha256:` and lower-case hex. */
export const digestOf = (text: string): string => `sha256:${hash('sha256', text)}`;
