/**
 * Runs a parser over an answer as it streams in and collects what each piece of text gave.
 *
 * Knows generators and sinks; the formats know what the text means.
 */
import type { AnswerSink, CallSink } from './chat-format.js';
import { createTextInput, type Parsing, type TextInput } from './text-input.js';

export type AnswerDelta =
  | {
      readonly type: 'text';
      readonly text: string;
      /** Where the text stands in the whole answer, in UTF-16 units. */
      readonly from: number;
      readonly to: number;
    }
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'tool-call';
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly argumentsDelta: string;
    };

export interface AnswerParser {
  /** What the text so far gives beyond what was given before. */
  push(text: string): readonly AnswerDelta[];
  end(): readonly AnswerDelta[];
  /** Calls begun so far. */
  readonly callCount: number;
}

export const createAnswerParser = (
  parse: (input: TextInput, sink: AnswerSink) => Parsing,
  options: { readonly newCallId: () => string },
): AnswerParser => {
  const input = createTextInput();
  let deltas: AnswerDelta[] = [];
  let callCount = 0;

  const sink: AnswerSink = {
    text(text) {
      if (text === '') return;
      const to = input.position;
      const last = deltas.at(-1);
      if (last?.type === 'text') deltas[deltas.length - 1] = { ...last, text: last.text + text, to };
      else deltas.push({ type: 'text', text, from: to - text.length, to });
    },
    reasoning(text) {
      if (text === '') return;
      const last = deltas.at(-1);
      if (last?.type === 'reasoning') deltas[deltas.length - 1] = { ...last, text: last.text + text };
      else deltas.push({ type: 'reasoning', text });
    },
    call(name, id): CallSink {
      const index = callCount++;
      deltas.push({ type: 'tool-call', index, id: id ?? options.newCallId(), name, argumentsDelta: '' });
      return {
        append(json) {
          if (json === '') return;
          const last = deltas.at(-1);
          if (last?.type === 'tool-call' && last.index === index)
            deltas[deltas.length - 1] = { ...last, argumentsDelta: last.argumentsDelta + json };
          else deltas.push({ type: 'tool-call', index, argumentsDelta: json });
        },
      };
    },
  };
  const parsing = parse(input, sink);
  let isDone = parsing.next().done === true;

  const advance = (): readonly AnswerDelta[] => {
    if (!isDone) isDone = parsing.next().done === true;
    // A parser that stopped early leaves the rest as it is: nothing that the model wrote gets lost.
    if (isDone && input.rest !== '') sink.text(input.take(input.rest.length));
    const given = deltas;
    deltas = [];
    return given;
  };
  return {
    push(text) {
      if (text === '') return [];
      input.push(text);
      return advance();
    },
    end() {
      input.end();
      return advance();
    },
    get callCount() {
      return callCount;
    },
  };
};
