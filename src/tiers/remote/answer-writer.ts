/**
 * Where the decoders put what they read: keeps the rules that hold for every provider's answer (one `start` before the
 * first content, one `end`, no answer without anything in it) and the counts. Knows no wire format.
 */
import { randomUUID } from 'node:crypto';
import type { TokenLogprobs } from '../../engine/engine.js';
import type { ChatEvent, ChatFinishReason } from '../tier.js';
import { RemoteError, type RemoteErrorCode } from './remote-error.js';
import type { DecoderContext } from './wire-codec.js';

/** Tokens as far as the provider told them; null where it did not. */
export interface AnswerUsage {
  promptTokens: number | null;
  cachedTokens: number | null;
  completionTokens: number | null;
  reasoningTokens: number | null;
}

export interface EndExtras {
  readonly overflow?: boolean;
  readonly confidence?: number;
}

/** An id for a call whose provider gives none. */
export const newCallId = (): string => `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;

/** One answer. Its decoder sets `out` before it writes. */
export class AnswerWriter {
  out: ChatEvent[] = [];
  readonly usage: AnswerUsage = {
    promptTokens: null,
    cachedTokens: null,
    completionTokens: null,
    reasoningTokens: null,
  };
  /** Text, reasoning or a call was written. */
  started = false;
  ended = false;
  /** An event of the protocol was read, whatever it said. */
  sawEvent = false;
  calls = 0;
  readonly #context: DecoderContext;
  #ttftMs: number | null = null;
  /** What is left of a continued text that the provider may repeat. */
  #echo: string;
  #echoed = '';

  /** `echo`: a text that the provider repeats in front of its answer. */
  constructor(context: DecoderContext, echo = '') {
    this.#context = context;
    this.#echo = echo;
  }

  /** An error of this endpoint; never give it words of the answer. */
  error(code: RemoteErrorCode, fault: string): RemoteError {
    const { endpoint } = this.#context;
    return new RemoteError(code, `Endpoint ${endpoint} ${fault}`, {
      endpoint,
      status: 200,
      answerStarted: this.started,
    });
  }

  /** The bytes are over and the answer is not; `missing` is what should have come. */
  cutShort(missing: string): RemoteError {
    if (!this.sawEvent) return this.error('malformed', 'sent an answer that is no event stream');
    return this.error('truncated', `ended its stream without ${missing}`);
  }

  get errorContext(): { readonly endpoint: string; readonly answerStarted: boolean } {
    return { endpoint: this.#context.endpoint, answerStarted: this.started };
  }

  text(text: string, logprobs?: readonly TokenLogprobs[]): void {
    const own = this.#echo === '' ? text : this.#withoutEcho(text);
    if (own === '' && logprobs === undefined) return;
    this.#start();
    if (logprobs !== undefined) {
      this.out.push({ type: 'text', text: own, logprobs });
      return;
    }
    const last = this.out[this.out.length - 1];
    // Nobody has read the last event yet: one event for both is one less for everybody after this.
    if (last?.type === 'text' && last.logprobs === undefined) (last as { text: string }).text += own;
    else this.out.push({ type: 'text', text: own });
  }

  reasoning(text: string): void {
    if (text === '') return;
    this.#start();
    const last = this.out[this.out.length - 1];
    if (last?.type === 'reasoning') (last as { text: string }).text += text;
    else this.out.push({ type: 'reasoning', text });
  }

  /** Opens the next call; returns its index. */
  openCall(call: { readonly id: string; readonly name: string; readonly arguments: string }): number {
    this.#start();
    const index = this.calls++;
    this.out.push({ type: 'tool-call', index, id: call.id, name: call.name, argumentsDelta: call.arguments });
    return index;
  }

  callArguments(index: number, argumentsDelta: string): void {
    if (argumentsDelta !== '') this.out.push({ type: 'tool-call', index, argumentsDelta });
  }

  /** Throws `empty` for a finished answer that has nothing in it and, as far as is told, took no token. */
  end(reason: ChatFinishReason, extras: EndExtras = {}): void {
    const { usage } = this;
    const says = reason === 'stop' || reason === 'tool-calls';
    if (says && !this.started && (usage.completionTokens ?? 0) === 0)
      throw this.error('empty', 'ended its answer without anything in it');
    this.#start();
    // Whether the content started is what failover asks; an `end` alone is no content, but nothing follows it.
    this.ended = true;
    const { submittedMs, now } = this.#context;
    this.out.push({
      type: 'end',
      reason: reason === 'stop' && this.calls > 0 ? 'tool-calls' : reason,
      usage: {
        promptTokens: usage.promptTokens ?? 0,
        cachedTokens: usage.cachedTokens ?? 0,
        completionTokens: usage.completionTokens ?? 0,
      },
      timings: { queueMs: 0, ttftMs: this.#ttftMs ?? 0, totalMs: now() - submittedMs },
      ...(usage.reasoningTokens === null ? {} : { reasoningTokens: usage.reasoningTokens }),
      ...extras,
    });
  }

  #start(): void {
    if (this.started) return;
    this.started = true;
    const { submittedMs, now } = this.#context;
    this.#ttftMs = now() - submittedMs;
    this.out.push({
      type: 'start',
      promptTokens: this.usage.promptTokens ?? 0,
      cachedTokens: this.usage.cachedTokens ?? 0,
    });
  }

  /** Takes the continued text off the front of the answer; a provider that does not repeat it loses nothing. */
  #withoutEcho(text: string): string {
    const echo = this.#echo;
    if (text.startsWith(echo)) {
      this.#echo = '';
      return text.slice(echo.length);
    }
    if (echo.startsWith(text)) {
      this.#echo = echo.slice(text.length);
      this.#echoed += text;
      return '';
    }
    this.#echo = '';
    return this.#echoed + text;
  }
}
