/** The body of POST /v1/embeddings. */
import { type Static, Type } from '@sinclair/typebox';
import { requestLimits } from '../server-options.js';
import { OneOf } from './common.js';

const Token = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });

export const EmbeddingsBodySchema = Type.Object({
  model: Type.Optional(Type.String({ minLength: 1, maxLength: requestLimits.modelNameLength })),
  /** One text or one list of token ids, or several of either. */
  input: Type.Union([
    Type.String({ minLength: 1 }),
    Type.Array(Type.Union([Type.String({ minLength: 1 }), Token, Type.Array(Token, { minItems: 1 })]), {
      minItems: 1,
    }),
  ]),
  encoding_format: Type.Optional(OneOf(['float', 'base64'])),
  dimensions: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  deadline_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
});

export type EmbeddingsBody = Static<typeof EmbeddingsBodySchema>;
