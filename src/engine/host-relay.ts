/**
 * One engine host for several processes: gives each of them the host's messages for its own requests. Its siblings on the
 * other side are `relayed-host.ts`, one in each process.
 *
 * Numbers requests anew, because each process counts for itself. Knows nothing of what is in them, and no way of sending.
 */
import { EngineError } from './engine-error.js';
import type { HostCommand, HostMessage, HostOptions, WireEvent, WireStats } from './host/protocol.js';
import { startSupervisor } from './host-supervisor.js';
import type { RelayCommand, RelayMessage } from './relay-protocol.js';

/** One process that shares the host. */
export interface RelayClient {
  receive(command: RelayCommand): void;
  /** It is gone: what it asked for is cancelled. */
  detach(): void;
}

export interface HostRelay {
  attach(send: (message: RelayMessage) => void): RelayClient;
  readonly pid: number | undefined;
  stop(graceMs: number): Promise<void>;
}

/** Those without a request running hear of the host's counters this often while it works. */
const statsEveryMs = 100;

interface Client {
  readonly send: (message: RelayMessage) => void;
  /** By the number that the client gave it: the number that the host knows. */
  readonly numbers: Map<number, number>;
}

interface Asked {
  readonly client: Client;
  readonly id: number;
}

/** Starts the host and loads the model; rejects with EngineError when it cannot be. */
export const startHostRelay = async (
  options: HostOptions,
  settings: { readonly program?: string } = {},
): Promise<HostRelay> => {
  const clients = new Set<Client>();
  /** By the number that the host knows. */
  const asked = new Map<number, Asked>();
  let nextNumber = 1;
  let life = 0;
  let latest: WireStats | null = null;
  let statsTimer: NodeJS.Timeout | null = null;

  const forget = (number: number): void => {
    const one = asked.get(number);
    asked.delete(number);
    one?.client.numbers.delete(one.id);
  };

  const tellStats = (): void => {
    statsTimer = null;
    if (latest === null) return;
    const message: HostMessage = { type: 'step', events: [], stats: latest };
    for (const client of clients) client.send({ type: 'message', message, binary: null });
  };

  const passStep = (events: readonly WireEvent[], stats: WireStats): void => {
    latest = stats;
    const byClient = new Map<Client, WireEvent[]>();
    for (const event of events) {
      const one = asked.get(event[1]);
      if (one === undefined) continue;
      const renamed = event.with(1, one.id) as unknown as WireEvent;
      const own = byClient.get(one.client);
      if (own === undefined) byClient.set(one.client, [renamed]);
      else own.push(renamed);
      if (event[0] === 'end' || event[0] === 'error') forget(event[1]);
    }
    for (const [client, own] of byClient)
      client.send({ type: 'message', message: { type: 'step', events: own, stats }, binary: null });
    // The last word of a busy time reaches everybody, too.
    if (clients.size > 1) statsTimer ??= setTimeout(tellStats, statsEveryMs).unref();
  };

  const passAnswer = (message: Extract<HostMessage, { readonly id: number }>, binary: Uint8Array): void => {
    const one = asked.get(message.id);
    if (one === undefined) return;
    forget(message.id);
    const hasBinary = message.type === 'vectors';
    one.client.send({
      type: 'message',
      message: { ...message, id: one.id },
      // A copy: the bytes lie in a buffer that is read into again.
      binary: hasBinary ? new Uint8Array(binary) : null,
    });
  };

  const readyMessage = (): RelayMessage => {
    const { info, restarts, pid } = supervisor;
    return { type: 'ready', life, info, restarts, pid };
  };

  const supervisor = await startSupervisor(
    options,
    {
      ready() {
        // The first time there is nobody yet.
        for (const client of clients) client.send(readyMessage());
      },
      message(message, binary) {
        if (message.type === 'step') passStep(message.events, message.stats);
        else if ('id' in message) passAnswer(message, binary);
      },
      lost({ code, message, details }) {
        life++;
        latest = null;
        for (const client of clients) {
          client.numbers.clear();
          client.send({ type: 'lost', life, error: { code, message, details } });
        }
        asked.clear();
      },
    },
    settings,
  );

  const run = (client: Client, command: HostCommand): void => {
    switch (command.type) {
      case 'generate':
      case 'embed':
      case 'tokenize':
      case 'detokenize': {
        const number = nextNumber++;
        asked.set(number, { client, id: command.id });
        client.numbers.set(command.id, number);
        supervisor.send({ ...command, id: number });
        return;
      }
      case 'cancel': {
        const number = client.numbers.get(command.id);
        if (number === undefined) return;
        forget(number);
        supervisor.send({ type: 'cancel', id: number });
        return;
      }
      case 'load':
      case 'exit':
        throw new EngineError(
          'unsupported',
          `A process that shares the host of ${options.name} cannot ${command.type} it`,
        );
      default:
        command satisfies never;
    }
  };

  return {
    attach(send) {
      const client: Client = { send, numbers: new Map() };
      return {
        receive(command) {
          if (command.type === 'attach') {
            clients.add(client);
            if (supervisor.isReady) send(readyMessage());
          } else if (command.life === life && supervisor.isReady) run(client, command.command);
        },
        detach() {
          clients.delete(client);
          for (const number of client.numbers.values()) {
            asked.delete(number);
            supervisor.send({ type: 'cancel', id: number });
          }
          client.numbers.clear();
        },
      };
    },
    get pid() {
      return supervisor.pid;
    },
    async stop(graceMs) {
      if (statsTimer !== null) clearTimeout(statsTimer);
      await supervisor.stop(graceMs);
    },
  };
};
