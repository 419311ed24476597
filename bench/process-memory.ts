/** Memory of other processes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Millions of bytes that are in memory now, and the most there ever were (the same where the system does not say). */
export const residentMegabytes = (pid: number): { readonly now: number; readonly peak: number } => {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (field: string): number =>
      (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }
  const now = (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / 1e6;
  return { now, peak: now };
};
