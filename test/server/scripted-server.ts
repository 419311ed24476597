/**
 * A listening server on a scripted tier, for tests with real clients: it calls the first tool when tools are offered
 * and a user spoke last, answers schemas with JSON, and repeats the user otherwise.
 */
import { EngineError } from '../../src/engine/engine-error.js';
import { createFakeTier, type FakeTier, fakeModel, say, startEvent } from '../../src/server/fake-tier.js';
import { createServer } from '../../src/server/server.js';
import type { ServerOptions } from '../../src/server/server-options.js';
import type { ChatEvent, ChatMessage, ChatRequest } from '../../src/tiers/tier.js';

const textOf = (message: ChatMessage | undefined): string => {
  const content = message?.content ?? '';
  return typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '')).join('');
};

const pieces = (text: string): string[] => text.match(/[\s\S]{1,4}/g) ?? [];

const argumentsPieces = ['{"pl', 'ace":"Os', 'lo"}'];

async function* forever(signal: AbortSignal): AsyncGenerator<ChatEvent> {
  yield startEvent();
  yield { type: 'text', text: 'and on' };
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

const answer = (request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent> => {
  const last = request.messages.at(-1);
  const text = textOf(last);
  if (text === 'go on forever') return forever(signal);
  if (text === 'break') {
    return (async function* () {
      yield startEvent();
      yield { type: 'text', text: 'half an ans' } as const;
      throw new EngineError('host-crashed', 'The engine host died');
    })();
  }
  if (text === 'think')
    return say([{ type: 'reasoning', text: 'let me ' }, { type: 'reasoning', text: 'think' }, 'thought']);
  const tool =
    typeof request.toolChoice === 'object'
      ? request.tools?.find((candidate) => candidate.name === (request.toolChoice as { name: string }).name)
      : request.tools?.[0];
  if (tool !== undefined && request.toolChoice !== 'none' && last?.role === 'user')
    return say(
      argumentsPieces.map((argumentsDelta, index) => ({
        type: 'tool-call',
        index: 0,
        argumentsDelta,
        ...(index === 0 ? { id: 'call_1', name: tool.name } : {}),
      })),
      'tool-calls',
    );
  if (request.responseFormat?.type === 'json-schema') return say(pieces('{"name":"Ada","age":36}'));
  if (last?.role === 'tool') return say(pieces(`It said ${text}`));
  return say(pieces(text), request.maxTokens === 1 ? 'length' : 'stop');
};

export interface ListeningServer {
  readonly tier: FakeTier;
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. */
export const listenScripted = async (options: Partial<ServerOptions> = {}): Promise<ListeningServer> => {
  const tier = createFakeTier({ chat: answer, models: [fakeModel('scripted'), fakeModel('second')] });
  const server = createServer({ tier, stats: () => ({}), host: '127.0.0.1', port: 0, ...options });
  const { url } = await server.listen();
  return { tier, url, close: server.close };
};
