import { describe, expect, it } from 'vitest';
import type { ChatRequest, CompletionRequest } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import type { WireCodec } from '../wire-codec.js';
import { shortCallId } from './messages.js';
import { createCompatibleCodec, createMistralCodec, createOpenAiCodec, createOpenRouterCodec } from './openai-codec.js';

const parse = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString('utf8'));
const chat = (codec: WireCodec, fields: Partial<ChatRequest> = {}, options = {}) =>
  parse(codec.encodeChat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields }, options).body);
const paramOf = (encode: () => unknown): string | null => {
  try {
    encode();
  } catch (error) {
    expect(error).toBeInstanceOf(TierError);
    expect((error as TierError).code).toBe('unsupported');
    return (error as TierError).param;
  }
  return 'nothing was refused';
};

const openAi = createOpenAiCodec();
const compatible = createCompatibleCodec();
const mistral = createMistralCodec();
const openRouter = createOpenRouterCodec();

const conversation: ChatRequest['messages'] = [
  { role: 'developer', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image', url: 'data:image/png;base64,iVBORw0K' },
      { type: 'audio', data: 'UklGRg==', format: 'wav' },
    ],
    name: 'ada',
  },
  {
    role: 'assistant',
    content: null,
    reasoning: 'I should look.',
    toolCalls: [{ id: 'call_1', name: 'look', arguments: '{"x":1}' }],
  },
  { role: 'tool', toolCallId: 'call_1', content: [{ type: 'text', text: 'a cat' }] },
];

describe('chat requests to OpenAI', () => {
  it('asks for a stream with usage, and for nothing that was not asked for', () => {
    expect(openAi.encodeChat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject({
      method: 'POST',
      path: '/chat/completions',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    expect(chat(openAi)).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(chat(openAi, {}, { stream: false })).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: false,
    });
  });

  it('writes each kind of message and content', () => {
    expect(chat(openAi, { messages: conversation }).messages).toEqual([
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
          { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
        ],
        name: 'ada',
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"x":1}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'a cat' }] },
    ]);
  });

  it('writes tools, choices, formats, sampling, stops and log-probabilities', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    expect(
      chat(openAi, {
        tools: [{ name: 'f', description: 'd', parameters: { type: 'object', properties: {} } }, { name: 'g' }],
        toolChoice: { name: 'f' },
        parallelToolCalls: false,
        responseFormat: { type: 'json-schema', name: 'n', schema },
        sampling: {
          temperature: 0.5,
          topP: 0.9,
          presencePenalty: 1,
          frequencyPenalty: -1,
          seed: 7,
          logitBias: [[5, Number.NEGATIVE_INFINITY]],
        },
        maxTokens: 10,
        stop: ['END'],
        logprobs: 3,
        templateVariables: { reasoning_effort: 'low' },
      }),
    ).toMatchObject({
      tools: [
        { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } } },
        { type: 'function', function: { name: 'g', parameters: { type: 'object', properties: {} } } },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } },
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 1,
      frequency_penalty: -1,
      seed: 7,
      logit_bias: { '5': -100 },
      max_completion_tokens: 10,
      stop: ['END'],
      logprobs: true,
      top_logprobs: 3,
      reasoning_effort: 'low',
    });
  });

  it('asks for strictness only where the whole schema is closed, as OpenAI demands', () => {
    const strictOf = (schema: object) =>
      chat(openAi, { responseFormat: { type: 'json-schema', name: 'n', schema: { ...schema } } }).response_format
        .json_schema.strict;
    const inner = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    expect(strictOf({ type: 'object', properties: {} })).toBeUndefined();
    expect(strictOf(inner)).toBeUndefined();
    expect(strictOf({ ...inner, required: ['a'] })).toBe(true);
    expect(
      strictOf({
        type: 'object',
        properties: { list: { type: 'array', items: inner } },
        required: ['list'],
        additionalProperties: false,
      }),
    ).toBeUndefined();
  });

  it('refuses what it cannot say, by the name the client gave it', () => {
    const refused = (fields: Partial<ChatRequest>) => paramOf(() => chat(openAi, fields));
    expect(refused({ sampling: { topK: 4 } })).toBe('top_k');
    expect(refused({ sampling: { minP: 0.1 } })).toBe('min_p');
    expect(refused({ sampling: { repeatPenalty: 1.1 } })).toBe('repeat_penalty');
    expect(refused({ ignoreEos: true })).toBe('ignore_eos');
    expect(refused({ templateVariables: { enable_thinking: false } })).toBe('chat_template_kwargs');
    expect(refused({ stop: ['1', '2', '3', '4', '5'] })).toBe('stop');
    expect(refused({ messages: [{ role: 'tool', toolCallId: 'a', content: [{ type: 'image', url: 'x' }] }] })).toBe(
      'messages[0].content[0]',
    );
    expect(paramOf(() => chat(openAi, {}, { continueFinal: true }))).toBe('messages');
  });

  it('takes what reasoning_effort none brings along', () => {
    const body = chat(openAi, { templateVariables: { reasoning_effort: 'none', enable_thinking: false } });
    expect(body.reasoning_effort).toBe('none');
  });
});

describe('chat requests to compatible servers', () => {
  it('uses the extensions that they share', () => {
    expect(
      chat(compatible, {
        messages: conversation,
        sampling: { topK: 4, minP: 0.1, repeatPenalty: 1.1 },
        maxTokens: 10,
        ignoreEos: true,
        templateVariables: { enable_thinking: false, reasoning_effort: 'high' },
      }),
    ).toMatchObject({
      messages: [{ role: 'system' }, { role: 'user' }, { role: 'assistant', reasoning_content: 'I should look.' }, {}],
      top_k: 4,
      min_p: 0.1,
      repetition_penalty: 1.1,
      repeat_penalty: 1.1,
      max_tokens: 10,
      ignore_eos: true,
      chat_template_kwargs: { enable_thinking: false, reasoning_effort: 'high' },
      reasoning_effort: 'high',
    });
  });

  it('goes on inside the last message where vLLM and SGLang are known to run, and nowhere else', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'Tell.' },
      { role: 'assistant', content: 'Once' },
    ];
    for (const server of ['vllm', 'sglang'] as const) {
      const codec = createCompatibleCodec(server);
      expect(codec.canContinue('m')).toBe(true);
      expect(chat(codec, { messages }, { continueFinal: true })).toMatchObject({
        continue_final_message: true,
        add_generation_prompt: false,
      });
      expect(chat(codec, { messages })).not.toHaveProperty('continue_final_message');
    }
    expect(compatible.canContinue('m')).toBe(false);
    expect(paramOf(() => chat(compatible, { messages }, { continueFinal: true }))).toBe('messages');
  });
});

describe('chat requests to Mistral', () => {
  it('uses its names for things', () => {
    const body = chat(mistral, {
      messages: conversation.map((message) => (message.role === 'user' ? { role: 'user', content: 'Hi' } : message)),
      tools: [{ name: 'look' }],
      toolChoice: 'required',
      sampling: { seed: 7 },
      maxTokens: 9,
      responseFormat: { type: 'json-schema', name: 'n', schema: {} },
    });
    expect(body).toMatchObject({
      tool_choice: 'any',
      random_seed: 7,
      max_tokens: 9,
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {}, strict: true } },
    });
    expect(body).not.toHaveProperty('stream_options');
    const [, , assistant, tool] = body.messages;
    expect(assistant.tool_calls[0].id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(tool.tool_call_id).toBe(assistant.tool_calls[0].id);
    expect(shortCallId('abcDEF123')).toBe('abcDEF123');
  });

  it('marks the beginning of an answer', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'Tell.' },
      { role: 'assistant', content: 'Once' },
    ];
    expect(chat(mistral, { messages }, { continueFinal: true }).messages[1]).toEqual({
      role: 'assistant',
      content: 'Once',
      prefix: true,
    });
  });

  it('refuses what it cannot say', () => {
    const refused = (fields: Partial<ChatRequest>) => paramOf(() => chat(mistral, fields));
    expect(refused({ logprobs: 0 })).toBe('logprobs');
    expect(refused({ sampling: { logitBias: [[1, 1]] } })).toBe('logit_bias');
    expect(refused({ messages: [{ role: 'user', content: 'x', name: 'ada' }] })).toBe('messages[0].name');
    expect(mistral.encodeCompletion).toBeNull();
    expect(paramOf(() => mistral.encodeEmbedding!({ model: 'm', inputs: [[1, 2]] }))).toBe('input');
  });
});

describe('chat requests to OpenRouter', () => {
  it('nests the effort and gives earlier reasoning back', () => {
    expect(
      chat(openRouter, {
        messages: conversation,
        templateVariables: { reasoning_effort: 'low' },
        sampling: { topK: 3 },
      }),
    ).toMatchObject({
      reasoning: { effort: 'low' },
      top_k: 3,
      messages: [{}, {}, { reasoning: 'I should look.' }, {}],
    });
  });
});

describe('completions and embeddings', () => {
  const complete = (codec: WireCodec, fields: Partial<CompletionRequest>) =>
    parse(codec.encodeCompletion!({ model: 'm', prompt: 'Once', ...fields }).body);

  it('writes prompts of text and of tokens, echo and log-probabilities', () => {
    expect(complete(openAi, { echo: true, logprobs: 2, maxTokens: 5, stop: ['x'] })).toEqual({
      model: 'm',
      prompt: 'Once',
      stream: true,
      stream_options: { include_usage: true },
      stop: ['x'],
      max_tokens: 5,
      logprobs: 2,
      echo: true,
    });
    expect(complete(openAi, { prompt: [1, 2] }).prompt).toEqual([1, 2]);
  });

  it('sends grammars only to servers that are known to obey them', () => {
    const constraints = { grammar: 'root ::= "x"' };
    expect(complete(createCompatibleCodec('llama-server'), constraints)).toMatchObject(constraints);
    expect(paramOf(() => complete(createCompatibleCodec('vllm'), constraints))).toBe('grammar');
    expect(paramOf(() => complete(openAi, { responseFormat: { type: 'json-object' } }))).toBe('response_format');
    expect(complete(openAi, { responseFormat: { type: 'text' } })).not.toHaveProperty('response_format');
  });

  it('asks for embeddings in the smaller form where that is understood', () => {
    const embed = (codec: WireCodec) => parse(codec.encodeEmbedding!({ model: 'm', inputs: ['a', 'b'] }).body);
    expect(embed(openAi)).toEqual({ model: 'm', input: ['a', 'b'], encoding_format: 'base64' });
    expect(embed(compatible)).toMatchObject({ encoding_format: 'float' });
    expect(embed(mistral)).toEqual({ model: 'm', input: ['a', 'b'] });
  });
});
