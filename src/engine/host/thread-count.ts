/**
 * How many threads to compute with: the physical cores that this process may use.
 *
 * Hyper-threads share the units that matrix products keep busy, and ggml's threads wait for each other by spinning, so
 * more threads than cores make everything slower. Files are read through a function so that tests can say what is there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface MachineFiles {
  /** Text of a file, or null where there is none. */
  read(path: string): string | null;
  list(path: string): readonly string[];
}

const realFiles: MachineFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  list(path) {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
};

const processors = '/sys/devices/system/cpu';

/** Cores that have at least one processor; null where the kernel does not say. */
const physicalCores = (files: MachineFiles): number | null => {
  const siblings = new Set<string>();
  for (const name of files.list(processors)) {
    if (!/^cpu\d+$/.test(name)) continue;
    const list = files.read(`${processors}/${name}/topology/thread_siblings_list`);
    if (list !== null) siblings.add(list.trim());
  }
  return siblings.size === 0 ? null : siblings.size;
};

/** CPUs that the control group may use at once (`cpu.max`: quota and period in microseconds); null for no limit. */
const groupLimit = (files: MachineFiles): number | null => {
  const [quota, period] = (files.read('/sys/fs/cgroup/cpu.max') ?? 'max').trim().split(/\s+/);
  if (quota === undefined || quota === 'max' || period === undefined) return null;
  const limit = Number(quota) / Number(period);
  return Number.isFinite(limit) && limit > 0 ? Math.max(1, Math.ceil(limit)) : null;
};

/** At least 1. */
export const defaultThreads = (files: MachineFiles = realFiles, available: number = availableParallelism()): number =>
  Math.max(1, Math.min(available, physicalCores(files) ?? available, groupLimit(files) ?? available));
