/** The codec of Gemini's API: generateContent and embeddings; it has no plain completions. */
import { TierError } from '../../tier-error.js';
import { errorInside } from '../provider-error.js';
import { RemoteError } from '../remote-error.js';
import { unsupported } from '../unsupported.js';
import type { EmbeddingAnswer, WireCodec } from '../wire-codec.js';
import { asArray, asCount, asObject, jsonBytes, parseObjectBytes } from '../wire-json.js';
import { createGeminiDecoder } from './answer-decoder.js';
import { geminiBody, geminiEmbeddingBody, modelPath } from './request-body.js';

const jsonHeaders = { 'content-type': 'application/json', accept: 'application/json' };
const streamHeaders = { 'content-type': 'application/json', accept: 'text/event-stream' };

const decodeEmbedding = (body: Uint8Array, endpoint: string): EmbeddingAnswer => {
  const malformed = (fault: string): RemoteError =>
    new RemoteError('malformed', `Endpoint ${endpoint} ${fault}`, { endpoint, status: 200, answerStarted: false });
  const answer = parseObjectBytes(body);
  if (answer === null) throw malformed('sent embeddings that are no JSON object');
  if (answer.error != null) throw errorInside(answer.error, { endpoint, answerStarted: false });
  const vectors = asArray(answer.embeddings).map((value) => {
    const values = asArray(asObject(value)?.values);
    if (values.length === 0 || !values.every((number) => typeof number === 'number'))
      throw malformed('sent an embedding that is no list of numbers');
    return Float32Array.from(values as readonly number[]);
  });
  return { vectors, promptTokens: asCount(asObject(answer.usageMetadata)?.promptTokenCount) ?? 0 };
};

export const createGeminiCodec = (): WireCodec => ({
  kind: 'gemini',
  credentialHeaders: (apiKey) => ({ 'x-goog-api-key': apiKey }),
  encodeChat(request, options = {}) {
    if (options.continueFinal === true)
      throw unsupported('gemini', { what: 'the beginning of an answer', param: 'messages' });
    const isStream = options.stream ?? true;
    return {
      method: 'POST',
      path: `/${modelPath(request.model)}:${isStream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
      headers: isStream ? streamHeaders : jsonHeaders,
      body: jsonBytes(geminiBody(request)),
    };
  },
  chatDecoder: createGeminiDecoder,
  canContinue: () => false,
  encodeCompletion: null,
  completionDecoder: () => {
    throw new TierError('unsupported', 'Cannot send a completion to gemini: its API has none', { param: 'model' });
  },
  encodeEmbedding: (request) => ({
    method: 'POST',
    path: `/${modelPath(request.model)}:batchEmbedContents`,
    headers: jsonHeaders,
    body: jsonBytes(geminiEmbeddingBody(request)),
  }),
  decodeEmbedding,
});
