/**
 * Everything of a request that leaves, as a list of texts, and the request rebuilt from what becomes of them.
 *
 * Each field of the contract has its line here: a new one does not compile before somebody decided about it, and one that
 * the contract does not know is refused. Texts come in the order in which they keep their numbers when a conversation
 * grows: what stays first, the messages last. Who asked (`client`, `cacheScope`) does not leave.
 */
import type { SamplingOptions } from '../../../engine/engine.js';
import type {
  ChatMessage,
  ChatRequest,
  CompletionRequest,
  ContentPart,
  EmbeddingRequest,
  ResponseFormat,
  ToolCall,
  ToolDefinition,
} from '../../tier.js';
import { RedactionError } from './redaction-error.js';
import {
  drop,
  type FieldContext,
  fields,
  flag,
  type Handlers,
  json,
  keep,
  leaf,
  list,
  number,
  unknownField,
  type Walk,
  walkFields,
} from './walk-fields.js';

export type RedactableRequest = ChatRequest | CompletionRequest | EmbeddingRequest;

const refuseMedia = (what: string, path: string): RedactionError =>
  new RedactionError(
    'media',
    `Cannot redact ${path}: nothing here can look into ${what}. Allow media in the redaction rules to send it as it is.`,
    { param: path },
  );

const tokenIds = (path: string): RedactionError =>
  new RedactionError('token-ids', `Cannot redact ${path}: it is token ids, not text.`, { param: path });

const parts: {
  readonly [Type in ContentPart['type']]: (
    part: Extract<ContentPart, { type: Type }>,
    context: FieldContext,
  ) => unknown;
} = {
  text: fields({ type: keep, text: leaf('text') }),
  image: (part, context) => {
    if (!context.allowMedia) throw refuseMedia('an image', context.path);
    const url = part.url.startsWith('data:') ? keep : leaf('url');
    return fields<typeof part>({ type: keep, url })(part, context);
  },
  audio: (part, context) => {
    if (!context.allowMedia) throw refuseMedia('audio', context.path);
    return fields<typeof part>({ type: keep, data: keep, format: leaf('text') })(part, context);
  },
};

const part = (value: ContentPart, context: FieldContext): unknown => {
  if (!Object.hasOwn(parts, value.type)) throw unknownField(`${context.path}.type`);
  return (parts[value.type] as (value: ContentPart, context: FieldContext) => unknown)(value, context);
};

const content = (value: string | readonly ContentPart[], context: FieldContext): unknown =>
  typeof value === 'string' ? leaf('text')(value, context) : list(part)(value, context);

const toolCall = fields<ToolCall>({ id: leaf('id'), name: leaf('name'), arguments: leaf('arguments') });

type Message<Role> = Extract<ChatMessage, { role: Role }>;
const said = fields<Message<'system' | 'developer' | 'user'>>({ role: keep, name: leaf('name'), content });
const assistant = fields<Message<'assistant'>>({
  role: keep,
  reasoning: leaf('text'),
  content,
  toolCalls: list(toolCall),
});
const toolResult = fields<Message<'tool'>>({ role: keep, toolCallId: leaf('id'), content });

const message = (value: ChatMessage, context: FieldContext): unknown => {
  switch (value.role) {
    case 'system':
    case 'developer':
    case 'user':
      return said(value, context);
    case 'assistant':
      return assistant(value, context);
    case 'tool':
      return toolResult(value, context);
    default:
      value satisfies never;
      throw unknownField(`${context.path}.role`);
  }
};

const toolDefinition = fields<ToolDefinition>({ name: leaf('name'), description: leaf('text'), parameters: json });

const responseFormat = (value: ResponseFormat, context: FieldContext): unknown => {
  switch (value.type) {
    case 'text':
    case 'json-object':
      return fields<typeof value>({ type: keep })(value, context);
    case 'json-schema':
      return fields<typeof value>({ type: keep, name: leaf('name'), schema: json })(value, context);
    default:
      value satisfies never;
      throw unknownField(`${context.path}.type`);
  }
};

const sampling = fields<SamplingOptions>({
  temperature: number,
  topP: number,
  topK: number,
  minP: number,
  presencePenalty: number,
  frequencyPenalty: number,
  repeatPenalty: number,
  seed: number,
  logitBias: list(list(number)),
});

const options = {
  model: keep,
  sampling,
  maxTokens: number,
  logprobs: number,
  deadlineMs: number,
  client: drop,
  cacheScope: drop,
  ignoreEos: flag,
  responseFormat,
  stop: list(leaf('text')),
};

const chat: Handlers<ChatRequest> = {
  ...options,
  parallelToolCalls: flag,
  tools: list(toolDefinition),
  toolChoice: (choice, context) => {
    if (choice === 'auto' || choice === 'required' || choice === 'none') return choice;
    return fields<{ readonly name: string }>({ name: leaf('name') })(choice, context);
  },
  templateVariables: json,
  messages: list(message),
};

const completion: Handlers<CompletionRequest> = {
  ...options,
  echo: flag,
  grammar: leaf('text'),
  prompt: (prompt, context) => {
    if (typeof prompt !== 'string') throw tokenIds(context.path);
    return leaf('text')(prompt, context);
  },
};

const embedding: Handlers<EmbeddingRequest> = {
  model: keep,
  deadlineMs: number,
  client: drop,
  cacheScope: drop,
  inputs: list((input: string | readonly number[], context) => {
    if (typeof input !== 'string') throw tokenIds(context.path);
    return leaf('text')(input, context);
  }),
};

/** The request with each of its texts as `visit` gives it back; texts are visited in the same order every time. */
export const walkRequest = <Request extends RedactableRequest>(request: Request, walk: Walk): Request => {
  const context = { ...walk, path: '' };
  if ('messages' in request) return walkFields<ChatRequest>(request, { handlers: chat, context }) as Request;
  if ('prompt' in request) return walkFields<CompletionRequest>(request, { handlers: completion, context }) as Request;
  if ('inputs' in request) return walkFields<EmbeddingRequest>(request, { handlers: embedding, context }) as Request;
  throw unknownField('the request');
};

/** Words that every request may hold because the contract says them, in lower case. */
export const contractWords: readonly string[] = [
  ...[chat, completion, embedding].flatMap((handlers) => Object.keys(handlers)),
  ...'role content name reasoning toolCalls toolCallId arguments description parameters schema type text image audio url'.split(
    ' ',
  ),
  ...'data format temperature topP topK minP presencePenalty frequencyPenalty repeatPenalty seed logitBias'.split(' '),
  ...'system developer user assistant tool auto required none json-object json-schema'.split(' '),
].map((word) => word.toLowerCase());
