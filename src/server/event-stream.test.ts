import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventStream } from './event-stream.js';
import { createFlushClock } from './flush-clock.js';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      'performance',
      'setImmediate',
      'clearImmediate',
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
    ],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A response that only records what is written, and says it is full when told to. */
const fakeResponse = () => {
  const writes: string[] = [];
  let isFull = false;
  const response = Object.assign(new PassThrough(), { writeHead: vi.fn(), destroyed: false });
  response.write = ((text: string) => {
    writes.push(text);
    return !isFull;
  }) as never;
  response.end = ((text: string) => {
    writes.push(text, '(end)');
  }) as never;
  return {
    response: response as unknown as ServerResponse,
    head: response.writeHead,
    writes,
    setFull: (value: boolean) => {
      isFull = value;
    },
  };
};

const open = () => {
  const fake = fakeResponse();
  const events = { opened: 0, stalled: 0 };
  const stream = createEventStream(fake.response, {
    clock: createFlushClock(15),
    heartbeatMs: 1_000,
    stallMs: 5_000,
    headers: () => ({ 'x-request-id': 'r' }),
    onOpen: () => {
      events.opened++;
    },
    onStall: () => {
      events.stalled++;
    },
  });
  return { ...fake, stream, events };
};

describe('createEventStream', () => {
  it('sends nothing, not even a head, before its first event', () => {
    const { stream, head, writes } = open();
    vi.advanceTimersByTime(900);
    expect([stream.opened, head.mock.calls.length, writes]).toEqual([false, 0, []]);
    stream.write('a');
    expect(head).toHaveBeenCalledWith(200, expect.objectContaining({ 'x-request-id': 'r' }));
  });

  it('sends the start and the first token at once, then joins what comes within a window', () => {
    const { stream, writes } = open();
    stream.write('start;');
    vi.advanceTimersByTime(1);
    stream.write('1;');
    vi.advanceTimersByTime(1);
    expect(writes).toEqual(['start;', '1;']);
    for (const token of ['2;', '3;', '4;']) {
      stream.write(token);
      vi.advanceTimersByTime(4);
    }
    expect(writes).toEqual(['start;', '1;']);
    vi.advanceTimersByTime(15);
    expect(writes).toEqual(['start;', '1;', '2;3;4;']);
    vi.advanceTimersByTime(50);
    stream.write('5;');
    vi.advanceTimersByTime(0);
    expect(writes.at(-1)).toBe('5;');
  });

  it('joins what comes in one turn and does not hold much back', () => {
    const { stream, writes } = open();
    stream.write('a');
    stream.write('b');
    stream.write('x'.repeat(20_000));
    expect(writes).toEqual([`ab${'x'.repeat(20_000)}`]);
  });

  it('is full until the socket drains', async () => {
    const { stream, response, setFull } = open();
    setFull(true);
    stream.write('a');
    vi.advanceTimersByTime(0);
    expect(stream.full).toBe(true);
    let isReady = false;
    const ready = stream.ready().then(() => {
      isReady = true;
    });
    await Promise.resolve();
    expect(isReady).toBe(false);
    response.emit('drain');
    await ready;
    expect([stream.full, isReady]).toEqual([false, true]);
  });

  it('gives up on a reader that takes nothing, but not on one that does', () => {
    const { stream, response, setFull, events } = open();
    setFull(true);
    for (let turn = 0; turn < 3; turn++) {
      stream.write('a');
      vi.advanceTimersByTime(4_000);
      response.emit('drain');
    }
    expect(events.stalled).toBe(0);
    stream.write('a');
    vi.advanceTimersByTime(5_100);
    expect(events.stalled).toBe(1);
  });

  it('says that it waits while silent, also before the first event, and not while full', () => {
    const { stream, writes, setFull, events } = open();
    vi.advanceTimersByTime(1_000);
    expect([writes, events.opened]).toEqual([[': waiting\n\n'], 1]);
    stream.write('a');
    vi.advanceTimersByTime(2_100);
    expect(writes.slice(0, 3)).toEqual([': waiting\n\n', 'a', ': waiting\n\n']);
    setFull(true);
    stream.write('b');
    vi.advanceTimersByTime(20);
    const before = writes.length;
    vi.advanceTimersByTime(3_000);
    expect(writes).toHaveLength(before);
  });

  it('ends with what is left, once, and forgets its timers', () => {
    const { stream, response, writes } = open();
    stream.write('a');
    stream.end();
    stream.end();
    stream.write('late');
    response.emit('close');
    vi.advanceTimersByTime(60_000);
    expect(writes).toEqual(['a', '(end)']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('frees who waits when the socket closes', async () => {
    const { stream, response, setFull } = open();
    setFull(true);
    stream.write('x'.repeat(20_000));
    const ready = stream.ready();
    response.emit('close');
    await ready;
    expect(stream.full).toBe(false);
  });
});
