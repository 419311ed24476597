/**
 * The chunks of a streamed chat completion as finished event text. Everything that stays the same through a stream is
 * serialised once, so that a token costs one JSON string and two concatenations. Knows no socket.
 */
import type { TokenLogprobs } from '../engine/engine.js';
import type { ChatEvent } from '../tiers/tier.js';
import type { ApiError } from './error-table.js';
import { chatLogprobs } from './logprobs.js';

type ToolCallEvent = Extract<ChatEvent, { type: 'tool-call' }>;

export interface ChunkHead {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/** `data: {...head,"choices":[` ready for a choice; and the end of a chunk that no usage follows. */
export const chunkFrame = (head: ChunkHead, includeUsage: boolean) => ({
  open: `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`,
  close: includeUsage ? '],"usage":null}\n\n' : ']}\n\n',
});

/** The chunk after the last choice: usage and the `spillway` block, no choices. */
export const usageChunk = (head: ChunkHead, extra: { readonly usage?: object; readonly spillway?: object }): string =>
  `data: ${JSON.stringify({ ...head, choices: [], ...extra })}\n\n`;

/** The last event of every whole stream. */
export const doneEvent = 'data: [DONE]\n\n';

/** The last event of a broken one. OpenAI's clients throw at it whatever its event name is. */
export const errorEvent = (error: ApiError): string => `event: error\ndata: ${JSON.stringify(error.body)}\n\n`;

export interface ChatChunks {
  role(choice: number): string;
  text(choice: number, text: string, logprobs: readonly TokenLogprobs[] | undefined): string;
  reasoning(choice: number, text: string): string;
  toolCall(choice: number, event: ToolCallEvent): string;
  /** `spillway` goes with the very last chunk of a stream without usage. */
  finish(choice: number, reason: string, spillway?: object): string;
}

export const createChatChunks = (
  head: ChunkHead,
  options: { readonly choices: number; readonly includeUsage: boolean },
): ChatChunks => {
  const { open, close } = chunkFrame(head, options.includeUsage);
  const starts = Array.from({ length: options.choices }, (_, index) => `${open}{"index":${index},"delta":`);
  const textEnd = `},"logprobs":null,"finish_reason":null}${close}`;
  const toolEnd = `]},"logprobs":null,"finish_reason":null}${close}`;
  const start = (choice: number): string => starts[choice]!;

  return {
    role: (choice) => `${start(choice)}{"role":"assistant","content":""${textEnd}`,
    text: (choice, text, logprobs) =>
      logprobs === undefined
        ? `${start(choice)}{"content":${JSON.stringify(text)}${textEnd}`
        : `${start(choice)}{"content":${JSON.stringify(text)}},"logprobs":${JSON.stringify({
            content: chatLogprobs(logprobs),
            refusal: null,
          })},"finish_reason":null}${close}`,
    reasoning: (choice, text) => `${start(choice)}{"reasoning_content":${JSON.stringify(text)}${textEnd}`,
    toolCall: (choice, event) =>
      event.id === undefined
        ? `${start(choice)}{"tool_calls":[{"index":${event.index},"function":{"arguments":${JSON.stringify(
            event.argumentsDelta,
          )}}}${toolEnd}`
        : `${start(choice)}{"tool_calls":[${JSON.stringify({
            index: event.index,
            id: event.id,
            type: 'function',
            function: { name: event.name ?? '', arguments: event.argumentsDelta },
          })}${toolEnd}`,
    finish: (choice, reason, spillway) =>
      `${start(choice)}{},"logprobs":null,"finish_reason":${JSON.stringify(reason)}}${
        spillway === undefined ? close : `],"spillway":${JSON.stringify(spillway)}}\n\n`
      }`,
  };
};
