/** The body of POST /v1/chat/completions. What a field does is in `chat-request.ts`; unknown fields are let through. */
import { type Static, Type } from '@sinclair/typebox';
import { requestLimits } from '../server-options.js';
import {
  generationFields,
  Maybe,
  maxTokensField,
  Nullable,
  OneOf,
  responseFormatField,
  SchemaObject,
  stopField,
  streamOptionsField,
  ToolName,
} from './common.js';

const TextPart = Type.Object({ type: Type.Literal('text'), text: Type.String() });
const UserPart = Type.Union(
  [
    TextPart,
    Type.Object({ type: Type.Literal('image_url'), image_url: Type.Object({ url: Type.String() }) }),
    Type.Object({
      type: Type.Literal('input_audio'),
      input_audio: Type.Object({ data: Type.String(), format: Type.String() }),
    }),
  ],
  { discriminator: 'type', hints: { file: 'Files are not read here: send their text as a part of type "text".' } },
);
const AssistantPart = Type.Union([TextPart, Type.Object({ type: Type.Literal('refusal'), refusal: Type.String() })], {
  discriminator: 'type',
});

const parts = { minItems: 1, maxItems: requestLimits.contentParts };

const ToolCallItem = Type.Object({
  id: Type.String({ minLength: 1 }),
  type: Type.Optional(Type.Literal('function')),
  function: Type.Object({ name: ToolName, arguments: Type.String() }),
});

const Message = Type.Union(
  [
    Type.Object({
      role: OneOf(['system', 'developer']),
      content: Type.Union([Type.String(), Type.Array(TextPart, parts)]),
      name: Maybe(Type.String()),
    }),
    Type.Object({
      role: Type.Literal('user'),
      content: Type.Union([Type.String(), Type.Array(UserPart, parts)]),
      name: Maybe(Type.String()),
    }),
    Type.Object({
      role: Type.Literal('assistant'),
      content: Maybe(Type.Union([Type.String(), Type.Array(AssistantPart, parts)])),
      tool_calls: Maybe(Type.Array(ToolCallItem, { maxItems: requestLimits.toolCalls })),
      reasoning_content: Maybe(Type.String()),
      reasoning: Maybe(Type.String()),
      refusal: Maybe(Type.String()),
      name: Maybe(Type.String()),
    }),
    Type.Object({
      role: Type.Literal('tool'),
      content: Type.Union([Type.String(), Type.Array(TextPart, parts)]),
      tool_call_id: Type.String({ minLength: 1 }),
    }),
  ],
  {
    discriminator: 'role',
    hints: { function: 'Legacy function results go into a message of role "tool" with its tool_call_id.' },
  },
);

const Tool = Type.Object({
  type: Type.Literal('function'),
  function: Type.Object({
    name: ToolName,
    description: Maybe(Type.String()),
    parameters: Maybe(SchemaObject),
    strict: Maybe(Type.Boolean()),
  }),
});

const NamedTool = Type.Object({ type: Type.Literal('function'), function: Type.Object({ name: Type.String() }) });

const ToolChoice = Type.Union(
  [
    Type.Literal('auto'),
    Type.Literal('required'),
    Type.Literal('none'),
    NamedTool,
    Type.Object({
      type: Type.Literal('allowed_tools'),
      allowed_tools: Type.Object({
        mode: OneOf(['auto', 'required']),
        tools: Type.Array(NamedTool, { minItems: 1, maxItems: requestLimits.tools }),
      }),
    }),
  ],
  { discriminator: 'type' },
);

export const ChatBodySchema = Type.Object({
  ...generationFields,
  messages: Type.Array(Message, { minItems: 1, maxItems: requestLimits.messages }),
  stream_options: streamOptionsField,
  max_tokens: maxTokensField(1),
  max_completion_tokens: maxTokensField(1),
  stop: stopField,
  n: Type.Optional(Type.Integer({ minimum: 1, maximum: requestLimits.choices })),
  logprobs: Type.Optional(Type.Boolean()),
  top_logprobs: Type.Optional(Type.Integer({ minimum: 0, maximum: requestLimits.topLogprobs })),
  response_format: responseFormatField,
  tools: Type.Optional(Type.Array(Tool, { maxItems: requestLimits.tools })),
  tool_choice: Type.Optional(ToolChoice),
  parallel_tool_calls: Type.Optional(Type.Boolean()),
  reasoning_effort: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
  chat_template_kwargs: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { maxProperties: 64 })),
  modalities: Type.Optional(Type.Array(Nullable(Type.String()), { maxItems: 8 })),
});

export type ChatBody = Static<typeof ChatBodySchema>;
export type ChatBodyMessage = ChatBody['messages'][number];
