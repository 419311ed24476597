/**
 * The events of a streamed response as text, numbered, with the frequent ones serialised by hand.
 * Knows the wire form of events, not when they happen.
 */
import type { DeltaType, OutputListener } from './response-output.js';

export interface ResponseEvents extends OutputListener {
  /** An event outside of the output, such as `response.created`. */
  event(type: string, fields: object): void;
}

/** `write` gets whole server-sent events. */
export const createResponseEvents = (write: (text: string) => void): ResponseEvents => {
  let sequence = 0;
  let deltaOpen = '';
  let deltaOpenFor = '';

  const event = (type: string, fields: object): void => {
    write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`);
  };

  const openOf = (type: DeltaType, place: { readonly itemId: string; readonly outputIndex: number }): string => {
    if (deltaOpenFor === place.itemId) return deltaOpen;
    deltaOpenFor = place.itemId;
    const content = type === 'response.function_call_arguments.delta' ? '' : '"content_index":0,';
    deltaOpen = `event: ${type}\ndata: {"type":"${type}","item_id":"${place.itemId}","output_index":${place.outputIndex},${content}"delta":`;
    return deltaOpen;
  };

  return {
    event,
    delta: (type, place, { text, logprobs }) => {
      const extra =
        type === 'response.output_text.delta'
          ? `,"logprobs":${logprobs === undefined ? '[]' : JSON.stringify(logprobs)}`
          : '';
      write(`${openOf(type, place)}${JSON.stringify(text)}${extra},"sequence_number":${sequence++}}\n\n`);
    },
  };
};
