/** The load generator as a side. */
import type { LoadProtocol } from '../gateway/load-protocol.js';
import { runLoad } from '../gateway/run-load.js';
import { serveSide } from '../side-main.js';

serveSide<LoadProtocol>({ load: runLoad });
