/**
 * Tool calls out of the deltas of OpenAI's API. Servers differ in them: calls whole or in pieces, with and without an
 * index or an id, the id in the first delta or in each, all calls under index 0, an opening sent twice.
 */
import { type AnswerWriter, newCallId } from '../answer-writer.js';
import { asObject, asText } from '../wire-json.js';

interface OpenCall {
  readonly index: number;
  readonly name: string;
  readonly opening: string;
  /** Something came after the opening. */
  goesOn: boolean;
}

export interface ToolCallReader {
  /** Reads the `tool_calls` of one delta or message. */
  read(calls: readonly unknown[]): void;
}

export const createToolCallReader = (writer: AnswerWriter): ToolCallReader => {
  const byId = new Map<string, OpenCall>();
  /** The latest call of each index on the wire; of each place in the list where there is no index. */
  const byIndex = new Map<number, OpenCall>();

  const readCall = (value: unknown, position: number): void => {
    const call = asObject(value);
    const fields = asObject(call?.function);
    if (call === null || fields === null) throw writer.error('malformed', 'sent a tool call that is no function call');
    const id = asText(call.id);
    const name = asText(fields.name);
    const args = asText(fields.arguments);
    const wireIndex = typeof call.index === 'number' ? call.index : position;
    const current = id === '' ? byIndex.get(wireIndex) : byId.get(id);
    const isSame = current !== undefined && (name === '' || name === current.name);

    if (isSame) {
      const isRepeated = !current.goesOn && id !== '' && name !== '' && args === current.opening;
      if (isRepeated) return;
      current.goesOn = true;
      writer.callArguments(current.index, args);
      return;
    }
    if (name === '') throw writer.error('malformed', 'sent a part of a tool call that never began');
    const opened: OpenCall = {
      index: writer.openCall({ id: id === '' ? newCallId() : id, name, arguments: args }),
      name,
      opening: args,
      goesOn: false,
    };
    if (id !== '') byId.set(id, opened);
    byIndex.set(wireIndex, opened);
  };

  return {
    read: (calls) => {
      calls.forEach(readCall);
    },
  };
};
