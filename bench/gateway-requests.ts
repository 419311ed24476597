/**
 * Question: how many whole answers a second pass through Spillway, with key, policy, budget, reservation, settlement and
 * signed receipt, against a proxy that does nothing, and against other gateways?
 *
 * Ceiling: the bare proxy on node:http: two HTTP messages parsed and two written for each request, on one core. nginx
 * shows what the same costs without JavaScript.
 */
import type { Bench } from './bench.js';
import { compareGateways } from './gateway/compare-gateways.js';
import { processorNote, rowsAgainst } from './gateway/gateway-rows.js';
import { chatLoad } from './gateway/gateway-sides.js';

const connections = [32, 256] as const;

export const gatewayRequests: Bench = {
  name: 'gateway-requests',
  question: 'Requests/s through Spillway with key, policy, budget and receipt against other gateways',
  ceiling: 'The bare proxy: HTTP in and out on node:http, nothing else, one process on one core',
  run: (settings) =>
    compareGateways(
      {
        tokens: 1,
        peers: true,
        warmUp: (side) => chatLoad(side, { connections: 32, seconds: settings.quick ? 1 : 5 }),
        cases: connections.map((count) => ({
          name: `${count} connections`,
          load: (side) => chatLoad(side, { connections: count, seconds: settings.quick ? 1 : 3 }),
        })),
        rows: (figures) =>
          figures.flatMap((one, index) =>
            rowsAgainst({
              what: `${connections[index]} connections`,
              unit: 'requests/s',
              figures: one,
              figureOf: ({ requests, seconds }) => requests / seconds,
              targets:
                connections[index] === 32
                  ? {
                      'bare proxy': { on: 'ratio', bound: 'at-least', value: 0.6 },
                      Portkey: { on: 'ratio', bound: 'at-least', value: 8 },
                    }
                  : {},
            }),
          ),
        notes: (figures) => [
          'Each gateway has one core for itself; what asks and what answers behind it share the other.',
          ...figures.map((one, index) => processorNote(`${connections[index]} connections`, one)),
        ],
      },
      settings,
    ),
};
