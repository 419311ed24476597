/** Log-probabilities out of OpenAI's two shapes. Providers give texts, not token ids: those are -1. */
import type { TokenLogprob, TokenLogprobs } from '../../../engine/engine.js';
import { asArray, asObject, asText } from '../wire-json.js';

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NEGATIVE_INFINITY);

const utf8 = new TextEncoder();

const tokenOf = (value: unknown): TokenLogprob => {
  const entry = asObject(value);
  const text = asText(entry?.token);
  const bytes = asArray(entry?.bytes).filter((byte) => typeof byte === 'number');
  return {
    token: -1,
    text,
    bytes: bytes.length > 0 ? bytes : [...utf8.encode(text)],
    logprob: numberOf(entry?.logprob),
  };
};

/** `choices[].logprobs` of a chat; undefined where there are none. */
export const chatLogprobsOf = (value: unknown): readonly TokenLogprobs[] | undefined => {
  const content = asArray(asObject(value)?.content);
  if (content.length === 0) return undefined;
  return content.map((entry) => ({ ...tokenOf(entry), top: asArray(asObject(entry)?.top_logprobs).map(tokenOf) }));
};

/** Texts of half characters are written `bytes:\xe2\x82`. */
const legacyToken = (text: string, logprob: unknown): TokenLogprob => {
  const bytes = /^bytes:(\\x[0-9a-f]{2})+$/.test(text)
    ? text
        .slice('bytes:'.length)
        .split('\\x')
        .slice(1)
        .map((hex) => Number.parseInt(hex, 16))
    : null;
  return {
    token: -1,
    text: bytes === null ? text : Buffer.from(bytes).toString('utf8'),
    bytes: bytes ?? [...utf8.encode(text)],
    logprob: numberOf(logprob),
  };
};

/** `choices[].logprobs` of a completion: arrays beside each other. */
export const completionLogprobsOf = (value: unknown): readonly TokenLogprobs[] | undefined => {
  const fields = asObject(value);
  const tokens = asArray(fields?.tokens);
  if (tokens.length === 0) return undefined;
  const logprobs = asArray(fields?.token_logprobs);
  const tops = asArray(fields?.top_logprobs);
  return tokens.map((token, index) => ({
    ...legacyToken(asText(token), logprobs[index]),
    top: Object.entries(asObject(tops[index]) ?? {}).map(([text, logprob]) => legacyToken(text, logprob)),
  }));
};
