/**
 * Memory that a new process may take here: what the system has available, within the control group's limit.
 */
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

export interface SystemMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

const readNumber = (path: string): number | null => {
  try {
    const value = Number(readFileSync(path, 'utf8').trim());
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
};

const linuxAvailable = (): number | null => {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
};

export const systemMemory = (): SystemMemory => {
  const available = linuxAvailable() ?? freemem();
  const limit = readNumber('/sys/fs/cgroup/memory.max');
  const used = readNumber('/sys/fs/cgroup/memory.current');
  const totalBytes = Math.min(totalmem(), limit ?? Number.POSITIVE_INFINITY);
  if (limit === null || used === null) return { totalBytes, availableBytes: available };
  return { totalBytes, availableBytes: Math.max(0, Math.min(available, limit - used)) };
};

/** 1536 -> "1.5 KiB". */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};
