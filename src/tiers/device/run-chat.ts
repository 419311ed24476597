/**
 * Runs a planned chat on an engine and gives its events as the tier's: text, reasoning and calls told apart.
 *
 * Knows plans and engines; what the text means is the parser's business.
 */
import type { CallOptions, Engine, TokenLogprobs } from '../../engine/engine.js';
import type { ChatEvent, ChatFinishReason } from '../tier.js';
import type { ChatPlan } from './chat-plan.js';
import type { AnswerDelta } from './formats/answer-parser.js';

/** Leaving the iterator early cancels the request in the engine. */
export async function* runChat(engine: Engine, plan: ChatPlan, options: CallOptions = {}): AsyncGenerator<ChatEvent> {
  const { parser } = plan;
  /** Log-probabilities not given yet, with where their text stands in the answer. */
  let held: { readonly logprobs: readonly TokenLogprobs[]; readonly from: number; readonly to: number }[] = [];
  let length = 0;
  /** Tokens whose text gave nothing yet, and those that were thoughts: the marks around them too. */
  let openTokens = 0;
  let reasoningTokens = 0;
  const countThoughts = (deltas: readonly AnswerDelta[]): readonly AnswerDelta[] => {
    if (deltas[0]?.type === 'reasoning') reasoningTokens += openTokens;
    if (deltas.length > 0) openTokens = 0;
    return deltas;
  };
  const eventsOf = (deltas: readonly AnswerDelta[]): ChatEvent[] =>
    deltas.map((delta): ChatEvent => {
      if (delta.type !== 'text') return delta;
      const { type, text, from, to } = delta;
      const logprobs = held.filter((entry) => entry.from < to && entry.to > from).flatMap((entry) => entry.logprobs);
      held = held.filter((entry) => entry.from >= to);
      return { type, text, ...(logprobs.length === 0 ? {} : { logprobs }) };
    });

  for await (const event of engine.generate(plan.generate, options)) {
    switch (event.type) {
      case 'start':
        yield { type: 'start', promptTokens: event.promptTokens, cachedTokens: event.cachedTokens };
        break;
      case 'text':
        if (parser === null) {
          if (event.text === '' && event.logprobs === undefined) break;
          yield {
            type: 'text',
            text: event.text,
            ...(event.logprobs === undefined ? {} : { logprobs: event.logprobs }),
          };
        } else {
          const from = length;
          length += event.text.length;
          // A token without text of its own (half a character) counts with the place where it stands.
          if (event.logprobs !== undefined)
            held.push({ logprobs: event.logprobs, from, to: Math.max(length, from + 1) });
          openTokens += event.tokens.length;
          yield* eventsOf(countThoughts(parser.push(event.text)));
        }
        break;
      case 'first-token-logprobs':
        break;
      case 'end': {
        if (parser !== null) yield* eventsOf(countThoughts(parser.end()));
        const isCall = (parser?.callCount ?? 0) > 0;
        const reason: ChatFinishReason = event.reason === 'length' ? 'length' : isCall ? 'tool-calls' : 'stop';
        yield { type: 'end', reason, usage: event.usage, timings: event.timings, reasoningTokens };
        break;
      }
      default:
        event satisfies never;
    }
  }
}
