import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFlushClock } from './flush-clock.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('createFlushClock', () => {
  it('flushes a stream that was quiet at the end of the turn', () => {
    const flush = vi.fn();
    createFlushClock(15).schedule(flush, performance.now() - 15);
    expect(flush).not.toHaveBeenCalled();
    vi.advanceTimersByTime(0);
    expect(flush).toHaveBeenCalledTimes(1);
  });

  it('lets a fast stream wait until its window is over, no longer', () => {
    const flush = vi.fn();
    createFlushClock(15).schedule(flush, performance.now() - 5);
    vi.advanceTimersByTime(9);
    expect(flush).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(flush).toHaveBeenCalledTimes(1);
  });

  it('gives all fast streams one timer, the earliest, and none is forgotten or flushed twice', () => {
    const clock = createFlushClock(15);
    const flushes = [vi.fn(), vi.fn(), vi.fn()];
    clock.schedule(flushes[0]!, performance.now() - 5);
    clock.schedule(flushes[1]!, performance.now() - 1);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10);
    clock.schedule(flushes[2]!, performance.now());
    vi.advanceTimersByTime(100);
    expect(flushes.map((flush) => flush.mock.calls.length)).toEqual([1, 1, 1]);
  });

  it('calls nothing once it is stopped', () => {
    const clock = createFlushClock(15);
    const flush = vi.fn();
    clock.schedule(flush, performance.now());
    clock.schedule(flush, performance.now() - 20);
    clock.stop();
    vi.advanceTimersByTime(100);
    expect([flush.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
