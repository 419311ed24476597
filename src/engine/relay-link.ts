/**
 * The way between a process that has engine hosts and one that shares them: frames over one channel, each with the name
 * of its model.
 */
import type { Duplex } from 'node:stream';
import { createFrameReader, encodeFrame } from './host/frames.js';
import type { HostRelay, RelayClient } from './host-relay.js';
import type { RelayCommand, RelayMessage } from './relay-protocol.js';
import type { RelayLink } from './relayed-host.js';

interface ToHost {
  readonly model: string;
  readonly command: RelayCommand;
}

/** The bytes of a message travel beside it. */
interface FromHost {
  readonly model: string;
  readonly message: RelayMessage;
}

/** Serves the hosts over a channel until it is closed; returns what ends it at once, with all that was asked over it. */
export const serveHosts = (channel: Duplex, hosts: ReadonlyMap<string, HostRelay>): (() => void) => {
  const clients = new Map<string, RelayClient>();
  for (const [model, host] of hosts)
    clients.set(
      model,
      host.attach((message) => {
        if (!channel.writable) return;
        if (message.type !== 'message' || message.binary === null) {
          channel.write(encodeFrame({ model, message } satisfies FromHost));
          return;
        }
        const { binary, ...rest } = message;
        channel.write(encodeFrame({ model, message: { ...rest, binary: null } } satisfies FromHost, binary));
      }),
    );
  const read = createFrameReader((frame) => {
    const { model, command } = frame as ToHost;
    clients.get(model)?.receive(command);
  });
  const detach = (): void => {
    for (const client of clients.values()) client.detach();
    clients.clear();
  };
  channel.on('data', read);
  channel.on('close', detach);
  // The end of the process at its other end tells what there is to tell.
  channel.on('error', () => undefined);
  return detach;
};

/** Leads to the hosts at the other end of a channel, by model. */
export const linkHosts = (channel: Duplex): ((model: string) => RelayLink) => {
  const receivers = new Map<string, (message: RelayMessage) => void>();
  const read = createFrameReader((frame, binary) => {
    const { model, message } = frame as FromHost;
    receivers.get(model)?.(message.type === 'message' && binary.length > 0 ? { ...message, binary } : message);
  });
  channel.on('data', read);
  channel.on('error', () => undefined);
  return (model) => ({
    send: (command) => {
      if (channel.writable) channel.write(encodeFrame({ model, command } satisfies ToHost));
    },
    onMessage: (receive) => void receivers.set(model, receive),
  });
};
