/**
 * An engine host that another process has (`host-relay.ts`), as if it were supervised here. Knows no way of sending.
 */

import type { EngineModelInfo } from './engine.js';
import { EngineError } from './engine-error.js';
import type { HostSupervisor, SupervisorEvents } from './host-supervisor.js';
import type { RelayCommand, RelayMessage } from './relay-protocol.js';

export interface RelayLink {
  send(command: RelayCommand): void;
  /** Called once. */
  onMessage(receive: (message: RelayMessage) => void): void;
}

/** Resolves when the host has its model. */
export const connectRelayedHost = async (link: RelayLink, events: SupervisorEvents): Promise<HostSupervisor> => {
  let info: EngineModelInfo | null = null;
  let isReady = false;
  let restarts = 0;
  let pid: number | undefined;
  let life = 0;
  const none = new Uint8Array(0);

  await new Promise<void>((resolve) => {
    link.onMessage((message) => {
      switch (message.type) {
        case 'ready':
          ({ info, restarts, pid, life } = message);
          isReady = true;
          resolve();
          events.ready();
          break;
        case 'message':
          events.message(message.message, message.binary ?? none);
          break;
        case 'lost': {
          const { code, message: text, details } = message.error;
          ({ life } = message);
          isReady = false;
          pid = undefined;
          events.lost(new EngineError(code, text, { details }));
          break;
        }
        default:
          message satisfies never;
      }
    });
    link.send({ type: 'attach' });
  });

  return {
    get info() {
      return info!;
    },
    get restarts() {
      return restarts;
    },
    get pid() {
      return pid;
    },
    get isReady() {
      return isReady;
    },
    send(command) {
      // What is asked of a host that was lost meanwhile must not reach the next one.
      if (isReady) link.send({ type: 'command', life, command });
    },
    // The host is the other process's to stop.
    stop: async () => undefined,
  };
};
