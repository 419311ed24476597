/** What would break: events lost or out of order, an error thrown never or twice, a request that nobody reads kept. */
import { expect, test } from 'vitest';
import { createEventStream } from './event-stream.js';

const stream = () => {
  const calls: string[] = [];
  const events = createEventStream<number>({
    start: () => void calls.push('start'),
    leave: () => void calls.push('leave'),
  });
  return { calls, events };
};

test('reads what is pushed before and after, then ends', async () => {
  const { calls, events } = stream();
  const first = events.next();
  expect(calls).toEqual(['start']);
  events.push(1);
  events.push(2);
  events.end();
  expect(await first).toEqual({ done: false, value: 1 });
  const rest = [];
  for await (const event of events) rest.push(event);
  expect(rest).toEqual([2]);
  expect(calls).toEqual(['start']);
});

test('an error comes after what was pushed, once', async () => {
  const { events } = stream();
  const first = events.next();
  events.push(1);
  events.push(2);
  events.fail(new Error('lost'));
  await first;
  expect((await events.next()).value).toBe(2);
  await expect(events.next()).rejects.toThrow('lost');
  expect((await events.next()).done).toBe(true);
});

test('an error at once drops what nobody read', async () => {
  const { events } = stream();
  void events.next();
  events.push(1);
  events.push(2);
  events.fail(new Error('cancelled'), { atOnce: true });
  await expect(events.next()).rejects.toThrow('cancelled');
});

test('leaving early says so, leaving after the end or before the start does not', async () => {
  const { calls, events } = stream();
  const reading = (async () => {
    for await (const _ of events) break;
  })();
  events.push(1);
  await reading;
  expect(calls).toEqual(['start', 'leave']);
  const unread = stream();
  await unread.events.return?.();
  expect(unread.calls).toEqual([]);
});

test('a start that throws fails the read', async () => {
  const events = createEventStream<number>({
    start() {
      throw new Error('refused');
    },
    leave: () => undefined,
  });
  await expect(events.next()).rejects.toThrow('refused');
  expect((await events.next()).done).toBe(true);
});
