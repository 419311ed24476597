/**
 * Goes on with an answer that broke off: the request that lets another endpoint write on from the text so far, with that
 * text as the beginning of its assistant message. Send it with `continueFinal`. Null where the two halves could not be
 * one answer; then only a new answer is possible. Knows no endpoint.
 */
import type { ChatEvent, ChatRequest } from '../tier.js';

export interface ContinuationOptions {
  /** What was given to the client so far. */
  readonly events: readonly ChatEvent[];
  /** What the codec or tier of the next endpoint says of its model. */
  readonly canContinue: boolean;
}

/** Tokens that were certainly spent: no event of the tiers is less than one, but one may hold several. */
const spentTokens = (events: readonly ChatEvent[]): number =>
  events.filter((event) => event.type === 'text' && event.text !== '').length;

export const continuationOf = (request: ChatRequest, options: ContinuationOptions): ChatRequest | null => {
  const { events, canContinue } = options;
  if (!canContinue) return null;
  // Thoughts and calls have no place in a beginning that is text; an answer that ended needs none.
  if (events.some(({ type }) => type === 'reasoning' || type === 'tool-call' || type === 'end')) return null;
  const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
  // Templates and APIs trim the end of a message, so that the space would come twice.
  if (text === '' || /\s$/.test(text)) return null;
  // A grammar would begin anew in the middle; a forced call could not be reached any more.
  const { responseFormat, toolChoice } = request;
  if (responseFormat !== undefined && responseFormat.type !== 'text') return null;
  if (toolChoice === 'required' || typeof toolChoice === 'object') return null;
  // The request itself ends in an answer: nobody knows where that one ends and this one begins.
  if (request.messages.at(-1)?.role === 'assistant') return null;
  const maxTokens = request.maxTokens === undefined ? undefined : request.maxTokens - spentTokens(events);
  if (maxTokens !== undefined && maxTokens <= 0) return null;
  return {
    ...request,
    messages: [...request.messages, { role: 'assistant', content: text }],
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
};
