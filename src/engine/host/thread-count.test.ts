/** What would break: more threads than cores, which makes everything slower; or none. */
import { expect, test } from 'vitest';
import { defaultThreads, type MachineFiles } from './thread-count.js';

const machine = (siblings: readonly string[], cpuMax: string | null): MachineFiles => ({
  list: () => ['cpufreq', 'online', ...siblings.map((_, index) => `cpu${index}`)],
  read(path) {
    if (path.endsWith('cpu.max')) return cpuMax;
    const cpu = /cpu(\d+)\/topology/.exec(path)?.[1];
    return cpu === undefined ? null : (siblings[Number(cpu)] ?? null);
  },
});

test('counts cores, not hyper-threads', () => {
  expect(defaultThreads(machine(['0,2\n', '1,3\n', '0,2\n', '1,3\n'], null), 4)).toBe(2);
});

test('keeps to the control group and to the affinity mask', () => {
  const eight = Array.from({ length: 8 }, (_, cpu) => `${cpu}`);
  expect(defaultThreads(machine(eight, '250000 100000\n'), 8)).toBe(3);
  expect(defaultThreads(machine(eight, 'max 100000\n'), 8)).toBe(8);
  expect(defaultThreads(machine(eight, null), 2)).toBe(2);
  expect(defaultThreads(machine([], '1000 100000\n'), 4)).toBe(1);
});
