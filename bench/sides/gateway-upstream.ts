/** The fixed upstream as a side. */
import type { Server } from 'node:net';
import { createFixedUpstream } from '../gateway/fixed-upstream.js';
import { listenOnLoopback } from '../gateway/listen.js';
import type { UpstreamProtocol } from '../gateway/load-protocol.js';
import { serveSide } from '../side-main.js';

let server: Server | undefined;

serveSide<UpstreamProtocol>(
  {
    listen: async (options) => {
      server = createFixedUpstream(options);
      return { url: await listenOnLoopback(server) };
    },
  },
  () => {
    server?.close();
  },
);
