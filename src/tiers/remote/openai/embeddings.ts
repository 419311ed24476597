/** Answers of OpenAI's embeddings: numbers, or base64 of little-endian float32 where that was asked for. */
import { endianness } from 'node:os';
import { errorInside } from '../provider-error.js';
import { RemoteError } from '../remote-error.js';
import type { EmbeddingAnswer } from '../wire-codec.js';
import { asArray, asCount, asObject, parseObjectBytes } from '../wire-json.js';

const vectorOf = (value: unknown): Float32Array | null => {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length === 0 || bytes.length % 4 !== 0) return null;
    if (endianness() === 'BE') bytes.swap32();
    return new Float32Array(Uint8Array.from(bytes).buffer);
  }
  const numbers = asArray(value);
  return numbers.length > 0 && numbers.every((number) => typeof number === 'number')
    ? Float32Array.from(numbers as readonly number[])
    : null;
};

/** The vectors in the order of the inputs. */
export const decodeOpenAiEmbedding = (body: Uint8Array, endpoint: string): EmbeddingAnswer => {
  const context = { endpoint, answerStarted: false };
  const malformed = (fault: string): RemoteError =>
    new RemoteError('malformed', `Endpoint ${endpoint} ${fault}`, { ...context, status: 200 });
  const answer = parseObjectBytes(body);
  if (answer === null) throw malformed('sent embeddings that are no JSON object');
  if (answer.error != null) throw errorInside(answer.error, context);
  const entries = asArray(answer.data).map((value, place) => {
    const entry = asObject(value);
    const vector = vectorOf(entry?.embedding);
    if (vector === null) throw malformed('sent an embedding that is no list of numbers');
    return { place: asCount(entry?.index) ?? place, vector };
  });
  entries.sort((a, b) => a.place - b.place);
  if (entries.some((entry, place) => entry.place !== place)) throw malformed('sent embeddings with gaps or twice');
  return {
    vectors: entries.map((entry) => entry.vector),
    promptTokens: asCount(asObject(answer.usage)?.prompt_tokens) ?? 0,
  };
};
