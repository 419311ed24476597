/**
 * Schema pieces that several endpoints share: sampling fields, tools, response formats, content parts.
 * They say what a field may be; what it means is in the translations (`sampling.ts`, `chat-tools.ts`).
 */
import { type TSchema, Type } from '@sinclair/typebox';
import { requestLimits } from '../server-options.js';

/** OpenAI's clients send null for a field that is not given. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Maybe = <T extends TSchema>(schema: T) => Type.Optional(Nullable(schema));
export const OneOf = <const T extends string>(values: readonly T[]) =>
  Type.Union(values.map((value) => Type.Literal(value)));

export const toolNamePattern = '^[a-zA-Z0-9_-]+$';

export const ToolName = Type.String({
  minLength: 1,
  maxLength: requestLimits.toolNameLength,
  pattern: toolNamePattern,
});

/** A JSON Schema object; the tier reads it. */
export const SchemaObject = Type.Record(Type.String(), Type.Unknown());

const Stop = Type.String({ minLength: 1, maxLength: requestLimits.stopLength });

/** Fields of every generating endpoint, OpenAI's and the usual extensions of local servers. */
export const generationFields = {
  model: Type.Optional(Type.String({ minLength: 1, maxLength: requestLimits.modelNameLength })),
  stream: Type.Optional(Type.Boolean()),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  /** -1 is off, as vLLM writes it. */
  top_k: Type.Optional(Type.Integer({ minimum: -1, maximum: 1_000_000 })),
  min_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  presence_penalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  frequency_penalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  repeat_penalty: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10 })),
  repetition_penalty: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10 })),
  seed: Type.Optional(Type.Integer()),
  logit_bias: Type.Optional(
    Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 }), {
      maxProperties: requestLimits.logitBiases,
    }),
  ),
  ignore_eos: Type.Optional(Type.Boolean()),
  /** Milliseconds, queue included. */
  deadline_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
};

export const stopField = Type.Optional(Type.Union([Stop, Type.Array(Stop, { maxItems: requestLimits.stops })]));

export const streamOptionsField = Type.Optional(
  Type.Object({ include_usage: Maybe(Type.Boolean()), include_obfuscation: Maybe(Type.Boolean()) }),
);

export const maxTokensField = (minimum: 0 | 1) => Type.Optional(Type.Integer({ minimum, maximum: 2 ** 31 - 1 }));

const FormatName = Type.String({ minLength: 1, maxLength: 64, pattern: toolNamePattern });

/** `response_format` of chat completions; json_object takes llama.cpp's `schema` too. */
export const responseFormatField = Type.Optional(
  Type.Union(
    [
      Type.Object({ type: Type.Literal('text') }),
      Type.Object({ type: Type.Literal('json_object'), schema: Maybe(SchemaObject) }),
      Type.Object({
        type: Type.Literal('json_schema'),
        json_schema: Type.Object({
          name: FormatName,
          description: Maybe(Type.String()),
          schema: Maybe(SchemaObject),
          strict: Maybe(Type.Boolean()),
        }),
      }),
    ],
    { discriminator: 'type' },
  ),
);

/** `text.format` of responses: the same, flat. */
export const textFormatField = Maybe(
  Type.Union(
    [
      Type.Object({ type: Type.Literal('text') }),
      Type.Object({ type: Type.Literal('json_object') }),
      Type.Object({
        type: Type.Literal('json_schema'),
        name: FormatName,
        description: Maybe(Type.String()),
        schema: SchemaObject,
        strict: Maybe(Type.Boolean()),
      }),
    ],
    { discriminator: 'type' },
  ),
);
