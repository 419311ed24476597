/**
 * Answers of chat completions and completions, streamed or whole, in every dialect of OpenAI's API.
 *
 * A stream is whole when a finish reason came and then `[DONE]`. What comes again after that is ignored; content after
 * the finish reason is a fault, because it can only be somebody else's or the same once more.
 */
import type { ChatEvent, ChatFinishReason } from '../../tier.js';
import { AnswerWriter, type EndExtras } from '../answer-writer.js';
import { errorInside } from '../provider-error.js';
import { createSseParser } from '../sse-parser.js';
import type { AnswerDecoder, DecoderContext } from '../wire-codec.js';
import { asArray, asCount, asObject, type JsonObject, parseObject, parseObjectBytes } from '../wire-json.js';
import { chatLogprobsOf, completionLogprobsOf } from './logprobs.js';
import { createTextChunkTemplate } from './text-chunk-template.js';
import { createToolCallReader } from './tool-call-reader.js';

/** The finish reasons of all servers that are known to end an answer; any other is a failure and not an end. */
const finishReasons: Readonly<Record<string, ChatFinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool-calls',
  tool_use: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  safety: 'content-filter',
};

export interface OpenAiAnswerOptions {
  readonly operation: 'chat' | 'completion';
  /** The provider repeats the text that it was asked to go on from. */
  readonly repeatsContinuedText: boolean;
}

const readUsage = (value: unknown, writer: AnswerWriter): void => {
  const fields = asObject(value);
  if (fields === null) return;
  const { usage } = writer;
  usage.promptTokens = asCount(fields.prompt_tokens) ?? usage.promptTokens;
  usage.completionTokens = asCount(fields.completion_tokens) ?? usage.completionTokens;
  usage.cachedTokens = asCount(asObject(fields.prompt_tokens_details)?.cached_tokens) ?? usage.cachedTokens;
  usage.reasoningTokens =
    asCount(asObject(fields.completion_tokens_details)?.reasoning_tokens) ?? usage.reasoningTokens;
};

/** What another Spillway says of its own decision. */
const readExtras = (value: unknown): EndExtras => {
  const fields = asObject(value);
  if (fields === null) return {};
  const { overflow, confidence } = fields;
  return {
    ...(typeof overflow === 'boolean' ? { overflow } : {}),
    ...(typeof confidence === 'number' ? { confidence } : {}),
  };
};

const isNothing = (value: unknown): boolean => value === null || value === undefined;

/** True for a chunk that has a text and says nothing else. */
const saysOnlyText = (chunk: JsonObject, isChat: boolean): boolean => {
  const choices = asArray(chunk.choices);
  const choice = asObject(choices[0]);
  if (choice === null || choices.length !== 1) return false;
  if (![chunk.usage, chunk.spillway, choice.logprobs, choice.finish_reason].every(isNothing)) return false;
  if (!isChat) return typeof choice.text === 'string';
  const { content, role: _, ...rest } = asObject(choice.delta) ?? {};
  return typeof content === 'string' && Object.values(rest).every(isNothing);
};

export const createOpenAiDecoder = (context: DecoderContext, options: OpenAiAnswerOptions): AnswerDecoder => {
  const writer = new AnswerWriter(context, options.repeatsContinuedText ? context.continuedText : '');
  const calls = createToolCallReader(writer);
  const template = createTextChunkTemplate(options.operation);
  const isChat = options.operation === 'chat';
  let finish: ChatFinishReason | null = null;
  let answerId: unknown = null;
  let extras: EndExtras = {};

  const readFinish = (reason: unknown): void => {
    if (typeof reason !== 'string' || reason === '') return;
    const known = Object.hasOwn(finishReasons, reason) ? finishReasons[reason]! : null;
    // `error` and `abort` among them; the word itself is the provider's text.
    if (known === null)
      throw writer.error('provider-failed', 'ended its answer with a finish reason that is no whole end');
    finish ??= known;
  };

  /** Mistral's reasoning models write content as a list of thinking and text. */
  const readParts = (parts: readonly unknown[]): void => {
    for (const value of parts) {
      const part = asObject(value);
      if (typeof part?.text === 'string') writer.text(part.text);
      else if (part?.type === 'thinking')
        for (const thought of asArray(part.thinking)) {
          const text = asObject(thought)?.text;
          if (typeof text === 'string') writer.reasoning(text);
        }
    }
  };

  const refuseAfterFinish = (isContent: boolean): void => {
    if (isContent && finish !== null) throw writer.error('malformed', 'sent content after the end of its answer');
  };

  /** `message` of a whole answer has the fields of a delta. */
  const readDelta = (delta: JsonObject, choice: JsonObject): void => {
    const { content, refusal } = delta;
    const reasoning = delta.reasoning_content ?? delta.reasoning;
    const toolCalls = delta.tool_calls;
    const logprobs = choice.logprobs == null ? undefined : chatLogprobsOf(choice.logprobs);
    if (finish !== null)
      refuseAfterFinish(
        (typeof content === 'string' && content !== '') ||
          (typeof reasoning === 'string' && reasoning !== '') ||
          (Array.isArray(toolCalls) && toolCalls.length > 0),
      );
    if (typeof reasoning === 'string') writer.reasoning(reasoning);
    if (typeof content === 'string') writer.text(content, logprobs);
    else if (Array.isArray(content)) readParts(content);
    else if (logprobs !== undefined) writer.text('', logprobs);
    if (typeof refusal === 'string') writer.text(refusal);
    if (Array.isArray(toolCalls)) calls.read(toolCalls);
  };

  const readChoice = (choice: JsonObject): void => {
    // One answer was asked for; a second one would be mixed into it.
    if (typeof choice.index === 'number' && choice.index !== 0)
      throw writer.error('malformed', 'sent more than one answer where one was asked for');
    if (choice.error != null) throw errorInside(choice.error, writer.errorContext);
    if (isChat) {
      const delta = asObject(choice.delta ?? choice.message);
      if (delta !== null) readDelta(delta, choice);
    } else if (typeof choice.text === 'string') {
      refuseAfterFinish(choice.text !== '');
      writer.text(choice.text, choice.logprobs == null ? undefined : completionLogprobsOf(choice.logprobs));
    }
    readFinish(choice.finish_reason);
  };

  const readChunk = (chunk: JsonObject): void => {
    if (chunk.error != null) throw errorInside(chunk.error, writer.errorContext);
    if (chunk.object === 'error') throw errorInside(chunk, writer.errorContext);
    if (chunk.usage != null) readUsage(chunk.usage, writer);
    if (chunk.spillway != null) extras = { ...extras, ...readExtras(chunk.spillway) };
    // Proxies that lose their upstream have been seen to go on with another generation in the same stream.
    if (chunk.id !== answerId) {
      if (writer.started && asObject(asObject(asArray(chunk.choices)[0])?.delta)?.role !== undefined)
        throw writer.error('malformed', 'began another answer inside its stream');
      answerId = chunk.id;
    }
    const choices = chunk.choices;
    if (!Array.isArray(choices)) {
      if (chunk.usage == null) throw writer.error('malformed', 'sent JSON that is no part of an answer');
      return;
    }
    for (const value of choices) {
      const choice = asObject(value);
      if (choice === null) throw writer.error('malformed', 'sent a choice that is no object');
      readChoice(choice);
    }
  };

  const parser = createSseParser({
    maxEventBytes: context.maxEventBytes,
    tooLarge: (limitBytes) => writer.error('oversized', `sent an event of more than ${limitBytes} bytes, the limit`),
    onEvent: (_, data) => {
      if (writer.ended || data === '') return;
      writer.sawEvent = true;
      if (data === '[DONE]') {
        if (finish === null) throw writer.cutShort('a finish reason');
        writer.end(finish, extras);
        return;
      }
      const text = finish === null ? template.match(data) : null;
      if (text !== null) {
        writer.text(text);
        return;
      }
      const chunk = parseObject(data);
      if (chunk === null) throw writer.error('malformed', 'sent an event that is no JSON object');
      readChunk(chunk);
      if (saysOnlyText(chunk, isChat)) template.learn(data, chunk);
    },
  });

  return {
    push(bytes, out) {
      writer.out = out;
      parser.push(bytes);
    },
    finish() {
      if (!writer.ended) throw writer.cutShort('[DONE]');
    },
    whole(body, out: ChatEvent[]) {
      writer.out = out;
      const answer = parseObjectBytes(body);
      if (answer === null) throw writer.error('malformed', 'sent an answer that is no JSON object');
      readChunk(answer);
      if (finish === null) throw writer.error('truncated', 'sent an answer without a finish reason');
      writer.end(finish, extras);
    },
  };
};
