/**
 * One answer being made: samples its next token, turns it into text, holds back what may become a stop string, and
 * says when it ends.
 *
 * Events go into an outbox that the caller sends. Knows nothing of cells, batches or processes.
 */
import type { FinishReason, TokenLogprobs } from '../engine.js';
import { createStopMatcher } from '../stop-matcher.js';
import { logprobsOf, tokenLogprobs } from './logprobs.js';
import type { OpenText, Outbox } from './outbox.js';
import type { WireError, WireGenerate } from './protocol.js';
import type { Sampler } from './sampler.js';
import { createIncrementalDecoder } from './text-decoder.js';
import type { Vocabulary } from './vocabulary.js';

export interface Generation {
  readonly id: number;
  readonly client: string;
  start(promptTokens: number, cachedTokens: number, nowMs: number): void;
  /**
   * Samples from the logits. Returns the token to go on with, or null when the answer ended with it (the end event is
   * out then).
   */
  next(logits: Float32Array, nowMs: number): number | null;
  /** Ends it after a token that `next` returned: the length is reached, or the prompt was all that was wanted. */
  finishByLength(nowMs: number): void;
  fail(error: WireError): void;
  /** Looks at the logits after the prompt without making a token (`maxTokens` 0). */
  readPrompt(logits: Float32Array): void;
  readonly made: number;
  free(): void;
}

export interface GenerationOptions {
  readonly id: number;
  readonly request: WireGenerate;
  readonly vocabulary: Vocabulary;
  readonly sampler: Sampler;
  readonly outbox: Outbox;
}

/** A token whose text is not out yet. */
interface Held {
  readonly token: number;
  readonly logprobs: TokenLogprobs | null;
  /** UTF-16 units of answer that must be out before it. */
  readonly end: number;
}

export const createGeneration = ({ id, request, vocabulary, sampler, outbox }: GenerationOptions): Generation => {
  const decoder = createIncrementalDecoder();
  const stops = request.stop.length === 0 ? null : createStopMatcher(request.stop);
  /** Text goes out as it comes, unless a character is unfinished. */
  const plain = stops === null && request.logprobs === null;
  let held: Held[] = [];
  let decoded = 0;
  let released = 0;
  let made = 0;
  let promptTokens = 0;
  let cachedTokens = 0;
  let startedMs = 0;
  let firstTokenMs = 0;

  let open: OpenText | null = null;

  /** Lets text out with the tokens that it completes. */
  const release = (text: string): void => {
    released += text.length;
    if (text === '' && request.logprobs === null) return;
    let ready = 0;
    while (ready < held.length && held[ready]!.end <= released) ready++;
    if (text === '' && ready === 0) return;
    const out = held.slice(0, ready);
    held = held.slice(ready);
    const logprobs = request.logprobs === null ? null : out.flatMap((one) => one.logprobs ?? []);
    if (text !== '' || logprobs !== null)
      open = outbox.pushText(id, text, { tokens: out.map(({ token }) => token), logprobs, open });
  };

  const end = (reason: FinishReason, stop: string | null, nowMs: number): void => {
    outbox.push([
      'end',
      id,
      reason,
      stop,
      [promptTokens, cachedTokens, made],
      [
        startedMs - request.submittedMs,
        (made > 0 ? firstTokenMs : nowMs) - request.submittedMs,
        nowMs - request.submittedMs,
      ],
    ]);
  };

  const finish = (reason: FinishReason, nowMs: number): void => {
    let rest = decoder.flush();
    decoded += rest.length;
    if (stops !== null) {
      const pushed = stops.push(rest);
      if (pushed.stop !== null) {
        release(pushed.text);
        end('stop-string', pushed.stop, nowMs);
        return;
      }
      rest = pushed.text + stops.flush();
    }
    // Whatever is held has no more text to wait for.
    released = Infinity;
    release(rest);
    if (held.length > 0) {
      open = outbox.pushText(id, '', { tokens: held.map(({ token }) => token), logprobs: null, open });
      held = [];
    }
    end(reason, null, nowMs);
  };

  /** Text of a token, special ones hidden unless asked for. */
  const textOf = (token: number): string => {
    const piece = vocabulary.piece(token);
    if (piece.special && !request.renderSpecial) return '';
    return piece.text !== null && !decoder.pending ? piece.text : decoder.push(piece.bytes);
  };

  const observeFirst = (logits: Float32Array): void => {
    if (made === 0 && request.firstTokenLogprobsOf !== null)
      outbox.push(['first', id, logprobsOf(logits, request.firstTokenLogprobsOf)]);
  };

  return {
    id,
    client: request.client,
    get made() {
      return made;
    },
    start(prompt, cached, nowMs) {
      promptTokens = prompt;
      cachedTokens = cached;
      startedMs = nowMs;
      outbox.push(['start', id, prompt, cached]);
    },
    readPrompt: observeFirst,
    next(logits, nowMs) {
      observeFirst(logits);
      const token = sampler.sample(logits);
      if (made === 0) firstTokenMs = nowMs;
      if (token < 0) {
        // A grammar that has come to its end and leaves no token, not even the end of the answer.
        finish('stop', nowMs);
        return null;
      }
      made++;
      if (vocabulary.piece(token).endOfGeneration && !request.ignoreEos) {
        finish('stop', nowMs);
        return null;
      }
      sampler.accept(token);
      const text = textOf(token);
      if (plain && held.length === 0 && !decoder.pending && text !== '') {
        open = outbox.pushText(id, text, { tokens: [token], logprobs: null, open });
        return token;
      }
      decoded += text.length;
      held.push({
        token,
        logprobs:
          request.logprobs === null ? null : tokenLogprobs(logits, token, { vocabulary, top: request.logprobs }),
        end: decoded + (decoder.pending ? 1 : 0),
      });
      if (stops === null) {
        release(text);
        return token;
      }
      const pushed = stops.push(text);
      release(pushed.text);
      if (pushed.stop === null) return token;
      end('stop-string', pushed.stop, nowMs);
      return null;
    },
    finishByLength: (nowMs) => finish('length', nowMs),
    fail(error) {
      outbox.push(['error', id, error]);
    },
    free: () => sampler.free(),
  };
};
