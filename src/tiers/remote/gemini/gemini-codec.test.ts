import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../tier.js';
import { TierError } from '../../tier-error.js';
import { cutBytes, decode, decodeWhole, testContext, timings } from '../fixtures/decode.test-kit.js';
import {
  geminiBlockedPrompt,
  geminiCalls,
  geminiChunk,
  geminiEmbeddings,
  geminiError,
  geminiSse,
  geminiText,
} from '../fixtures/gemini.test-kit.js';
import { createGeminiCodec } from './gemini-codec.js';

const codec = createGeminiCodec();
const decoder = () => codec.chatDecoder(testContext);
const run = (text: string) => decode(decoder(), [text]);
const start = { type: 'start', promptTokens: 11, cachedTokens: 6 };

describe('answers of generateContent', () => {
  it('gives thoughts as reasoning, text, and usage with thoughts counted among the answer', () => {
    expect(run(geminiText)).toEqual({
      events: [
        start,
        { type: 'reasoning', text: '**Greeting**' },
        { type: 'text', text: 'Grüße aus 京都.' },
        {
          type: 'end',
          reason: 'stop',
          usage: { promptTokens: 11, cachedTokens: 6, completionTokens: 26 },
          timings,
          reasoningTokens: 20,
        },
      ],
      error: null,
    });
  });

  it('gives calls whole, with ids of its own where Gemini has none', () => {
    const { events, error } = run(geminiCalls);
    expect(error).toBeNull();
    expect(events.slice(1)).toMatchObject([
      { type: 'tool-call', index: 0, id: 'function-call-1', name: 'get_weather', argumentsDelta: '{"city":"Oslo"}' },
      { type: 'tool-call', index: 1, id: expect.stringMatching(/^call_/), name: 'get_time', argumentsDelta: '{}' },
      { type: 'end', reason: 'tool-calls' },
    ]);
  });

  it('gives the same events whatever the pieces, and reads one piece of JSON the same way', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 40 }), (places) => {
        expect(decode(decoder(), cutBytes(Buffer.from(geminiText), places))).toEqual(run(geminiText));
      }),
    );
    const whole = geminiChunk([{ text: 'Hi' }], { candidates: 1 }, 'STOP');
    expect(decodeWhole(decoder(), whole)).toEqual(run(geminiSse([whole])));
  });

  it('takes a blocked prompt and each filter for a filtered answer', () => {
    expect(run(geminiBlockedPrompt).events.at(-1)).toMatchObject({ reason: 'content-filter' });
    for (const reason of ['SAFETY', 'RECITATION', 'PROHIBITED_CONTENT', 'SPII', 'BLOCKLIST', 'LANGUAGE'])
      expect(run(geminiSse([geminiChunk([{ text: 'x' }], {}, reason)])).events.at(-1)).toMatchObject({
        reason: 'content-filter',
      });
    expect(run(geminiSse([geminiChunk([{ text: 'x' }], {}, 'MAX_TOKENS')])).events.at(-1)).toMatchObject({
      reason: 'length',
    });
    for (const reason of ['MALFORMED_FUNCTION_CALL', 'OTHER', 'NEW_REASON'])
      expect(run(geminiSse([geminiChunk([], {}, reason)])).error?.code).toBe('provider-failed');
  });

  it('gives log-probabilities once', () => {
    const chosen = { token: 'Hi', tokenId: 17, logProbability: -0.1 };
    const chunk = geminiChunk([{ text: 'Hi' }, { text: '' }], { candidates: 1 }, 'STOP') as { candidates: object[] };
    const candidates = [
      {
        ...chunk.candidates[0],
        logprobsResult: { topCandidates: [{ candidates: [chosen] }], chosenCandidates: [chosen] },
      },
    ];
    const token = { token: 17, text: 'Hi', bytes: [72, 105], logprob: -0.1 };
    expect(run(geminiSse([{ ...chunk, candidates }])).events.slice(1, 3)).toMatchObject([
      { type: 'text', text: 'Hi', logprobs: [{ ...token, top: [token] }] },
      { type: 'end' },
    ]);
  });

  it('is truncated without a finish reason, empty without content, malformed where answers mix', () => {
    const text = geminiChunk([{ text: 'x' }], { candidates: 1 });
    expect(run(geminiSse([text])).error?.code).toBe('truncated');
    expect(run(geminiSse([geminiChunk([], {}, 'STOP')])).error?.code).toBe('empty');
    expect(run(geminiSse([text, { ...text, responseId: 'other' }])).error?.code).toBe('malformed');
    expect(run(geminiSse([geminiChunk([{ text: 'x' }], {}, 'STOP'), text])).error?.code).toBe('malformed');
    expect(run('data: [\r\n\r\n').error?.code).toBe('malformed');
    expect(decodeWhole(decoder(), {}).error?.code).toBe('truncated');
  });

  it('fails with an error inside, and keeps how long to wait', () => {
    const { error } = run(geminiSse([geminiError]));
    expect(error).toMatchObject({ code: 'rate-limited', details: { retryAfterMs: 34_400 } });
    expect(error?.message).toBe('Endpoint test reported an error inside its answer (RESOURCE_EXHAUSTED)');
  });
});

describe('requests to generateContent', () => {
  const encode = (fields: Partial<ChatRequest> = {}, options = {}) =>
    codec.encodeChat({ model: 'gemini-3-flash', messages: [{ role: 'user', content: 'Hi' }], ...fields }, options);
  const body = (fields: Partial<ChatRequest> = {}) => JSON.parse(Buffer.from(encode(fields).body).toString('utf8'));
  const refused = (fields: Partial<ChatRequest>, options = {}): string | null => {
    try {
      encode(fields, options);
    } catch (error) {
      expect(error).toBeInstanceOf(TierError);
      return (error as TierError).param;
    }
    return 'nothing was refused';
  };

  it('names the model in the path, which no name can leave', () => {
    expect(encode().path).toBe('/models/gemini-3-flash:streamGenerateContent?alt=sse');
    expect(encode({}, { stream: false }).path).toBe('/models/gemini-3-flash:generateContent');
    expect(encode({ model: 'tunedModels/my one?x' }).path).toBe(
      '/tunedModels/my%20one%3Fx:streamGenerateContent?alt=sse',
    );
    expect(refused({ model: '../secrets' })).toBe('model');
    expect(refused({ model: 'models//x' })).toBe('model');
    expect(body()).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] });
    expect(codec.credentialHeaders('k')).toEqual({ 'x-goog-api-key': 'k' });
  });

  it('writes turns, calls with the stand-in for their signature, and results named after the call', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'data:image/png;base64,iVBO' },
          { type: 'audio', data: 'UklG', format: 'wav' },
        ],
      },
      {
        role: 'assistant',
        content: '',
        toolCalls: [
          { id: 'a', name: 'f', arguments: '{"x":1}' },
          { id: 'b', name: 'g', arguments: '' },
        ],
      },
      { role: 'tool', toolCallId: 'a', content: '{"ok":true}' },
      { role: 'tool', toolCallId: 'b', content: 'plain' },
    ];
    const result = body({ messages });
    expect(result.systemInstruction).toEqual({ parts: [{ text: 'Be brief.' }] });
    expect(result.contents).toEqual([
      {
        role: 'user',
        parts: [
          { text: 'Look' },
          { inlineData: { mimeType: 'image/png', data: 'iVBO' } },
          { inlineData: { mimeType: 'audio/wav', data: 'UklG' } },
        ],
      },
      {
        role: 'model',
        parts: [
          {
            functionCall: { id: 'a', name: 'f', args: { x: 1 } },
            thoughtSignature: 'skip_thought_signature_validator',
          },
          { functionCall: { id: 'b', name: 'g', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'f', response: { ok: true } } },
          { functionResponse: { id: 'b', name: 'g', response: { output: 'plain' } } },
        ],
      },
    ]);
    const older = body({ messages, model: 'gemini-2.5-pro' }).contents[1].parts[0];
    expect(older).not.toHaveProperty('thoughtSignature');
  });

  it('writes tools, choices, formats, sampling, thinking and log-probabilities', () => {
    const schema = { type: 'object', properties: {} };
    expect(
      body({
        tools: [{ name: 'f', description: 'd', parameters: schema }, { name: 'g' }],
        toolChoice: { name: 'f' },
        responseFormat: { type: 'json-schema', name: 'n', schema },
        sampling: { temperature: 2, topP: 0.9, topK: 5, presencePenalty: 1, frequencyPenalty: 1, seed: 3 },
        stop: ['END'],
        maxTokens: 7,
        logprobs: 2,
        templateVariables: { reasoning_effort: 'low' },
      }),
    ).toMatchObject({
      tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: schema }, { name: 'g' }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: {
        temperature: 2,
        topP: 0.9,
        topK: 5,
        presencePenalty: 1,
        frequencyPenalty: 1,
        seed: 3,
        maxOutputTokens: 7,
        stopSequences: ['END'],
        responseLogprobs: true,
        logprobs: 2,
        responseMimeType: 'application/json',
        responseJsonSchema: schema,
        thinkingConfig: { thinkingLevel: 'low' },
      },
    });
    const older = body({ model: 'gemini-2.5-flash', templateVariables: { reasoning_effort: 'none' } });
    expect(older.generationConfig).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
  });

  it('refuses what it cannot say, by the name the client gave it', () => {
    expect(refused({ sampling: { logitBias: [[1, 1]] } })).toBe('logit_bias');
    expect(refused({ stop: ['1', '2', '3', '4', '5', '6'] })).toBe('stop');
    expect(refused({ tools: [{ name: 'f' }], parallelToolCalls: false })).toBe('parallel_tool_calls');
    expect(refused({ templateVariables: { reasoning_effort: 'none' } })).toBe('reasoning_effort');
    expect(refused({ messages: [{ role: 'user', content: [{ type: 'image', url: 'https://x.org/a.png' }] }] })).toBe(
      'messages[0].content[0]',
    );
    expect(refused({ messages: [{ role: 'tool', toolCallId: 'nobody', content: '' }] })).toBe(
      'messages[0].tool_call_id',
    );
    expect(refused({}, { continueFinal: true })).toBe('messages');
    expect(codec.encodeCompletion).toBeNull();
    expect(() => codec.completionDecoder(testContext)).toThrow(TierError);
  });

  it('embeds in one batch', () => {
    const { path, body: bytes } = codec.encodeEmbedding!({ model: 'gemini-embedding-001', inputs: ['a', 'b'] });
    expect(path).toBe('/models/gemini-embedding-001:batchEmbedContents');
    expect(JSON.parse(Buffer.from(bytes).toString('utf8'))).toEqual({
      requests: ['a', 'b'].map((text) => ({ model: 'models/gemini-embedding-001', content: { parts: [{ text }] } })),
    });
    const { vectors } = codec.decodeEmbedding(Buffer.from(JSON.stringify(geminiEmbeddings)), 'test');
    expect(vectors.map((vector) => [...vector])).toEqual([
      [0.5, 0.25],
      [-1, 2],
    ]);
    expect(() => codec.decodeEmbedding(Buffer.from(JSON.stringify(geminiError)), 'test')).toThrow('RESOURCE_EXHAUSTED');
    expect(() => codec.decodeEmbedding(Buffer.from('{"embeddings":[{}]}'), 'test')).toThrow('no list of numbers');
  });
});
