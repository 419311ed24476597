/** The load generator and the fixed upstream as a side. */
import type { Server } from 'node:net';
import { createFixedUpstream } from '../gateway/fixed-upstream.js';
import { listenOnLoopback } from '../gateway/listen.js';
import type { LoadProtocol } from '../gateway/load-protocol.js';
import { runLoad } from '../gateway/run-load.js';
import { serveSide } from '../side-main.js';

let upstream: Server | undefined;

/**
 * Keeps its core awake while it asks: who writes to a virtual core that sleeps pays for waking it, which is many times
 * what the write costs, and would be charged to whoever is measured.
 */
const awake = async <T>(action: () => Promise<T>): Promise<T> => {
  let isOver = false;
  const turn = (): void => {
    if (!isOver) setImmediate(turn);
  };
  turn();
  try {
    return await action();
  } finally {
    isOver = true;
  }
};

serveSide<LoadProtocol>(
  {
    listen: async (options) => {
      upstream = createFixedUpstream(options);
      return { url: await listenOnLoopback(upstream) };
    },
    load: (question) => awake(() => runLoad(question)),
  },
  () => {
    upstream?.close();
  },
);
