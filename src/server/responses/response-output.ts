/**
 * Turns a tier's events into the output items of a response and, through a listener, into the events that a stream of
 * the Responses API shows on the way. Knows neither sockets nor the rest of the response.
 */
import type { TokenLogprobs } from '../../engine/engine.js';
import { chatLogprobs } from '../logprobs.js';
import type { ContentEvent } from '../run-choices.js';
import { newId } from '../server-context.js';
import { ServerError } from '../server-error.js';
import type { Item } from './items.js';

export type DeltaType =
  | 'response.output_text.delta'
  | 'response.reasoning_text.delta'
  | 'response.function_call_arguments.delta';

/** Hears what happens to the output, in the order of OpenAI's stream. */
export interface OutputListener {
  event(type: string, fields: object): void;
  /** The frequent ones; `logprobs` is already in wire shape. */
  delta(type: DeltaType, place: { readonly itemId: string; readonly outputIndex: number }, delta: Delta): void;
}

export interface Delta {
  readonly text: string;
  readonly logprobs?: readonly object[];
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface OpenItem {
  readonly kind: 'message' | 'reasoning' | 'call';
  readonly id: string;
  readonly outputIndex: number;
  text: string;
  readonly logprobs: object[];
  readonly call: { readonly index: number; readonly callId: string; readonly name: string } | null;
}

const outputText = (text: string, logprobs: readonly object[]) => ({
  type: 'output_text' as const,
  text,
  annotations: [],
  logprobs,
});

const itemOf = (open: OpenItem, status: ItemStatus): Item => {
  const { id, text } = open;
  const empty = status === 'in_progress';
  switch (open.kind) {
    case 'message':
      return {
        id,
        type: 'message',
        status,
        role: 'assistant',
        content: empty ? [] : [outputText(text, open.logprobs)],
      };
    case 'reasoning':
      return { id, type: 'reasoning', status, summary: [], content: empty ? [] : [{ type: 'reasoning_text', text }] };
    case 'call':
      return {
        id,
        type: 'function_call',
        status,
        call_id: open.call?.callId ?? '',
        name: open.call?.name ?? '',
        arguments: text,
      };
    default:
      return open.kind satisfies never;
  }
};

export interface ResponseOutput {
  add(event: ContentEvent): void;
  /** Closes the last item with this status and returns all; an answer without any gets an empty message. */
  finish(status: 'completed' | 'incomplete'): readonly Item[];
  /** What there is of an answer that broke off; its last item is closed as incomplete. */
  abandon(): readonly Item[];
}

export const createResponseOutput = (listener: OutputListener): ResponseOutput => {
  const items: Item[] = [];
  let open: OpenItem | null = null;

  const close = (status: ItemStatus): void => {
    if (open === null) return;
    const { id, outputIndex, text, logprobs } = open;
    const place = { item_id: id, output_index: outputIndex };
    const part = { ...place, content_index: 0 };
    switch (open.kind) {
      case 'message':
        listener.event('response.output_text.done', { ...part, text, logprobs });
        listener.event('response.content_part.done', { ...part, part: outputText(text, logprobs) });
        break;
      case 'reasoning':
        listener.event('response.reasoning_text.done', { ...part, text });
        listener.event('response.content_part.done', { ...part, part: { type: 'reasoning_text', text } });
        break;
      case 'call':
        listener.event('response.function_call_arguments.done', { ...place, name: open.call?.name, arguments: text });
        break;
      default:
        open.kind satisfies never;
    }
    const item = itemOf(open, status);
    items.push(item);
    listener.event('response.output_item.done', { output_index: outputIndex, item });
    open = null;
  };

  const begin = (kind: OpenItem['kind'], prefix: string, call: OpenItem['call'] = null): OpenItem => {
    close('completed');
    const begun: OpenItem = { kind, id: newId(prefix), outputIndex: items.length, text: '', logprobs: [], call };
    open = begun;
    const { id, outputIndex } = begun;
    listener.event('response.output_item.added', { output_index: outputIndex, item: itemOf(begun, 'in_progress') });
    if (kind !== 'call')
      listener.event('response.content_part.added', {
        item_id: id,
        output_index: outputIndex,
        content_index: 0,
        part: kind === 'message' ? outputText('', []) : { type: 'reasoning_text', text: '' },
      });
    return begun;
  };

  const addText = (text: string, logprobs: readonly TokenLogprobs[] | undefined): void => {
    if (text === '' && logprobs === undefined) return;
    const item = open?.kind === 'message' ? open : begin('message', 'msg_');
    item.text += text;
    const wire = logprobs === undefined ? undefined : chatLogprobs(logprobs);
    if (wire !== undefined) item.logprobs.push(...wire);
    listener.delta(
      'response.output_text.delta',
      { itemId: item.id, outputIndex: item.outputIndex },
      wire === undefined ? { text } : { text, logprobs: wire },
    );
  };

  const addReasoning = (text: string): void => {
    if (text === '') return;
    const item = open?.kind === 'reasoning' ? open : begin('reasoning', 'rs_');
    item.text += text;
    listener.delta('response.reasoning_text.delta', { itemId: item.id, outputIndex: item.outputIndex }, { text });
  };

  const addCall = (event: Extract<ContentEvent, { type: 'tool-call' }>): void => {
    let item = open;
    if (item?.kind !== 'call' || item.call?.index !== event.index) {
      if (event.id === undefined)
        throw new ServerError('internal', 'The answer cannot be followed: pieces of its tool calls are mixed');
      item = begin('call', 'fc_', { index: event.index, callId: event.id, name: event.name ?? '' });
    }
    if (event.argumentsDelta === '') return;
    item.text += event.argumentsDelta;
    listener.delta(
      'response.function_call_arguments.delta',
      { itemId: item.id, outputIndex: item.outputIndex },
      { text: event.argumentsDelta },
    );
  };

  const add = (event: ContentEvent): void => {
    switch (event.type) {
      case 'start':
        break;
      case 'text':
        addText(event.text, event.logprobs);
        break;
      case 'reasoning':
        addReasoning(event.text);
        break;
      case 'tool-call':
        addCall(event);
        break;
      default:
        event satisfies never;
    }
  };

  const finish = (status: 'completed' | 'incomplete'): readonly Item[] => {
    if (items.length === 0 && open === null) begin('message', 'msg_');
    close(status);
    return items;
  };
  const abandon = (): readonly Item[] => {
    close('incomplete');
    return items;
  };
  return { add, finish, abandon };
};
