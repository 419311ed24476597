/**
 * Puts the values back into an answer: into a text, into JSON, into a tier's events.
 *
 * Knows what an answer is made of; how placeholders are recognised is `placeholder-trie`'s matter.
 */
import type { ChatEvent } from '../../tier.js';
import { createJsonReader, createTextReader } from './json-units.js';
import { buildPlaceholderTrie } from './placeholder-trie.js';
import type { Placeholder } from './placeholders.js';
import type { AnswerForm, Restorer } from './redaction.js';
import { createUnitRestorer, type MatchedPlaceholder } from './restore-units.js';

const escaped = (value: string): string => JSON.stringify(value).slice(1, -1);

/** What stands in a placeholder's place, by where it stands. */
const replacement = ({ placeholder, form, inString }: MatchedPlaceholder, answer: AnswerForm): string => {
  const { text, value } = placeholder;
  if (form === 'quoted') return value;
  const shown = form === 'encoded' ? encodeURIComponent(value) : answer === 'text' ? text : value;
  if (answer === 'text') return shown;
  if (inString) return escaped(shown);
  // Outside a string only JSON may stand in arguments; an answer may be words after all.
  if (answer === 'json') return shown;
  return placeholder.isNumber ? value : JSON.stringify(shown);
};

export const createRestorer = (placeholders: readonly Placeholder[], answer: AnswerForm): Restorer => {
  if (placeholders.length === 0) return { push: (text) => text, flush: () => '' };
  const reader = answer === 'text' ? createTextReader() : createJsonReader();
  const restorer = createUnitRestorer(buildPlaceholderTrie(placeholders), (match) => replacement(match, answer));
  return {
    push: (text) => restorer.push(reader.push(text)),
    flush: () => restorer.push(reader.flush()) + restorer.flush(),
  };
};

export interface AnswerContext {
  readonly placeholders: readonly Placeholder[];
  /** Names and ids as they went out, to what they are. */
  readonly names: ReadonlyMap<string, string>;
  readonly answerForm: AnswerForm;
}

interface EventRestorer {
  push(event: ChatEvent): ChatEvent[];
  flush(): ChatEvent[];
}

const createEventRestorer = ({ placeholders, names, answerForm }: AnswerContext): EventRestorer => {
  const words = {
    text: createRestorer(placeholders, answerForm),
    reasoning: createRestorer(placeholders, 'text'),
  };
  const calls = new Map<number, Restorer>();
  const flushWords = (type: 'text' | 'reasoning'): ChatEvent[] => {
    const text = words[type].flush();
    return text === '' ? [] : [{ type, text }];
  };
  const flush = (): ChatEvent[] => [
    ...flushWords('reasoning'),
    ...flushWords('text'),
    ...[...calls].flatMap(([index, restorer]): ChatEvent[] => {
      const argumentsDelta = restorer.flush();
      return argumentsDelta === '' ? [] : [{ type: 'tool-call', index, argumentsDelta }];
    }),
  ];
  return {
    flush,
    push(event) {
      switch (event.type) {
        case 'start':
          return [event];
        case 'text':
          return [...flushWords('reasoning'), { ...event, text: words.text.push(event.text) }];
        case 'reasoning':
          return [...flushWords('text'), { ...event, text: words.reasoning.push(event.text) }];
        case 'tool-call': {
          const restorer = calls.get(event.index) ?? createRestorer(placeholders, 'arguments');
          calls.set(event.index, restorer);
          const name = event.name === undefined ? {} : { name: names.get(event.name) ?? event.name };
          const call = { ...event, ...name, argumentsDelta: restorer.push(event.argumentsDelta) };
          return [...flushWords('reasoning'), ...flushWords('text'), call];
        }
        case 'end':
          return [...flush(), event];
        default:
          return event satisfies never;
      }
    },
  };
};

/**
 * The events with the values back. Text and reasoning come in their order; what was held back of a call's arguments comes
 * before the end. A stream that breaks gives what it held before it throws. Log-probabilities stay those of the tokens
 * that the model wrote, placeholders and all.
 */
export const restoreEvents = async function* (
  events: AsyncIterable<ChatEvent>,
  context: AnswerContext,
): AsyncGenerator<ChatEvent> {
  const restorer = createEventRestorer(context);
  try {
    for await (const event of events) yield* restorer.push(event);
  } catch (error) {
    yield* restorer.flush();
    throw error;
  }
  yield* restorer.flush();
};
