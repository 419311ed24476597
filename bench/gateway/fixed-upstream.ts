/**
 * An endpoint that speaks OpenAI's chat API and always says the same: a short answer, or a stream of so many tokens,
 * each an event and a write of its own. Streams take turns, a token each, as those of an engine's steps do.
 */
import { createServer, type Server, type Socket } from 'node:net';

export const upstreamModel = 'fixed';
/** What a streamed token says. */
export const tokenText = ' token';

const answer = 'The capital of Peru is Lima, on the Pacific coast.';
const usage = { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 };

const wholeAnswer = (): Buffer => {
  const body = JSON.stringify({
    id: 'chatcmpl-fixed',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: upstreamModel,
    choices: [{ index: 0, message: { role: 'assistant', content: answer }, logprobs: null, finish_reason: 'stop' }],
    usage,
  });
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

const modelList = (): Buffer => {
  const body = JSON.stringify({ object: 'list', data: [{ id: upstreamModel, object: 'model', owned_by: 'bench' }] });
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

const chunk = (delta: object, rest: object = {}): string => {
  const event = `data: ${JSON.stringify({
    id: 'chatcmpl-fixed',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: upstreamModel,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...rest }],
  })}\n\n`;
  return `${event.length.toString(16)}\r\n${event}\r\n`;
};

const streamHead = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${chunk({ role: 'assistant', content: '' })}`,
);

const streamEnd = (): Buffer => {
  const last = `data: ${JSON.stringify({
    id: 'chatcmpl-fixed',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: upstreamModel,
    choices: [],
    usage,
  })}\n\ndata: [DONE]\n\n`;
  return Buffer.from(`${chunk({}, { finish_reason: 'stop' })}${last.length.toString(16)}\r\n${last}\r\n0\r\n\r\n`);
};

export interface FixedUpstreamOptions {
  /** Of a streamed answer. */
  readonly tokens: number;
}

interface Streaming {
  readonly socket: Socket;
  left: number;
}

/** A server that listens nowhere yet. Takes requests one after the other on a connection, bodies with a length. */
export const createFixedUpstream = ({ tokens }: FixedUpstreamOptions): Server => {
  const whole = wholeAnswer();
  const models = modelList();
  const token = Buffer.from(chunk({ content: tokenText }));
  const end = streamEnd();
  const streaming: Streaming[] = [];
  let scheduled = false;

  const turn = (): void => {
    scheduled = false;
    for (let index = streaming.length - 1; index >= 0; index--) {
      const stream = streaming[index]!;
      const { socket } = stream;
      // Who reads slowly is not written to: the same as an engine that waits for its client.
      if (socket.destroyed) streaming.splice(index, 1);
      else if (!socket.writableNeedDrain) {
        if (stream.left-- > 0) socket.write(token);
        else {
          socket.write(end);
          streaming.splice(index, 1);
        }
      }
    }
    schedule();
  };
  const schedule = (): void => {
    if (scheduled || streaming.length === 0) return;
    scheduled = true;
    setImmediate(turn);
  };

  return createServer({ noDelay: true }, (socket) => {
    let pending: Buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      for (;;) {
        const headEnd = pending.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const head = pending.toString('latin1', 0, headEnd);
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        const whereEnds = headEnd + 4 + length;
        if (pending.length < whereEnds) return;
        const body = pending.subarray(headEnd + 4, whereEnds);
        pending = pending.subarray(whereEnds);
        if (head.startsWith('GET')) socket.write(models);
        else if (body.includes('"stream":true')) {
          socket.write(streamHead);
          streaming.push({ socket, left: tokens });
          schedule();
        } else socket.write(whole);
      }
    });
  });
};
