/** Log-probabilities in OpenAI's two shapes: the list of chat completions and the parallel arrays of completions. */
import type { TokenLogprob, TokenLogprobs } from '../engine/engine.js';

/** JSON has no -Infinity; OpenAI writes this for tokens that cannot come. */
const leastLogprob = -9999;

const finite = (logprob: number): number => (Number.isFinite(logprob) ? logprob : leastLogprob);

const entryOf = ({ text, logprob, bytes }: TokenLogprob) => ({ token: text, logprob: finite(logprob), bytes });

/** `logprobs.content` of a chat choice. */
export const chatLogprobs = (logprobs: readonly TokenLogprobs[]) =>
  logprobs.map((entry) => ({ ...entryOf(entry), top_logprobs: entry.top.map(entryOf) }));

export interface LegacyLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[];
  readonly text_offset: number[];
}

/** Parts of characters have no text of their own; OpenAI writes them as `bytes:\xe2\x82`. */
const legacyToken = ({ text, bytes }: TokenLogprob): string =>
  text.includes('\ufffd') ? `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}` : text;

/** Characters as Python counts them. */
const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count++;
  return count;
};

/** Builds the legacy shape piece by piece; `text_offset` counts code points of the answer. */
export const createLegacyLogprobs = () => {
  let offset = 0;
  return {
    /** Text without log-probabilities, such as a thinking model's thoughts. */
    skip: (text: string): void => {
      offset += codePoints(text);
    },
    /** The arrays of these tokens alone. */
    add: (logprobs: readonly TokenLogprobs[]): LegacyLogprobs => {
      const part: LegacyLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
      for (const entry of logprobs) {
        part.tokens.push(legacyToken(entry));
        part.token_logprobs.push(finite(entry.logprob));
        // OpenAI's list always holds the token that was taken, beside the alternatives that were asked for.
        part.top_logprobs.push(
          Object.fromEntries([...entry.top, entry].map((top) => [legacyToken(top), finite(top.logprob)])),
        );
        part.text_offset.push(offset);
        offset += codePoints(entry.text);
      }
      return part;
    },
  };
};

/** Appends `part` to `whole` in place. */
export const appendLegacyLogprobs = (whole: LegacyLogprobs, part: LegacyLogprobs): void => {
  whole.tokens.push(...part.tokens);
  whole.token_logprobs.push(...part.token_logprobs);
  whole.top_logprobs.push(...part.top_logprobs);
  whole.text_offset.push(...part.text_offset);
};
