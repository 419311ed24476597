import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import {
  anthropicOverloaded,
  anthropicSse,
  anthropicText,
  anthropicThinkingAndCalls,
  anthropicWhole,
  blockStop,
  messageDelta,
  messageStart,
  messageStop,
  textDelta,
  textStart,
} from '../fixtures/anthropic.test-kit.js';
import { cutBytes, decode, decodeWhole, testContext, timings } from '../fixtures/decode.test-kit.js';
import { createAnthropicCodec } from './anthropic-codec.js';

const codec = createAnthropicCodec();
const decoder = () => codec.chatDecoder(testContext);
const run = (text: string) => decode(decoder(), [text]);
const start = { type: 'start', promptTokens: 132, cachedTokens: 100 };

describe('answers of the Messages API', () => {
  it('gives text, and the prompt as the sum of new, written and read cache tokens', () => {
    expect(run(anthropicText)).toEqual({
      events: [
        start,
        { type: 'text', text: 'Grüße aus 京都.' },
        {
          type: 'end',
          reason: 'stop',
          usage: { promptTokens: 132, cachedTokens: 100, completionTokens: 15 },
          timings,
        },
      ],
      error: null,
    });
  });

  it('gives thinking as reasoning, and calls with and without arguments', () => {
    expect(run(anthropicThinkingAndCalls).events).toEqual([
      start,
      { type: 'reasoning', text: 'Two cities to ask for.' },
      { type: 'text', text: 'Let me look.' },
      {
        type: 'tool-call',
        index: 0,
        id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
        name: 'get_weather',
        argumentsDelta: '{"city": "Oslo"}',
      },
      { type: 'tool-call', index: 1, id: 'toolu_01QE1WLsSVp5hy5Q3GmGTmjP', name: 'get_time', argumentsDelta: '{}' },
      {
        type: 'end',
        reason: 'tool-calls',
        usage: { promptTokens: 132, cachedTokens: 100, completionTokens: 89 },
        timings,
      },
    ]);
  });

  it('gives the same events whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(anthropicText, anthropicThinkingAndCalls),
        fc.array(fc.nat(5000), { maxLength: 40 }),
        (stream, places) => {
          expect(decode(decoder(), cutBytes(Buffer.from(stream), places))).toEqual(run(stream));
        },
      ),
    );
  });

  it('reads a message that came in one piece', () => {
    expect(decodeWhole(decoder(), anthropicWhole)).toEqual({
      events: [
        start,
        { type: 'reasoning', text: 'Short.' },
        { type: 'text', text: 'Grüße aus 京都.' },
        {
          type: 'tool-call',
          index: 0,
          id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
          name: 'get_weather',
          argumentsDelta: '{"city":"Oslo"}',
        },
        {
          type: 'end',
          reason: 'tool-calls',
          usage: { promptTokens: 132, cachedTokens: 100, completionTokens: 2 },
          timings,
        },
      ],
      error: null,
    });
    expect(decodeWhole(decoder(), anthropicOverloaded).error?.code).toBe('provider-failed');
    expect(decodeWhole(decoder(), { choices: [] }).error?.code).toBe('malformed');
  });

  it('translates each stop reason', () => {
    const reasonOf = (reason: string) =>
      run(anthropicSse([messageStart, textStart(), textDelta('x'), blockStop(), messageDelta(reason), messageStop]));
    expect(reasonOf('max_tokens').events.at(-1)).toMatchObject({ reason: 'length' });
    expect(reasonOf('model_context_window_exceeded').events.at(-1)).toMatchObject({ reason: 'length' });
    expect(reasonOf('stop_sequence').events.at(-1)).toMatchObject({ reason: 'stop' });
    expect(reasonOf('refusal').events.at(-1)).toMatchObject({ reason: 'content-filter' });
    expect(reasonOf('pause_turn').error?.code).toBe('provider-failed');
  });

  it('takes a refusal without content for an answer, and a turn without content or tokens for none', () => {
    const bare = (reason: string, tokens: number) =>
      run(anthropicSse([messageStart, messageDelta(reason, tokens), messageStop]));
    expect(bare('refusal', 5).error).toBeNull();
    expect(bare('end_turn', 0).error?.code).toBe('empty');
  });

  it('fails with an error event, whose text stays where it is', () => {
    const { events, error } = run(anthropicSse([messageStart, textStart(), textDelta('x'), anthropicOverloaded]));
    expect(events.at(-1)).toEqual({ type: 'text', text: 'x' });
    expect(error).toMatchObject({ code: 'provider-failed', details: { answerStarted: true } });
    expect(error?.message).toBe('Endpoint test reported an error inside its answer (overloaded_error)');
  });

  it('is truncated wherever it is cut', () => {
    fc.assert(
      fc.property(fc.constantFrom(anthropicText, anthropicThinkingAndCalls), fc.nat(), (stream, place) => {
        const bytes = Buffer.from(stream);
        const { error } = decode(decoder(), [bytes.subarray(0, place % (bytes.length - 1))]);
        expect(error?.code).toMatch(/^(truncated|malformed)$/);
      }),
    );
  });

  it('ignores message_start sent twice, and fails where a second message is spliced in', () => {
    const rest = [textStart(), textDelta('x'), blockStop(), messageDelta('end_turn'), messageStop];
    expect(run(anthropicSse([messageStart, messageStart, ...rest])).error).toBeNull();
    const other = { ...messageStart, message: { ...(messageStart.message as object), id: 'msg_other' } };
    expect(run(anthropicSse([messageStart, textStart(), textDelta('x'), other, ...rest])).error?.code).toBe(
      'malformed',
    );
    expect(run(anthropicText + anthropicText)).toEqual(run(anthropicText));
  });

  it('fails with events out of their place, and skips those it does not know', () => {
    const codeOf = (...events: Parameters<typeof anthropicSse>[0]) => run(anthropicSse(events)).error?.code;
    expect(codeOf(textStart())).toBe('malformed');
    expect(codeOf(messageStart, textDelta('x'))).toBe('malformed');
    expect(codeOf(messageStart, textStart(), textStart())).toBe('malformed');
    expect(codeOf(messageStart, blockStop())).toBe('malformed');
    expect(codeOf(messageStart, textStart(), messageDelta('end_turn'), messageStop)).toBe('malformed');
    expect(codeOf(messageStart, messageStop)).toBe('malformed');
    const unknown = { type: 'something_new', value: 1 };
    expect(
      codeOf(
        unknown,
        messageStart,
        textStart(),
        textDelta('x'),
        unknown,
        blockStop(),
        messageDelta('end_turn'),
        messageStop,
      ),
    ).toBeUndefined();
  });
});

describe('requests to the Messages API', () => {
  const body = (fields: Partial<ChatRequest> = {}, options = {}) =>
    JSON.parse(
      Buffer.from(
        codec.encodeChat({ model: 'claude-x', messages: [{ role: 'user', content: 'Hi' }], ...fields }, options).body,
      ).toString('utf8'),
    );
  const refused = (fields: Partial<ChatRequest>, options = {}): string | null => {
    try {
      body(fields, options);
    } catch (error) {
      return (error as TierError).param;
    }
    return 'nothing was refused';
  };

  it('carries the version, a limit, and nothing that was not asked for', () => {
    expect(codec.encodeChat({ model: 'claude-x', messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject({
      path: '/messages',
      headers: { 'anthropic-version': '2023-06-01', accept: 'text/event-stream' },
    });
    expect(body()).toEqual({
      model: 'claude-x',
      max_tokens: 8192,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      stream: true,
    });
    expect(codec.credentialHeaders('k')).toEqual({ 'x-api-key': 'k' });
  });

  it('lifts system messages out, joins turns of one role, and puts tool results into the user turn', () => {
    const { system, messages } = body({
      messages: [
        { role: 'system', content: 'One.' },
        { role: 'developer', content: 'Two.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', url: 'data:image/png;base64,iVBO' },
          ],
        },
        { role: 'user', content: [{ type: 'image', url: 'https://example.org/a.png' }] },
        {
          role: 'assistant',
          content: '',
          reasoning: 'hidden',
          toolCalls: [
            { id: 'a', name: 'f', arguments: '{"x":1}' },
            { id: 'b', name: 'g', arguments: '' },
          ],
        },
        { role: 'tool', toolCallId: 'a', content: 'one' },
        { role: 'tool', toolCallId: 'b', content: '' },
        { role: 'user', content: 'And?' },
      ],
    });
    expect(system).toEqual([
      { type: 'text', text: 'One.' },
      { type: 'text', text: 'Two.' },
    ]);
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
          { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
          { type: 'tool_use', id: 'b', name: 'g', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool_result', tool_use_id: 'b', content: [] },
          { type: 'text', text: 'And?' },
        ],
      },
    ]);
  });

  it('writes tools, choices, formats, efforts, sampling and stops', () => {
    const schema = { type: 'object', properties: {} };
    expect(
      body({
        tools: [
          { name: 'f', parameters: schema },
          { name: 'g', description: 'd' },
        ],
        toolChoice: 'required',
        parallelToolCalls: false,
        responseFormat: { type: 'json-schema', name: 'n', schema },
        templateVariables: { reasoning_effort: 'low' },
        sampling: { temperature: 0.5, topP: 0.9, topK: 5 },
        stop: ['END'],
        maxTokens: 7,
      }),
    ).toMatchObject({
      tools: [
        { name: 'f', input_schema: schema },
        { name: 'g', description: 'd', input_schema: { type: 'object', properties: {} } },
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      output_config: { effort: 'low', format: { type: 'json_schema', schema } },
      temperature: 0.5,
      top_p: 0.9,
      top_k: 5,
      stop_sequences: ['END'],
      max_tokens: 7,
    });
    const choiceOf = (toolChoice: ChatRequest['toolChoice']) =>
      body({ tools: [{ name: 'f' }], ...(toolChoice === undefined ? {} : { toolChoice }) }).tool_choice;
    expect(choiceOf('none')).toEqual({ type: 'none' });
    expect(choiceOf({ name: 'f' })).toEqual({ type: 'tool', name: 'f' });
    expect(choiceOf(undefined)).toBeUndefined();
    expect(body({ templateVariables: { reasoning_effort: 'none', enable_thinking: false } }).thinking).toEqual({
      type: 'disabled',
    });
  });

  it('refuses what it cannot say, by the name the client gave it', () => {
    expect(refused({ sampling: { seed: 1 } })).toBe('seed');
    expect(refused({ sampling: { temperature: 1.5 } })).toBe('temperature');
    expect(refused({ sampling: { presencePenalty: 1 } })).toBe('presence_penalty');
    expect(refused({ logprobs: 0 })).toBe('logprobs');
    expect(refused({ responseFormat: { type: 'json-object' } })).toBe('response_format');
    expect(refused({ templateVariables: { reasoning_effort: 'minimal' } })).toBe('reasoning_effort');
    expect(refused({ messages: [{ role: 'user', content: [{ type: 'audio', data: '', format: 'wav' }] }] })).toBe(
      'messages[0].content[0]',
    );
    expect(
      refused({
        messages: [
          { role: 'user', content: 'a' },
          { role: 'system', content: 'b' },
        ],
      }),
    ).toBe('messages[1].role');
    const broken = { id: 'a', name: 'f', arguments: '{"x' };
    expect(
      refused({
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: null, toolCalls: [broken] },
          { role: 'tool', toolCallId: 'a', content: '' },
        ],
      }),
    ).toBe('messages[1].tool_calls[0].function.arguments');
    expect(() => codec.completionDecoder(testContext)).toThrow(TierError);
    expect(codec.encodeCompletion).toBeNull();
    expect(codec.encodeEmbedding).toBeNull();
  });

  it('goes on inside the last message only when told to, and only with models that can', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'Tell.' },
      { role: 'assistant', content: 'Once' },
    ];
    expect(refused({ messages })).toBe('messages[1].role');
    expect(refused({}, { continueFinal: true })).toBe('messages[0].role');
    expect(body({ messages }, { continueFinal: true }).messages[1]).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'Once' }],
    });
    for (const model of [
      'claude-3-haiku-20240307',
      'claude-sonnet-4-20250514',
      'claude-opus-4-1',
      'claude-haiku-4-5-20251001',
    ])
      expect(codec.canContinue(model)).toBe(true);
    for (const model of ['claude-opus-4-6', 'claude-sonnet-4-6', 'claude-sonnet-5', 'claude-opus-4-10'])
      expect(codec.canContinue(model)).toBe(false);
  });
});
