/**
 * The codecs of OpenAI's API and of those that follow it: OpenAI itself, any compatible server, Mistral and OpenRouter.
 * The dialect says what differs.
 */
import type { WireCodec, WireRequest } from '../wire-codec.js';
import { jsonBytes } from '../wire-json.js';
import { createOpenAiDecoder } from './answer-decoder.js';
import {
  compatibleDialect,
  mistralDialect,
  type OpenAiDialect,
  openAiDialect,
  openRouterDialect,
  type ServerKind,
} from './dialect.js';
import { decodeOpenAiEmbedding } from './embeddings.js';
import { chatBody, completionBody, embeddingBody } from './request-body.js';

const streamHeaders = { 'content-type': 'application/json', accept: 'text/event-stream' };
const jsonHeaders = { 'content-type': 'application/json', accept: 'application/json' };

const createCodec = (dialect: OpenAiDialect): WireCodec => {
  const post = (path: string, { body, stream }: { readonly body: object; readonly stream: boolean }): WireRequest => ({
    method: 'POST',
    path,
    headers: stream ? streamHeaders : jsonHeaders,
    body: jsonBytes(body),
  });
  return {
    kind: dialect.kind,
    credentialHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
    encodeChat: (request, options = {}) =>
      post('/chat/completions', { body: chatBody(request, { ...options, dialect }), stream: options.stream ?? true }),
    chatDecoder: (context) =>
      createOpenAiDecoder(context, { operation: 'chat', repeatsContinuedText: dialect.continuation === 'prefix' }),
    canContinue: () => dialect.continuation !== null,
    encodeCompletion: dialect.completions
      ? (request, options = {}) =>
          post('/completions', {
            body: completionBody(request, { ...options, dialect }),
            stream: options.stream ?? true,
          })
      : null,
    completionDecoder: (context) =>
      createOpenAiDecoder(context, { operation: 'completion', repeatsContinuedText: false }),
    encodeEmbedding: (request) => post('/embeddings', { body: embeddingBody(request, dialect), stream: false }),
    decodeEmbedding: decodeOpenAiEmbedding,
  };
};

export const createOpenAiCodec = (): WireCodec => createCodec(openAiDialect);

/** `server` says which extensions may be used; `other` uses those only that an unknowing server leaves alone. */
export const createCompatibleCodec = (server: ServerKind = 'other'): WireCodec =>
  createCodec(compatibleDialect(server));

export const createMistralCodec = (): WireCodec => createCodec(mistralDialect);

export const createOpenRouterCodec = (): WireCodec => createCodec(openRouterDialect);
