/**
 * One question, printed as it is answered: text, tool calls, hand-overs, and where the answer came from.
 *
 * Shared by `run` and `chat`. Keeps what the assistant said, for the next turn.
 */
import { type Reach, tiersByDistance } from '../route/reach.js';
import { writeUsd } from '../route/words.js';
import type { ChatEvent, ChatMessage, ChatRequest, Served, ToolCall } from '../tiers/tier.js';
import { writePlace } from './place-words.js';

export interface Answer {
  readonly message: Extract<ChatMessage, { role: 'assistant' }>;
  readonly finishReason: string;
  readonly overflow: boolean;
  readonly confidence: number | null;
  readonly usage: { readonly promptTokens: number; readonly cachedTokens: number; readonly completionTokens: number };
  readonly ttftMs: number;
  readonly totalMs: number;
  /** Null where there was nothing to choose. */
  readonly served: Served | null;
}

export interface AskOptions {
  readonly write: (text: string) => void;
  /** Called once, when a model begins to think before it speaks; its thoughts are not written. */
  readonly onThinking?: () => void;
  readonly signal?: AbortSignal;
}

/** Streams the answer of `chat` through `write`; resolves when it is whole. */
export const ask = async (
  chat: (request: ChatRequest, call: { readonly signal?: AbortSignal }) => AsyncIterable<ChatEvent>,
  request: ChatRequest,
  options: AskOptions,
): Promise<Answer> => {
  let text = '';
  let reasoning = '';
  const calls: { id: string; name: string; arguments: string }[] = [];
  for await (const event of chat(request, options.signal === undefined ? {} : { signal: options.signal })) {
    switch (event.type) {
      case 'text':
        text += event.text;
        options.write(event.text);
        break;
      case 'reasoning':
        if (reasoning === '') options.onThinking?.();
        reasoning += event.text;
        break;
      case 'tool-call': {
        const call = calls[event.index] ?? { id: event.id ?? '', name: event.name ?? '', arguments: '' };
        if (calls[event.index] === undefined) {
          calls[event.index] = call;
          options.write(`${text === '' && event.index === 0 ? '' : '\n'}${call.name} `);
        }
        call.arguments += event.argumentsDelta;
        options.write(event.argumentsDelta);
        break;
      }
      case 'start':
        break;
      case 'end': {
        const toolCalls: readonly ToolCall[] = calls;
        return {
          message: {
            role: 'assistant',
            content: text === '' ? null : text,
            ...(toolCalls.length === 0 ? {} : { toolCalls }),
            ...(reasoning === '' ? {} : { reasoning }),
          },
          finishReason: event.reason,
          overflow: event.overflow ?? false,
          confidence: event.confidence ?? null,
          usage: event.usage,
          ttftMs: event.timings.ttftMs,
          totalMs: event.timings.totalMs,
          served: event.served ?? null,
        };
      }
      default:
        event satisfies never;
    }
  }
  throw new Error('The answer ended without its end event.');
};

/** Says that a model thinks, to somebody who watches; programs read the answer alone. */
export const noteThinking = (): void => {
  if (process.stderr.isTTY === true) process.stderr.write('(thinking)\n');
};

/** What a person reads when the embedded model hands a request over; `further`: the reach that would bring in another. */
export const overflowNote = ({ confidence }: Answer, further: Reach | null): string => {
  const sure = confidence === null ? '' : `, ${(100 * confidence).toFixed(0)}% sure`;
  const advice = further === null ? '' : `; --reach ${further} would let it go on`;
  return `(not for this device: handed over${sure}${advice})`;
};

/** Where an answer came from, and what it cost; null for this device. */
export const originNote = ({ served }: Answer): string | null => {
  if (served === null || served.tier === 'device') return null;
  const isFree = served.costNanoUsd === 0 && served.tier !== tiersByDistance.at(-1);
  return `(${writePlace(served)}${isFree ? '' : `, ${writeUsd(served.costNanoUsd)}`})`;
};
