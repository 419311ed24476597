/**
 * One question to the device, printed as it is answered: text, tool calls, hand-overs.
 *
 * Shared by `run` and `chat`. Keeps what the assistant said, for the next turn.
 */
import type { ChatMessage, ChatRequest, Tier, ToolCall } from '../tiers/tier.js';

export interface Answer {
  readonly message: Extract<ChatMessage, { role: 'assistant' }>;
  readonly finishReason: string;
  readonly overflow: boolean;
  readonly confidence: number | null;
  readonly usage: { readonly promptTokens: number; readonly cachedTokens: number; readonly completionTokens: number };
  readonly ttftMs: number;
  readonly totalMs: number;
}

export interface AskOptions {
  readonly write: (text: string) => void;
  /** Called once, when a model begins to think before it speaks; its thoughts are not written. */
  readonly onThinking?: () => void;
  readonly signal?: AbortSignal;
}

/** Streams the answer through `write`; resolves when it is whole. */
export const ask = async (tier: Tier, request: ChatRequest, options: AskOptions): Promise<Answer> => {
  let text = '';
  let reasoning = '';
  const calls: { id: string; name: string; arguments: string }[] = [];
  for await (const event of tier.chat(request, options.signal === undefined ? {} : { signal: options.signal })) {
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

/** What a person reads when the embedded model hands a request over. */
export const overflowNote = (answer: Answer): string =>
  `(not for this device: handed over${answer.confidence === null ? '' : `, ${(100 * answer.confidence).toFixed(0)}% sure`})`;
