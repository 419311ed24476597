/** Processor time of other processes, from Linux's /proc. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second for everybody who asks (`USER_HZ`). */
const msPerTick = 10;

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** User and system time of a process line of `/proc/PID/stat`, in ticks. */
export const ticksOf = (stat: string): number => {
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

/** Milliseconds that a process, all its threads and its children that run now have computed so far. */
export const processorMs = (pid: number): number =>
  ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) * msPerTick +
  childrenOf(pid).reduce((sum, child) => sum + processorMs(child), 0);
