/**
 * Question: how many streamed tokens a second pass through Spillway, each parsed, counted and written again, against a
 * proxy that passes bytes on?
 *
 * Ceiling: the bare proxy on node:http. The upstream writes each token by itself, all streams in turn, as fast as they
 * are read; so whoever falls behind finds several tokens in one read. The bare proxy passes them on as they are; Spillway
 * puts texts that came together into one event.
 */
import type { Bench } from './bench.js';
import { compareGateways } from './gateway/compare-gateways.js';
import { processorNote, rowsAgainst } from './gateway/gateway-rows.js';
import { chatLoad } from './gateway/gateway-sides.js';

const streams = [32, 256] as const;
const tokens = 128;

export const gatewayStreams: Bench = {
  name: 'gateway-streams',
  question: 'Streamed tokens/s through Spillway against a proxy that passes bytes on',
  ceiling: 'The bare proxy: bytes in and out on node:http, nothing else, one process on one core',
  run: (settings) =>
    compareGateways(
      {
        tokens,
        // Portkey answers 500 to many streams at once.
        peers: false,
        warmUp: (side) => chatLoad(side, { tokens, connections: 32, seconds: settings.quick ? 1 : 4 }),
        cases: streams.map((count) => ({
          name: `${count} streams`,
          load: (side) => chatLoad(side, { tokens, connections: count, requests: settings.quick ? count : 1024 }),
        })),
        rows: (figures) =>
          figures.flatMap((one, index) =>
            rowsAgainst({
              what: `${streams[index]} streams of ${tokens} tokens`,
              unit: 'tokens/s',
              figures: one,
              figureOf: ({ requests, seconds }) => (requests * tokens) / seconds,
              targets: streams[index] === 256 ? { 'bare proxy': { on: 'ratio', bound: 'at-least', value: 0.7 } } : {},
            }),
          ),
        notes: (figures) =>
          figures.map((one, index) =>
            processorNote(`${streams[index]} streams`, one, { name: 'token', count: tokens }),
          ),
      },
      settings,
    ),
};
