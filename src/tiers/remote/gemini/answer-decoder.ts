/**
 * Answers of Gemini's generateContent, streamed (`alt=sse`) or whole: both have the same shape. Source:
 * ai.google.dev/api/generate-content#v1beta.GenerateContentResponse.
 *
 * The stream has no end mark: it is whole when a finish reason came and then the bytes ended in order.
 */
import type { TokenLogprob, TokenLogprobs } from '../../../engine/engine.js';
import type { ChatEvent, ChatFinishReason } from '../../tier.js';
import { AnswerWriter, newCallId } from '../answer-writer.js';
import { errorInside } from '../provider-error.js';
import { createSseParser } from '../sse-parser.js';
import type { AnswerDecoder, DecoderContext } from '../wire-codec.js';
import { asArray, asCount, asObject, asText, type JsonObject, parseObject, parseObjectBytes } from '../wire-json.js';

/** Reasons that end an answer; the others (a malformed call, for one) are failures. */
const finishReasons: Readonly<Record<string, ChatFinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  LANGUAGE: 'content-filter',
};

const utf8 = new TextEncoder();

const tokenOf = (value: unknown): TokenLogprob => {
  const fields = asObject(value);
  const text = asText(fields?.token);
  const logprob = fields?.logProbability;
  return {
    token: asCount(fields?.tokenId) ?? -1,
    text,
    bytes: [...utf8.encode(text)],
    logprob: typeof logprob === 'number' ? logprob : Number.NEGATIVE_INFINITY,
  };
};

const logprobsOf = (value: unknown): readonly TokenLogprobs[] | undefined => {
  const result = asObject(value);
  const chosen = asArray(result?.chosenCandidates);
  if (chosen.length === 0) return undefined;
  const top = asArray(result?.topCandidates);
  return chosen.map((token, index) => ({
    ...tokenOf(token),
    top: asArray(asObject(top[index])?.candidates).map(tokenOf),
  }));
};

export const createGeminiDecoder = (context: DecoderContext): AnswerDecoder => {
  const writer = new AnswerWriter(context);
  let responseId: string | null = null;
  let finish: ChatFinishReason | null = null;

  const readUsage = (value: unknown): void => {
    const fields = asObject(value);
    if (fields === null) return;
    const { usage } = writer;
    usage.promptTokens = asCount(fields.promptTokenCount) ?? usage.promptTokens;
    usage.cachedTokens = asCount(fields.cachedContentTokenCount) ?? usage.cachedTokens;
    const thoughts = asCount(fields.thoughtsTokenCount);
    const candidates = asCount(fields.candidatesTokenCount);
    usage.reasoningTokens = thoughts ?? usage.reasoningTokens;
    if (thoughts !== null || candidates !== null) usage.completionTokens = (thoughts ?? 0) + (candidates ?? 0);
  };

  const readPart = (part: JsonObject, logprobs: readonly TokenLogprobs[] | undefined): void => {
    if (finish !== null && (asText(part.text) !== '' || part.functionCall != null))
      throw writer.error('malformed', 'sent content after the end of its answer');
    if (typeof part.text === 'string') {
      if (part.thought === true) writer.reasoning(part.text);
      else writer.text(part.text, logprobs);
    }
    const call = asObject(part.functionCall);
    if (call === null) return;
    const name = asText(call.name);
    if (name === '') throw writer.error('malformed', 'sent a function call without a name');
    const id = asText(call.id);
    writer.openCall({ id: id === '' ? newCallId() : id, name, arguments: JSON.stringify(asObject(call.args) ?? {}) });
  };

  const readFinish = (reason: unknown): void => {
    if (typeof reason !== 'string' || reason === 'FINISH_REASON_UNSPECIFIED') return;
    const known = Object.hasOwn(finishReasons, reason) ? finishReasons[reason]! : null;
    if (known === null)
      throw writer.error('provider-failed', 'ended its answer with a finish reason that is no whole end');
    finish ??= known;
  };

  const readResponse = (response: JsonObject): void => {
    if (response.error != null) throw errorInside(response.error, writer.errorContext);
    const id = asText(response.responseId);
    if (id !== '') {
      if (responseId !== null && responseId !== id)
        throw writer.error('malformed', 'began another answer inside its stream');
      responseId = id;
    }
    readUsage(response.usageMetadata);
    const candidates = asArray(response.candidates);
    // A prompt that was blocked has no candidates, only the feedback.
    if (candidates.length === 0 && asObject(response.promptFeedback)?.blockReason != null) finish ??= 'content-filter';
    for (const value of candidates) {
      const candidate = asObject(value);
      if (candidate === null || (asCount(candidate.index) ?? 0) !== 0)
        throw writer.error('malformed', 'sent more than one answer where one was asked for');
      let logprobs = candidate.logprobsResult == null ? undefined : logprobsOf(candidate.logprobsResult);
      for (const part of asArray(asObject(candidate.content)?.parts)) {
        const fields = asObject(part);
        if (fields === null) continue;
        readPart(fields, logprobs);
        // They are of the whole chunk, which rarely has a second text.
        if (typeof fields.text === 'string' && fields.thought !== true) logprobs = undefined;
      }
      readFinish(candidate.finishReason);
    }
  };

  const parser = createSseParser({
    maxEventBytes: context.maxEventBytes,
    tooLarge: (limitBytes) => writer.error('oversized', `sent an event of more than ${limitBytes} bytes, the limit`),
    onEvent: (_, data) => {
      if (data === '') return;
      writer.sawEvent = true;
      const response = parseObject(data);
      if (response === null) throw writer.error('malformed', 'sent an event that is no JSON object');
      readResponse(response);
    },
  });

  return {
    push(bytes, out) {
      writer.out = out;
      parser.push(bytes);
    },
    finish(out) {
      writer.out = out;
      if (finish === null) throw writer.cutShort('a finish reason');
      writer.end(finish);
    },
    whole(body, out: ChatEvent[]) {
      writer.out = out;
      const response = parseObjectBytes(body);
      if (response === null) throw writer.error('malformed', 'sent an answer that is no JSON object');
      readResponse(response);
      if (finish === null) throw writer.error('truncated', 'sent an answer without a finish reason');
      writer.end(finish);
    },
  };
};
