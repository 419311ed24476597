/**
 * Asks one server again and again over kept-alive connections: as fast as it answers (closed loop), or at fixed times
 * (open loop). There a request that had to wait for a connection counts from when it was due, so that a server which
 * stands still for a while does not hide it.
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
    const due: number[] = [];
    let asked = 0;
    let running = 0;
    let failed = 0;
    let firstFailure: string | null = null;
    let bodyBytes = 0;
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const startedMs = performance.now();
    const untilMs = startedMs + longest * 1000;

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
    const mayAsk = (): boolean => asked < most && performance.now() < untilMs;
    const finish = (): void => {
      if (isOver || running > 0 || due.length > 0) return;
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
    const count = ({ status, tail, failure, bodyBytes: read }: AnswerEnd, sentMs: number): void => {
      const { endsWith } = question;
      if (status === 200 && (endsWith === undefined || tail.endsWith(endsWith))) {
        latencies.push(performance.now() - sentMs);
        bodyBytes += read;
        return;
      }
      failed++;
      firstFailure ??= `${status} ${status === 200 ? `...${tail}` : failure}`;
    };

    const open = (): ((dueMs: number) => void) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      let sentMs = 0;
      const ask = (dueMs: number): void => {
        running++;
        sentMs = dueMs;
        socket.write(bytes);
      };
      socket.on(
        'data',
        createHttpReader((answer) => {
          running--;
          count(answer, sentMs);
          if (question.perSecond !== undefined) {
            const next = due.shift();
            if (next === undefined) idle.push(ask);
            else ask(next);
          } else if (mayAsk()) {
            asked++;
            ask(performance.now());
          }
          if (running === 0 && !mayAsk()) finish();
        }),
      );
      socket.on('error', fail);
      socket.on('close', () => fail(new Error(`${question.url} closed a connection`)));
      return ask;
    };

    const asks = Array.from({ length: question.connections }, open);
    if (question.perSecond === undefined) {
      for (const ask of asks)
        if (mayAsk()) {
          asked++;
          ask(performance.now());
        }
      return;
    }
    idle.push(...asks);
    const everyMs = 1000 / question.perSecond;
    timer = setInterval(() => {
      const nowMs = performance.now();
      for (let dueMs = startedMs + asked * everyMs; dueMs <= nowMs && mayAsk(); dueMs = startedMs + asked * everyMs) {
        asked++;
        const ask = idle.pop();
        if (ask === undefined) due.push(dueMs);
        else ask(dueMs);
      }
      if (due.length > mostDue) fail(new Error(`${question.url} does not keep up with ${question.perSecond} a second`));
      if (!mayAsk()) {
        clearInterval(timer);
        finish();
      }
    }, 1);
  });
