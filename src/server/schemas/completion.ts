/** The body of POST /v1/completions. What a field does is in `completion-request.ts`. */
import { type Static, Type } from '@sinclair/typebox';
import { requestLimits } from '../server-options.js';
import {
  generationFields,
  Maybe,
  maxTokensField,
  responseFormatField,
  stopField,
  streamOptionsField,
} from './common.js';

const Token = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });

export const CompletionBodySchema = Type.Object({
  ...generationFields,
  /** One prompt as text or token ids, or several of either. */
  prompt: Type.Union([
    Type.String(),
    Type.Array(Type.Union([Type.String(), Token, Type.Array(Token, { minItems: 1 })]), { minItems: 1 }),
  ]),
  stream_options: streamOptionsField,
  max_tokens: maxTokensField(0),
  stop: stopField,
  n: Type.Optional(Type.Integer({ minimum: 1, maximum: requestLimits.choices })),
  best_of: Type.Optional(Type.Integer({ minimum: 1, maximum: requestLimits.topLogprobs })),
  echo: Type.Optional(Type.Boolean()),
  suffix: Maybe(Type.String()),
  logprobs: Type.Optional(Type.Integer({ minimum: 0, maximum: requestLimits.topLogprobs })),
  response_format: responseFormatField,
  /** GBNF, llama.cpp's extension. */
  grammar: Type.Optional(Type.String({ minLength: 1, maxLength: requestLimits.grammarLength })),
});

export type CompletionBody = Static<typeof CompletionBodySchema>;
