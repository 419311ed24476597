/**
 * All benches, in the order in which they run and stand in the table.
 */
import { againstLlamaServer } from './against-llama-server.js';
import { againstNodeLlamaCpp } from './against-node-llama-cpp.js';
import type { Bench } from './bench.js';
import { engineDecode } from './engine-decode.js';
import { gatewayLatency } from './gateway-latency.js';
import { gatewayMemory } from './gateway-memory.js';
import { gatewayRequests } from './gateway-requests.js';
import { gatewayStreams } from './gateway-streams.js';
import { httpStreaming } from './http-streaming.js';
import { ledgerSettle } from './ledger-settle.js';
import { prefixTtft } from './prefix-ttft.js';
import { serverMemory } from './server-memory.js';
import { startToFirstToken } from './start-to-first-token.js';

export const benches: readonly Bench[] = [
  engineDecode,
  againstNodeLlamaCpp,
  againstLlamaServer,
  httpStreaming,
  prefixTtft,
  startToFirstToken,
  serverMemory,
  ledgerSettle,
  gatewayRequests,
  gatewayStreams,
  gatewayLatency,
  gatewayMemory,
];
