import { describe, expect, it } from 'vitest';
import { startSide } from './side-process.js';
import type { EchoProtocol } from './sides/echo.test-support.js';

const start = () => startSide<EchoProtocol>('echo.test-support');
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('startSide', () => {
  it('answers in the order of the questions and is gone after close', async () => {
    const side = start();
    expect(await Promise.all([side.ask('echo', 1), side.ask('echo', { two: [2] })])).toEqual([1, { two: [2] }]);
    await side.close();
    expect(isRunning(side.pid)).toBe(false);
  });

  it('hands on what a question threw, and lives on', async () => {
    const side = start();
    await expect(side.ask('fail', 'no such model')).rejects.toThrow(/Side echo.test-support failed: .*no such model/s);
    expect(await side.ask('echo', 'still here')).toBe('still here');
    await side.close();
  });

  it('fails what was asked of a side that dies, and what is asked later', async () => {
    const side = start();
    await expect(side.ask('exit', 3)).rejects.toThrow('ended early: exit code 3');
    await expect(side.ask('echo', 1)).rejects.toThrow('not running');
    await side.close();
  });
});
