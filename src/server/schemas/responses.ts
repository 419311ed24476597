/** The body of POST /v1/responses and the items that conversations are made of. What they mean is in `responses/`. */
import { type Static, Type } from '@sinclair/typebox';
import { requestLimits } from '../server-options.js';
import {
  generationFields,
  Maybe,
  maxTokensField,
  OneOf,
  SchemaObject,
  stopField,
  streamOptionsField,
  ToolName,
  textFormatField,
} from './common.js';

const InputPart = Type.Union(
  [
    Type.Object({ type: OneOf(['input_text', 'output_text', 'text']), text: Type.String() }),
    Type.Object({ type: Type.Literal('refusal'), refusal: Type.String() }),
    Type.Object({ type: Type.Literal('input_image'), image_url: Type.String() }),
    Type.Object({
      type: Type.Literal('input_audio'),
      input_audio: Type.Object({ data: Type.String(), format: Type.String() }),
    }),
  ],
  {
    discriminator: 'type',
    hints: { input_file: 'Files are not read here: send their text as a part of type "input_text".' },
  },
);

const parts = { minItems: 0, maxItems: requestLimits.contentParts };
const Content = Type.Union([Type.String(), Type.Array(InputPart, parts)]);
const ItemId = Maybe(Type.String());
const Status = Maybe(Type.String());

/** `type` may be left out of messages, so these cannot be told apart by one property alone. */
export const MessageItem = Type.Object({
  type: Type.Optional(Type.Literal('message')),
  role: OneOf(['system', 'developer', 'user', 'assistant']),
  content: Content,
  id: ItemId,
  status: Status,
});

export const TypedItem = Type.Union(
  [
    Type.Object({ ...MessageItem.properties, type: Type.Literal('message') }),
    Type.Object({
      type: Type.Literal('function_call'),
      call_id: Type.String({ minLength: 1 }),
      name: ToolName,
      arguments: Type.String(),
      id: ItemId,
      status: Status,
    }),
    Type.Object({
      type: Type.Literal('function_call_output'),
      call_id: Type.String({ minLength: 1 }),
      output: Content,
      id: ItemId,
      status: Status,
    }),
    Type.Object({
      type: Type.Literal('reasoning'),
      id: ItemId,
      status: Status,
      summary: Maybe(Type.Array(Type.Object({ type: Type.Literal('summary_text'), text: Type.String() }))),
      content: Maybe(Type.Array(Type.Object({ type: Type.Literal('reasoning_text'), text: Type.String() }))),
    }),
  ],
  {
    discriminator: 'type',
    hints: { item_reference: 'Items are kept with their response: continue it with previous_response_id.' },
  },
);

const FunctionTool = Type.Object({
  type: Type.Literal('function'),
  name: ToolName,
  description: Maybe(Type.String()),
  parameters: Maybe(SchemaObject),
  strict: Maybe(Type.Boolean()),
});

const NamedTool = Type.Object({ type: Type.Literal('function'), name: Type.String() });

const ToolChoice = Type.Union(
  [
    Type.Literal('auto'),
    Type.Literal('required'),
    Type.Literal('none'),
    NamedTool,
    Type.Object({
      type: Type.Literal('allowed_tools'),
      mode: OneOf(['auto', 'required']),
      tools: Type.Array(NamedTool, { minItems: 1, maxItems: requestLimits.tools }),
    }),
  ],
  { discriminator: 'type' },
);

export const ResponsesBodySchema = Type.Object({
  ...generationFields,
  /** Items are checked one by one against MessageItem or TypedItem. */
  input: Type.Union([
    Type.String(),
    Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1, maxItems: requestLimits.messages }),
  ]),
  instructions: Type.Optional(Type.String()),
  previous_response_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  store: Type.Optional(Type.Boolean()),
  include: Type.Optional(Type.Array(Type.String(), { maxItems: 32 })),
  max_output_tokens: maxTokensField(1),
  stop: stopField,
  stream_options: streamOptionsField,
  text: Type.Optional(Type.Object({ format: textFormatField, verbosity: Maybe(Type.String()) })),
  tools: Type.Optional(Type.Array(FunctionTool, { maxItems: requestLimits.tools })),
  tool_choice: Type.Optional(ToolChoice),
  parallel_tool_calls: Type.Optional(Type.Boolean()),
  top_logprobs: Type.Optional(Type.Integer({ minimum: 0, maximum: requestLimits.topLogprobs })),
  reasoning: Type.Optional(
    Type.Object({ effort: Maybe(Type.String({ maxLength: 32 })), summary: Maybe(Type.String()) }),
  ),
  metadata: Type.Optional(
    Type.Record(Type.String(), Type.String({ maxLength: 512 }), { maxProperties: requestLimits.metadataPairs }),
  ),
  truncation: Type.Optional(OneOf(['auto', 'disabled'])),
  user: Type.Optional(Type.String({ maxLength: 512 })),
  chat_template_kwargs: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { maxProperties: 64 })),
});

export type ResponsesBody = Static<typeof ResponsesBodySchema>;
export type MessageItemBody = Static<typeof MessageItem>;
export type TypedItemBody = Static<typeof TypedItem>;
