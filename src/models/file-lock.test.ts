/** One at a time, whoever dies. */
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from './file-lock.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-lock-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lockOf = (content: string, ageMs = 0): void => {
  writeFileSync(`${path}.lock`, content);
  const time = new Date(Date.now() - ageMs);
  utimesSync(`${path}.lock`, time, time);
};

/** True when the lock was not to be had for half a second. */
const isHeld = async (): Promise<boolean> => {
  try {
    await withFileLock(path, async () => {}, { signal: AbortSignal.timeout(500) });
    return false;
  } catch (error) {
    expect((error as Error).name).toBe('AbortError');
    return true;
  }
};

describe('withFileLock', () => {
  it('runs one action at a time and gives their results', async () => {
    let running = 0;
    const results = await Promise.all(
      [1, 2, 3].map((value) =>
        withFileLock(path, async () => {
          running++;
          expect(running).toBe(1);
          await sleep(20);
          running--;
          return value;
        }),
      ),
    );
    expect(results).toStrictEqual([1, 2, 3]);
  });

  it('releases after a failure', async () => {
    await expect(withFileLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await isHeld()).toBe(false);
  });

  it('waits for a process that lives, and for one of another machine', async () => {
    lockOf(`${process.pid} ${hostname()} x`);
    expect(await isHeld()).toBe(true);
    lockOf('1 elsewhere x');
    expect(await isHeld()).toBe(true);
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe('1 elsewhere x');
  });

  it('takes over from a process that is gone', async () => {
    // Process ids on Linux end at 2^22.
    lockOf(`4194305 ${hostname()} x`);
    expect(await isHeld()).toBe(false);
  });

  it('takes over a lock that nobody refreshed, whatever it says', async () => {
    lockOf(`1 elsewhere x`, 60_000);
    expect(await isHeld()).toBe(false);
    lockOf('', 60_000);
    expect(await isHeld()).toBe(false);
    lockOf('');
    expect(await isHeld()).toBe(true);
  });

  it('does not release what another took over', async () => {
    await withFileLock(path, async () => lockOf('1 elsewhere x'));
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe('1 elsewhere x');
  });

  it('tells of a folder that is not there', async () => {
    await expect(withFileLock(join(folder, 'missing', 'file'), async () => {})).rejects.toThrow(/ENOENT/);
  });
});
