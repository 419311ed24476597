/**
 * Answers of Anthropic's Messages API, streamed or whole. Source: platform.claude.com/docs/en/build-with-claude/streaming.
 *
 * Events have a grammar here: one message_start, blocks that open, grow and close, message_delta, message_stop. An event
 * out of its place is a fault; one of an unknown type is none, because the API says that there will be new ones.
 */
import type { ChatEvent, ChatFinishReason } from '../../tier.js';
import { AnswerWriter } from '../answer-writer.js';
import { errorInside } from '../provider-error.js';
import { createSseParser } from '../sse-parser.js';
import type { AnswerDecoder, DecoderContext } from '../wire-codec.js';
import { asArray, asCount, asObject, asText, type JsonObject, parseObject, parseObjectBytes } from '../wire-json.js';

/** `pause_turn` is missing: it ends no answer, and only tools of the provider's own lead to it. */
const stopReasons: Readonly<Record<string, ChatFinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};

interface Block {
  /** Index of the call; null for other blocks. */
  readonly call: number | null;
  /** The arguments that the block was opened with, for a call that gets none afterwards. */
  readonly input: string;
  hasArguments: boolean;
}

export const createAnthropicDecoder = (context: DecoderContext): AnswerDecoder => {
  const writer = new AnswerWriter(context);
  const blocks = new Map<number, Block>();
  const seenBlocks = new Set<number>();
  let messageId: string | null = null;
  let reason: ChatFinishReason | null = null;

  const outOfPlace = (event: string) => writer.error('malformed', `sent ${event} out of its place`);

  const readUsage = (value: unknown): void => {
    const fields = asObject(value);
    if (fields === null) return;
    const { usage } = writer;
    const input = asCount(fields.input_tokens);
    const created = asCount(fields.cache_creation_input_tokens) ?? 0;
    const read = asCount(fields.cache_read_input_tokens);
    // The three are told apart by the API; together they are the prompt.
    if (input !== null) {
      usage.promptTokens = input + created + (read ?? 0);
      usage.cachedTokens = read ?? usage.cachedTokens;
    }
    usage.completionTokens = asCount(fields.output_tokens) ?? usage.completionTokens;
    usage.reasoningTokens = asCount(asObject(fields.output_tokens_details)?.thinking_tokens) ?? usage.reasoningTokens;
  };

  const readStopReason = (value: unknown): void => {
    if (typeof value !== 'string') return;
    const known = Object.hasOwn(stopReasons, value) ? stopReasons[value]! : null;
    if (known === null)
      throw writer.error('provider-failed', 'ended its answer with a stop reason that is no whole end');
    reason = known;
  };

  /** A block as it is opened: empty in streams, full in whole answers. */
  const openBlock = (block: JsonObject): Block => {
    switch (block.type) {
      case 'text':
        writer.text(asText(block.text));
        break;
      case 'thinking':
        writer.reasoning(asText(block.thinking));
        break;
      case 'tool_use': {
        const input = asObject(block.input) ?? {};
        const call = writer.openCall({ id: asText(block.id), name: asText(block.name), arguments: '' });
        return { call, input: JSON.stringify(input), hasArguments: false };
      }
      default:
    }
    return { call: null, input: '', hasArguments: false };
  };

  const closeBlock = (block: Block): void => {
    if (block.call !== null && !block.hasArguments) writer.callArguments(block.call, block.input);
  };

  const readWholeBlocks = (content: unknown): void => {
    for (const value of asArray(content)) {
      const block = asObject(value);
      if (block !== null) closeBlock(openBlock(block));
    }
  };

  const readDelta = (block: Block, delta: JsonObject): void => {
    switch (delta.type) {
      case 'text_delta':
        writer.text(asText(delta.text));
        break;
      case 'thinking_delta':
        writer.reasoning(asText(delta.thinking));
        break;
      case 'input_json_delta': {
        const json = asText(delta.partial_json);
        if (block.call === null || json === '') break;
        block.hasArguments = true;
        writer.callArguments(block.call, json);
        break;
      }
      default:
      // Signatures and citations have no place in a ChatEvent.
    }
  };

  const readMessageStart = (message: JsonObject | null): void => {
    const id = asText(message?.id);
    // Gateways have been seen to send it twice, and to go on with a second message after they lost the first.
    if (messageId !== null) {
      if (id === messageId && seenBlocks.size === 0) return;
      throw outOfPlace('another message_start');
    }
    messageId = id;
    readUsage(message?.usage);
    readWholeBlocks(message?.content);
    readStopReason(message?.stop_reason);
  };

  const readBlockEvent = (event: JsonObject): void => {
    const index = asCount(event.index);
    if (messageId === null || index === null) throw outOfPlace('a content block');
    const block = blocks.get(index);
    switch (event.type) {
      case 'content_block_start': {
        const opened = asObject(event.content_block);
        if (seenBlocks.has(index) || opened === null) throw outOfPlace('a content_block_start');
        seenBlocks.add(index);
        blocks.set(index, openBlock(opened));
        break;
      }
      case 'content_block_delta': {
        const delta = asObject(event.delta);
        if (block === undefined || delta === null) throw outOfPlace('a content_block_delta');
        readDelta(block, delta);
        break;
      }
      default:
        if (block === undefined) throw outOfPlace('a content_block_stop');
        blocks.delete(index);
        closeBlock(block);
    }
  };

  const end = (): void => {
    if (messageId === null || reason === null || blocks.size > 0) throw outOfPlace('message_stop');
    writer.end(reason);
  };

  const readEvent = (event: JsonObject): void => {
    switch (event.type) {
      case 'message_start':
        readMessageStart(asObject(event.message));
        break;
      case 'content_block_start':
      case 'content_block_delta':
      case 'content_block_stop':
        readBlockEvent(event);
        break;
      case 'message_delta':
        if (messageId === null) throw outOfPlace('a message_delta');
        readUsage(event.usage);
        readStopReason(asObject(event.delta)?.stop_reason);
        break;
      case 'message_stop':
        end();
        break;
      case 'error':
        throw errorInside(event.error, writer.errorContext);
      default:
        // `ping`, and types that are still to come.
        if (typeof event.type !== 'string') throw writer.error('malformed', 'sent an event without a type');
    }
  };

  const parser = createSseParser({
    maxEventBytes: context.maxEventBytes,
    tooLarge: (limitBytes) => writer.error('oversized', `sent an event of more than ${limitBytes} bytes, the limit`),
    onEvent: (_, data) => {
      if (writer.ended || data === '') return;
      writer.sawEvent = true;
      const event = parseObject(data);
      if (event === null) throw writer.error('malformed', 'sent an event that is no JSON object');
      readEvent(event);
    },
  });

  return {
    push(bytes, out) {
      writer.out = out;
      parser.push(bytes);
    },
    finish() {
      if (!writer.ended) throw writer.cutShort('message_stop');
    },
    whole(body, out: ChatEvent[]) {
      writer.out = out;
      const message = parseObjectBytes(body);
      if (message === null) throw writer.error('malformed', 'sent an answer that is no JSON object');
      if (message.type === 'error' || message.error != null) throw errorInside(message.error, writer.errorContext);
      if (message.type !== 'message') throw writer.error('malformed', 'sent JSON that is no message');
      readMessageStart(message);
      end();
    },
  };
};
