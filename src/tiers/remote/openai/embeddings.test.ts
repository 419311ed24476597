import { describe, expect, it } from 'vitest';
import { openAiEmbeddings } from '../fixtures/openai.test-kit.js';
import { RemoteError } from '../remote-error.js';
import { decodeOpenAiEmbedding } from './embeddings.js';

const decode = (body: unknown) => decodeOpenAiEmbedding(Buffer.from(JSON.stringify(body)), 'test');
const vector = (index: number) => ({ object: 'embedding', index, embedding: [index] });

describe('decodeOpenAiEmbedding', () => {
  it('reads numbers and base64', () => {
    const { vectors, promptTokens } = decode(openAiEmbeddings);
    expect(vectors.map((entry) => [...entry])).toEqual([
      [0.5, -0.25, 1],
      [1, 0, -0.5],
    ]);
    expect(promptTokens).toBe(8);
  });

  it('puts vectors into the order of the inputs', () => {
    const { vectors } = decode({ data: [vector(1), vector(0)] });
    expect(vectors.map((entry) => entry[0])).toEqual([0, 1]);
  });

  it('refuses gaps, repetitions and what is no vector', () => {
    const codeOf = (body: unknown): unknown => {
      try {
        decode(body);
      } catch (error) {
        return error instanceof RemoteError ? error.code : error;
      }
      return undefined;
    };
    expect(codeOf({ data: [vector(0), vector(2)] })).toBe('malformed');
    expect(codeOf({ data: [vector(0), vector(0)] })).toBe('malformed');
    expect(codeOf({ data: [{ index: 0, embedding: 'AAA=' }] })).toBe('malformed');
    expect(codeOf({ data: [{ index: 0, embedding: ['x'] }] })).toBe('malformed');
    expect(codeOf('nothing')).toBe('malformed');
    expect(codeOf({ error: { type: 'rate_limit_error' } })).toBe('rate-limited');
  });
});
