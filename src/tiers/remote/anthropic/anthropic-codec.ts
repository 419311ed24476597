/** The codec of Anthropic's Messages API, which has neither plain completions nor embeddings. */
import { TierError } from '../../tier-error.js';
import type { WireCodec } from '../wire-codec.js';
import { jsonBytes } from '../wire-json.js';
import { createAnthropicDecoder } from './answer-decoder.js';
import { anthropicBody } from './request-body.js';

/** Header of each request; the only version there is besides the first. */
const apiVersion = '2023-06-01';

/** Models that go on inside a given assistant message; those after 4.5 refuse it. */
const prefillModels = /^claude-(3-|(opus|sonnet)-4-(0|1|20\d{6})(-|$)|(opus|sonnet|haiku)-4-5(-|$))/;

const lacks = (what: string): TierError =>
  new TierError('unsupported', `Cannot send ${what} to anthropic: its API has none`, { param: 'model' });

export const createAnthropicCodec = (): WireCodec => ({
  kind: 'anthropic',
  credentialHeaders: (apiKey) => ({ 'x-api-key': apiKey }),
  encodeChat: (request, options = {}) => ({
    method: 'POST',
    path: '/messages',
    headers: {
      'content-type': 'application/json',
      accept: options.stream === false ? 'application/json' : 'text/event-stream',
      'anthropic-version': apiVersion,
    },
    body: jsonBytes(anthropicBody(request, options)),
  }),
  chatDecoder: createAnthropicDecoder,
  canContinue: (model) => prefillModels.test(model),
  encodeCompletion: null,
  completionDecoder: () => {
    throw lacks('a completion');
  },
  encodeEmbedding: null,
  decodeEmbedding: () => {
    throw lacks('an embedding');
  },
});
