/**
 * The machine that figures were taken on: what decides speed, and nothing that names a person, a host or a path.
 */
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { findBinaries, pinnedLlamaVersion } from '../src/llama/find-binaries.js';
import type { MachineFacts } from './bench.js';

export const readMachine = (now: Date = new Date()): MachineFacts => {
  const binaries = findBinaries();
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()}-${arch()}`,
    node: process.versions.node,
    llamaCpp: `${pinnedLlamaVersion} (${binaries.packageName} ${binaries.packageVersion})`,
    date: now.toISOString().slice(0, 10),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
};
