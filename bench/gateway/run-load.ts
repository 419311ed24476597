/**
 * Asks one server again and again over kept-alive connections: as fast as it answers (closed loop), or at fixed times
 * (open loop). There a request that had to wait for a connection counts from when it was due, so that a server which
 * stands still for a while does not hide it. Connections are made and used once before the clock starts.
 */
import { connect, type Socket } from 'node:net';
import { type AnswerEnd, createHttpReader } from './http-reader.js';
import type { LoadAnswer, LoadQuestion } from './load-protocol.js';
import { percentilesOf } from './percentiles.js';

/** Requests that may be due and without a connection before the load is given up. */
const mostDue = 100_000;

const requestBytes = ({ url, path, headers, body }: LoadQuestion): Buffer => {
  const lines = Object.entries({
    host: new URL(url).host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
};

/** Rejects when a connection cannot be made or breaks. */
export const runLoad = (question: LoadQuestion): Promise<LoadAnswer> =>
  new Promise((resolve, reject) => {
    const { requests: most = Number.POSITIVE_INFINITY, seconds: longest = Number.POSITIVE_INFINITY } = question;
    const { hostname, port } = new URL(question.url);
    const bytes = requestBytes(question);
    const latencies: number[] = [];
    const sockets: Socket[] = [];
    const idle: ((dueMs: number) => void)[] = [];
    const nexts: (() => void)[] = [];
    const due: number[] = [];
    let asked = 0;
    let running = 0;
    let failed = 0;
    let firstFailure: string | null = null;
    let bodyBytes = 0;
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    /** Connections whose first answer has not come: the clock starts when each was used once. */
    let fresh = question.connections;
    let startedMs = Number.POSITIVE_INFINITY;
    let untilMs = Number.POSITIVE_INFINITY;

    const close = (): void => {
      isOver = true;
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    };
    const fail = (error: Error): void => {
      if (isOver) return;
      close();
      reject(error);
    };
    const mayAsk = (): boolean => fresh === 0 && asked < most && performance.now() < untilMs;
    const finish = (): void => {
      if (isOver || fresh > 0 || running > 0 || due.length > 0) return;
      close();
      resolve({
        seconds: (performance.now() - startedMs) / 1000,
        requests: latencies.length,
        latencyMs: percentilesOf(latencies),
        failed,
        firstFailure,
        bodyBytes,
      });
    };
    const count = (
      { status, tail, failure, bodyBytes: read }: AnswerEnd,
      sentMs: number,
      { isCounted = true } = {},
    ): void => {
      const { endsWith, leastBytes = 0 } = question;
      if (status === 200 && read >= leastBytes && (endsWith === undefined || tail.endsWith(endsWith))) {
        if (!isCounted) return;
        latencies.push(performance.now() - sentMs);
        bodyBytes += read;
        return;
      }
      failed++;
      firstFailure ??= `${status}, ${read} bytes: ${status === 200 ? `...${tail}` : failure}`;
    };

    const open = (): void => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      let sentMs = 0;
      let isFresh = true;
      const ask = (dueMs: number): void => {
        running++;
        sentMs = dueMs;
        socket.write(bytes);
      };
      const next = (): void => {
        if (question.perSecond !== undefined) {
          const dueMs = due.shift();
          if (dueMs === undefined) idle.push(ask);
          else ask(dueMs);
        } else if (mayAsk()) {
          asked++;
          ask(performance.now());
        }
      };
      socket.on(
        'data',
        createHttpReader((answer) => {
          running--;
          if (!isFresh) count(answer, sentMs);
          else {
            isFresh = false;
            count(answer, sentMs, { isCounted: false });
            if (--fresh === 0) start();
            return;
          }
          next();
          if (running === 0 && !mayAsk()) finish();
        }),
      );
      socket.on('error', fail);
      socket.on('close', () => fail(new Error(`${question.url} closed a connection`)));
      ask(performance.now());
      nexts.push(next);
    };

    const tick = (): void => {
      const nowMs = performance.now();
      const everyMs = 1000 / question.perSecond!;
      for (let dueMs = startedMs + asked * everyMs; dueMs <= nowMs && mayAsk(); dueMs = startedMs + asked * everyMs) {
        asked++;
        // In turn: servers close connections that nobody uses.
        const ask = idle.shift();
        if (ask === undefined) due.push(dueMs);
        else ask(dueMs);
      }
      if (due.length > mostDue) fail(new Error(`${question.url} does not keep up with ${question.perSecond} a second`));
      if (!mayAsk()) {
        clearInterval(timer);
        finish();
      }
    };
    const start = (): void => {
      startedMs = performance.now();
      untilMs = startedMs + longest * 1000;
      for (const next of nexts) next();
      if (question.perSecond !== undefined) timer = setInterval(tick, 1);
      if (running === 0 && !mayAsk()) finish();
    };
    for (let index = 0; index < question.connections; index++) open();
  });
