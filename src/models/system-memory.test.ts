/** What is free, as each system tells it: recorded files, no real machine. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, type MemorySources, systemMemory } from './system-memory.js';

const GiB = 2 ** 30;

const linux = (files: Readonly<Record<string, string>>): MemorySources => ({
  platform: 'linux',
  totalBytes: 16 * GiB,
  freeBytes: GiB,
  read: (path) => files[path] ?? null,
  vmStat: () => null,
});

const meminfo = {
  '/proc/meminfo': 'MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\n',
};

describe('systemMemory on Linux', () => {
  it('counts memory that caches would give back', () => {
    expect(systemMemory(linux(meminfo))).toStrictEqual({ totalBytes: 16 * GiB, availableBytes: 8 * GiB });
  });

  it('falls back to what is free where /proc says nothing', () => {
    expect(systemMemory(linux({})).availableBytes).toBe(GiB);
  });

  it('stays within the limit of a container (control groups v2), without its page cache', () => {
    const files = {
      ...meminfo,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${4 * GiB}\n`,
      '/sys/fs/cgroup/memory.current': `${3 * GiB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon ${GiB}\ninactive_file ${2 * GiB}\nactive_file 0\n`,
    };
    expect(systemMemory(linux(files))).toStrictEqual({ totalBytes: 4 * GiB, availableBytes: 3 * GiB });
  });

  it('takes no limit for none', () => {
    const files = {
      ...meminfo,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': 'max\n',
      '/sys/fs/cgroup/memory.high': 'max\n',
      '/sys/fs/cgroup/memory.current': `${3 * GiB}\n`,
    };
    expect(systemMemory(linux(files))).toStrictEqual({ totalBytes: 16 * GiB, availableBytes: 8 * GiB });
  });

  it('takes the tightest of the groups above it, throttling limits included', () => {
    const files = {
      ...meminfo,
      '/proc/self/cgroup': '0::/user.slice/app.scope\n',
      '/sys/fs/cgroup/user.slice/app.scope/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/app.scope/memory.current': '1\n',
      '/sys/fs/cgroup/user.slice/memory.max': `${6 * GiB}\n`,
      '/sys/fs/cgroup/user.slice/memory.high': `${5 * GiB}\n`,
      '/sys/fs/cgroup/user.slice/memory.current': `${2 * GiB}\n`,
    };
    expect(systemMemory(linux(files))).toStrictEqual({ totalBytes: 5 * GiB, availableBytes: 3 * GiB });
  });

  it('finds the limit at the root when the path is the host’s', () => {
    const files = {
      ...meminfo,
      '/proc/self/cgroup': '0::/docker/0123456789abcdef\n',
      '/sys/fs/cgroup/memory.max': `${2 * GiB}\n`,
      '/sys/fs/cgroup/memory.current': '0\n',
    };
    expect(systemMemory(linux(files)).availableBytes).toBe(2 * GiB);
  });

  it('reads control groups v1, where no limit is a huge number', () => {
    const cgroup = { '/proc/self/cgroup': '12:cpu,cpuacct:/a\n5:memory:/docker/abc\n1:name=systemd:/x\n0::/y\n' };
    const limited = {
      ...meminfo,
      ...cgroup,
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${GiB}\n`,
      '/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': `${GiB / 2}\n`,
      '/sys/fs/cgroup/memory/docker/abc/memory.stat': `cache 5\ntotal_inactive_file ${GiB / 4}\n`,
    };
    expect(systemMemory(linux(limited))).toStrictEqual({ totalBytes: GiB, availableBytes: (3 * GiB) / 4 });
    const unlimited = {
      ...meminfo,
      ...cgroup,
      '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': `${GiB}\n`,
    };
    expect(systemMemory(linux(unlimited)).availableBytes).toBe(8 * GiB);
  });

  it('says 0, never less, when a group is over its limit', () => {
    const files = {
      ...meminfo,
      '/sys/fs/cgroup/memory.max': `${GiB}\n`,
      '/sys/fs/cgroup/memory.current': `${2 * GiB}\n`,
    };
    expect(systemMemory(linux(files)).availableBytes).toBe(0);
  });

  it('ignores files that hold no number', () => {
    const files = { ...meminfo, '/sys/fs/cgroup/memory.max': '\n', '/sys/fs/cgroup/memory.current': 'what' };
    expect(systemMemory(linux(files)).availableBytes).toBe(8 * GiB);
  });
});

describe('systemMemory elsewhere', () => {
  const vmStat = [
    'Mach Virtual Memory Statistics: (page size of 16384 bytes)',
    'Pages free:                               10000.',
    'Pages active:                            200000.',
    'Pages inactive:                          100000.',
    'Pages speculative:                         5000.',
    'Pages throttled:                              0.',
    'Pages wired down:                        100000.',
    'Pages purgeable:                           1000.',
  ].join('\n');
  const mac = { platform: 'darwin' as const, totalBytes: 8 * GiB, freeBytes: 10_000 * 16_384, read: () => null };

  it('counts what macOS gives to who asks', () => {
    const memory = systemMemory({ ...mac, vmStat: () => vmStat });
    expect(memory).toStrictEqual({ totalBytes: 8 * GiB, availableBytes: 116_000 * 16_384 });
  });

  it('believes what is free where vm_stat does not run, and on Windows', () => {
    expect(systemMemory({ ...mac, vmStat: () => null }).availableBytes).toBe(10_000 * 16_384);
    const windows = systemMemory({ ...mac, platform: 'win32', vmStat: () => vmStat });
    expect(windows).toStrictEqual({ totalBytes: 8 * GiB, availableBytes: 10_000 * 16_384 });
  });

  it('gives sensible figures on the machine of this test', () => {
    const { totalBytes, availableBytes } = systemMemory();
    expect(availableBytes).toBeGreaterThan(0);
    expect(availableBytes).toBeLessThanOrEqual(totalBytes);
  });
});

describe('formatBytes', () => {
  it('uses the largest unit that leaves a number of at least 1', () => {
    expect([0, 1, 1023, 1024, 1536, GiB * 7.2].map(formatBytes)).toStrictEqual([
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '7.2 GiB',
    ]);
  });

  it('never shows 1024 of a unit that has a larger one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 49, noNaN: true }), (bytes) => {
        expect(formatBytes(bytes)).not.toMatch(/^1024(\.0)? (B|KiB|MiB|GiB)$/);
      }),
    );
    expect(formatBytes(2 ** 20 - 1)).toBe('1.0 MiB');
  });
});
