/**
 * The ceiling of a gateway on node:http: passes every request on as it is, and every piece of the answer back. Looks at
 * nothing.
 */
import { Agent, request as ask, createServer, type Server } from 'node:http';
import { listenOnLoopback } from '../gateway/listen.js';
import type { ProxyProtocol } from '../gateway/load-protocol.js';
import { serveSide } from '../side-main.js';

/** Milliseconds; as long as Spillway keeps them. */
const keepAliveTimeout = 75_000;

let server: Server | undefined;

const createProxy = (upstreamUrl: string): Server => {
  const { hostname, port } = new URL(upstreamUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return createServer({ keepAliveTimeout }, (request, response) => {
    const { method, url, headers } = request;
    const passed = ask({ agent, hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => {
      if (!response.writableFinished) passed.destroy();
    });
    request.pipe(passed);
  });
};

serveSide<ProxyProtocol>(
  {
    listen: async ({ upstreamUrl }) => {
      server = createProxy(upstreamUrl);
      return { url: await listenOnLoopback(server) };
    },
  },
  () => {
    server?.close();
    server?.closeAllConnections();
  },
);
