/**
 * Memory that a new process may take here: what the system has available, within the limits of its control groups.
 *
 * Knows Linux (control groups v1 and v2), macOS and Windows; elsewhere it believes what the system calls free.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

export interface SystemMemory {
  readonly totalBytes: number;
  /** Free, or held by caches that give way. */
  readonly availableBytes: number;
}

/** Where the figures come from; replaced in tests. */
export interface MemorySources {
  readonly platform: NodeJS.Platform;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** A file's text, or null. */
  readonly read: (path: string) => string | null;
  /** Output of macOS's vm_stat, or null. */
  readonly vmStat: () => string | null;
}

const attempt = <T>(action: () => T): T | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

const realSources = (): MemorySources => ({
  platform: process.platform,
  totalBytes: totalmem(),
  freeBytes: freemem(),
  read: (path) => attempt(() => readFileSync(path, 'utf8')),
  vmStat: () =>
    attempt(() =>
      execFileSync('/usr/bin/vm_stat', { encoding: 'utf8', timeout: 2000, stdio: ['ignore', 'pipe', 'ignore'] }),
    ),
});

/** "no limit" is "max" in v2 and a number near 2^63 in v1. */
const unlimitedBytes = 2 ** 60;

const parseBytes = (text: string | null): number | null => {
  if (text === null || !/^\d+\s*$/.test(text)) return null;
  const value = Number(text);
  return value >= unlimitedBytes ? null : value;
};

const field = (text: string | null, pattern: RegExp): number | null => {
  const match = text === null ? null : pattern.exec(text);
  return match === null ? null : Number(match[1]);
};

/** "/a/b" -> "/a/b", "/a", "" (the root of the mount, where a container sees its own group). */
const withParents = (path: string): string[] => {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, kept) =>
    parts
      .slice(0, parts.length - kept)
      .map((part) => `/${part}`)
      .join(''),
  );
};

interface GroupFiles {
  readonly folder: string;
  readonly limits: readonly string[];
  readonly usage: string;
  readonly reclaimable: RegExp;
}

const groupFiles = (sources: MemorySources): GroupFiles[] =>
  (sources.read('/proc/self/cgroup') ?? '0::/').split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) return [];
    const controllers = match[1]!.split(',');
    if (match[1] === '')
      return withParents(match[2]!).map((path) => ({
        folder: `/sys/fs/cgroup${path}`,
        limits: ['memory.max', 'memory.high'],
        usage: 'memory.current',
        reclaimable: /^inactive_file (\d+)$/m,
      }));
    if (!controllers.includes('memory')) return [];
    return withParents(match[2]!).map((path) => ({
      folder: `/sys/fs/cgroup/memory${path}`,
      limits: ['memory.limit_in_bytes'],
      usage: 'memory.usage_in_bytes',
      reclaimable: /^total_inactive_file (\d+)$/m,
    }));
  });

/** The tightest of the groups that this process is in; page cache that gives way counts as available. */
const withinGroups = (sources: MemorySources, memory: SystemMemory): SystemMemory => {
  let { totalBytes, availableBytes } = memory;
  for (const { folder, limits, usage, reclaimable } of groupFiles(sources)) {
    const limit = Math.min(
      ...limits.map((name) => parseBytes(sources.read(`${folder}/${name}`)) ?? Number.POSITIVE_INFINITY),
    );
    if (limit === Number.POSITIVE_INFINITY) continue;
    totalBytes = Math.min(totalBytes, limit);
    const used = parseBytes(sources.read(`${folder}/${usage}`)) ?? 0;
    const cache = field(sources.read(`${folder}/memory.stat`), reclaimable) ?? 0;
    availableBytes = Math.min(availableBytes, Math.max(0, limit - Math.max(0, used - cache)));
  }
  return { totalBytes, availableBytes };
};

const linuxMemory = (sources: MemorySources): SystemMemory => {
  const available = field(sources.read('/proc/meminfo'), /^MemAvailable:\s+(\d+) kB$/m);
  return withinGroups(sources, {
    totalBytes: sources.totalBytes,
    availableBytes: available === null ? sources.freeBytes : available * 1024,
  });
};

/** macOS keeps few pages free; inactive, speculative and purgeable ones are given to who asks. */
const macMemory = (sources: MemorySources): SystemMemory => {
  const text = sources.vmStat();
  const pageBytes = field(text, /page size of (\d+) bytes/);
  const pages = ['free', 'inactive', 'speculative', 'purgeable'].map((kind) =>
    field(text, new RegExp(`^Pages ${kind}:\\s+(\\d+)\\.`, 'm')),
  );
  const available =
    pageBytes === null ? sources.freeBytes : pageBytes * pages.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return {
    totalBytes: sources.totalBytes,
    availableBytes: Math.min(sources.totalBytes, Math.max(available, sources.freeBytes)),
  };
};

export const systemMemory = (sources: MemorySources = realSources()): SystemMemory => {
  if (sources.platform === 'linux') return linuxMemory(sources);
  if (sources.platform === 'darwin') return macMemory(sources);
  return { totalBytes: sources.totalBytes, availableBytes: sources.freeBytes };
};

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 1536 -> "1.5 KiB"; whole below a KiB. */
export const formatBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  // 1023.95 would print as "1024.0".
  for (; value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
};
